"""A place on a page of a file: a rectangle that an official drew there, tied to what is to be corrected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from reviews.models.correction import CorrectionItem

WHOLE = 10_000  # parts that a page's width and height are counted in: whole numbers, for the log hashes them
LAST_PAGE = 20_000
# What a ninth of a page is called: line by line, from the left.
AREAS = (
    (("左上部", "upper left"), ("上部", "upper middle"), ("右上部", "upper right")),
    (("左侧中部", "middle left"), ("中部", "middle"), ("右侧中部", "middle right")),
    (("左下部", "lower left"), ("下部", "lower middle"), ("右下部", "lower right")),
)


@dataclass(frozen=True)
class Place:
    """Page (from 1) of the file with this public id; the rectangle in ``WHOLE`` parts of the page as it lies unturned."""

    file: UUID
    page: int
    left: int
    top: int
    width: int
    height: int

    @classmethod
    def read(cls, text: str) -> Place:
        """From ``file,page,left,top,width,height``, the last four as fractions of the page. Raise ``ValueError``."""
        file, page, *sides = text[:200].split(",")
        if len(sides) != 4:
            raise ValueError("a place has six parts")
        shares = [float(side) for side in sides]
        if not all(0 <= share <= 1 for share in shares):
            raise ValueError("a place is told in fractions of the page")
        left, top, width, height = (round(share * WHOLE) for share in shares)
        place = cls(UUID(file), int(page), left, top, min(width, WHOLE - left), min(height, WHOLE - top))
        if not place.is_on_page:
            raise ValueError("a place lies on its page")
        return place

    @property
    def is_on_page(self) -> bool:
        inside = all(
            0 <= each <= WHOLE for each in (self.left, self.top, self.left + self.width, self.top + self.height)
        )
        return inside and self.width > 0 and self.height > 0 and 1 <= self.page <= LAST_PAGE

    @property
    def as_text(self) -> str:
        """What ``read`` reads."""
        return ",".join([str(self.file), str(self.page), *(f"{each / WHOLE:.4f}" for each in self.sides)])

    @property
    def sides(self) -> tuple[int, int, int, int]:
        return self.left, self.top, self.width, self.height

    @property
    def on_record(self) -> dict[str, Any]:
        """As the log keeps it: no words, no name."""
        return {"file": str(self.file), "page": self.page, "at": list(self.sides)}

    @property
    def words(self) -> dict[str, str]:
        """Where it is, for who can't see the picture: ``page 2, upper right``. By where its middle lies."""
        return area_words(self.page, _third(self.top + self.height / 2), _third(self.left + self.width / 2))


def area_words(page: int | str, line: int, column: int) -> dict[str, str]:
    """A ninth of a page, by its line and column from 0."""
    zh, en = AREAS[line][column]
    return {"zh": f"第{page}页{zh}", "en": f"page {page}, {en}"}


def _third(at: float) -> int:
    return min(2, int(at * 3 / WHOLE))


class Mark(models.Model):
    item = models.OneToOneField(CorrectionItem, models.CASCADE, related_name="mark")
    file = models.UUIDField()
    page = models.PositiveSmallIntegerField()
    left = models.PositiveSmallIntegerField()
    top = models.PositiveSmallIntegerField()
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    # Whether its page is drawn for the applicant, and how often that was tried.
    drawn = models.BooleanField(default=False)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["tries"], condition=Q(drawn=False), name="mark_to_draw")]
        constraints = [
            models.CheckConstraint(
                condition=Q(page__gte=1, page__lte=LAST_PAGE, left__gte=0, top__gte=0, width__gte=1, height__gte=1)
                & Q(left__lte=WHOLE - F("width"), top__lte=WHOLE - F("height")),
                name="mark_lies_on_its_page",
            )
        ]

    def __str__(self) -> str:
        return f"{self.file} {self.page}"

    @property
    def place(self) -> Place:
        return Place(self.file, self.page, self.left, self.top, self.width, self.height)
