"""A place that an official marked, shown to the applicant: the page as a picture, the rectangle drawn over it."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from permits.definition import Text
from permits.intake.page_pictures import picture_of
from permits.models import Application, Material
from reviews.models import CorrectionItem, Mark


@dataclass(frozen=True)
class Shown:
    """``picture`` is an address, empty while there is no picture of the page; ``words`` say where the place is."""

    mark: Mark
    file: Material
    picture: str
    words: str

    @property
    def alternative(self) -> str:
        return _("Page %(page)d of %(file)s; a frame is drawn: %(where)s") % {
            "page": self.mark.page, "file": self.file.original_name, "where": self.words,
        }  # fmt: skip


def shown(application: Application, items: list[CorrectionItem]) -> dict[int, Shown]:
    """What is drawn for each item that was marked, by the item's key."""
    marks = {item.pk: mark for item in items if (mark := getattr(item, "mark", None))}
    files = application.materials.filter(public_id__in=[mark.file for mark in marks.values()])
    by_id = {file.public_id: file for file in files.prefetch_related("parts")}
    found = {}
    for item in items:
        mark = marks.get(item.pk)
        file = by_id.get(mark.file) if mark else None
        if mark is None or file is None:
            continue
        file.application = application
        found[item.pk] = Shown(mark, file, _picture(file, mark.page), str(Text(**mark.place.words)))
    return found


def _picture(file: Material, page: int) -> str:
    if file.erased_at:
        return ""
    if file.is_image:
        return file.url
    part = picture_of(file, page)
    return reverse("material_part", args=[file.application.public_id, file.public_id, part.kind, page]) if part else ""
