"""A place that an official marked, shown to the applicant: the page as a picture, the rectangle drawn over it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from permits.definition import Text
from permits.intake import reading, serving
from permits.intake.page_pictures import picture_of
from permits.models import Application, Material
from portal.requests import SignedIn
from reviews.models import CorrectionItem, Mark
from reviews.notices import alerts


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
        there = file.is_image or picture_of(file, mark.page)
        address = reverse("correction_place", args=[application.public_id, item.public_id]) if there else ""
        found[item.pk] = Shown(mark, file, address, str(Text(**mark.place.words)))
    return found


@login_required
def picture(request: SignedIn, public_id: UUID, item: UUID) -> FileResponse:
    """The page that the mark of an item lies on."""
    application = get_object_or_404(Application.objects.visible_to(request.user), public_id=public_id)
    mark = get_object_or_404(Mark, item__public_id=item, item__notice__application=application)
    file = get_object_or_404(application.materials, public_id=mark.file)
    blob = file if file.is_image else picture_of(file, mark.page)
    if blob is None:
        raise Http404
    try:
        return serving.picture(blob)
    except reading.Damaged as damaged:
        alerts.damaged_file(damaged)
        raise Http404 from damaged
