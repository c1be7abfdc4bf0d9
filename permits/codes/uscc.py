"""Unified social credit code (统一社会信用代码), GB 32100-2015."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from stdnum.cn import uscc as stdnum_uscc

from permits.codes.text import fold

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_INNER_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def clean(text: str) -> str:
    """Give the code in its normal form; raise ``ValidationError`` that says what is wrong with it."""
    code = fold(text).upper()
    if len(code) != 18:
        raise ValidationError(
            _("The code has 18 characters; this has %(length)d. Copy it from the business licence."),
            "length", {"length": len(code)},
        )  # fmt: skip
    for place, character in enumerate(code, 1):
        if character not in ALPHABET:
            raise ValidationError(
                _("Character %(place)d is “%(character)s”, which the code never has (no I, O, S, V, Z). Is it a digit?"),
                "character", {"place": place, "character": character},
            )  # fmt: skip
    if not stdnum_uscc.is_valid(code):
        raise ValidationError(
            _("The check character doesn't match: one character is mistyped. Compare it with the business licence."),
            "check",
        )
    return code


def inner_fault(code: str) -> bool:
    """Whether characters 9–17 fail GB 11714's own check digit: a reason to look twice, not to refuse."""
    organisation = code[8:17]
    total = sum(weight * _value(c) for weight, c in zip(_INNER_WEIGHTS, organisation[:8], strict=True))
    expected = 11 - total % 11
    return organisation[8] != {10: "X", 11: "0"}.get(expected, str(expected))


def _value(character: str) -> int:
    return int(character, 36)
