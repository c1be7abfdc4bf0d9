"""The pictures that marked places are shown on: each page drawn once, soon after its notice went out."""

from __future__ import annotations

from django.db.models import F

from permits.intake import page_pictures
from permits.intake.storage import StorageUnavailable
from permits.models import Material
from reviews.models import Mark

AT_ONCE = 20
TRIES = 3


def draw_waiting() -> int:
    """Draw the pages of marks that nobody has drawn yet; how many were. What fails ``TRIES`` times is given up: there is the
    small picture, the file itself, and the place in words.
    """
    waiting = Mark.objects.filter(drawn=False, tries__lt=TRIES).order_by("pk")[:AT_ONCE]
    drawn = 0
    for mark in waiting:
        Mark.objects.filter(pk=mark.pk).update(
            tries=F("tries") + 1
        )  # before: what kills the worker is not tried for ever
        material = Material.objects.filter(public_id=mark.file).first()
        try:
            done = material is not None and (not material.is_pdf or page_pictures.make(material, mark.page))
        except StorageUnavailable:
            Mark.objects.filter(pk=mark.pk).update(tries=F("tries") - 1)
            continue
        if done:
            Mark.objects.filter(pk=mark.pk).update(drawn=True)
            drawn += 1
    return drawn
