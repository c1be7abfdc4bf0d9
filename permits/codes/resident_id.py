"""Resident identity number (公民身份号码), GB 11643-1999.

``stdnum.cn.ric`` is not used: it refuses people whose county code was founded after their birth, although codes are
fixed when the number is given, and takes birth dates in the future.
"""

from __future__ import annotations

import re
from datetime import date
from operator import mul

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits.codes.text import fold

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
    ]
)


_FORM = re.compile(r"[0-9]{17}[0-9X]")
_LONG_PAST = date(2020, 1, 1)  # who was born before isn't born in the future: most people, without asking the clock


def clean(text: str, *, today: date | None = None) -> str:
    """Give the number in its normal form; raise ``ValidationError`` that says what is wrong with it."""
    number = fold(text).upper()
    if not _FORM.fullmatch(number):
        raise ValidationError(_("An ID number has 18 digits; the last may be X. Please check it."), "form")
    if number[:2] not in _PROVINCES:
        raise ValidationError(
            _("The first two digits aren't those of a province. Please check the ID number."), "province"
        )
    try:
        born = birth_date(number)
    except ValueError:
        raise ValidationError(
            _("Digits 7 to 14 aren't a date of birth. Please check the ID number."), "birth"
        ) from None
    if (today or born >= _LONG_PAST) and born > (today or timezone.localdate()):
        raise ValidationError(_("The date of birth in the ID number is in the future. Please check it."), "future")
    if _CHECKS[sum(map(mul, _WEIGHTS, map(int, number[:17]))) % 11] != number[17]:
        raise ValidationError(_("The check digit of the ID number doesn't match: one digit is mistyped."), "check")
    return number


def birth_date(number: str) -> date:
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def is_male(number: str) -> bool:
    return int(number[16]) % 2 == 1


def mask(number: str) -> str:
    return f"{number[:6]}********{number[-4:]}" if len(number) == 18 else "*" * len(number)
