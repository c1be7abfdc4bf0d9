"""Mobile numbers of mainland China: eleven digits, 1[3-9] first; carriers' segments are not enforced."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from permits.codes.text import fold

_MOBILE = re.compile(r"1[3-9][0-9]{9}")


def clean(text: str) -> str:
    """Give the eleven digits; raise ``ValidationError`` for what isn't a mobile number."""
    number = fold(text).removeprefix("+86")
    if not _MOBILE.fullmatch(number):
        raise ValidationError(_("A mobile number has 11 digits and begins with 13 to 19. Please check it."), "mobile")
    return number


def mask(number: str) -> str:
    return f"{number[:3]}****{number[-4:]}" if len(number) >= 8 else "****"
