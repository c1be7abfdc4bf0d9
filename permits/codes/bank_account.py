"""Bank accounts: 8 to 32 digits; a UnionPay card number (62…, 16 to 19 digits) carries the check digit of ISO/IEC 7812."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from stdnum import luhn

from permits.codes.text import fold


def clean(text: str) -> str:
    """Give the digits; raise ``ValidationError`` when they can't be an account."""
    digits = fold(text)
    if not (digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 32):
        raise ValidationError(_("A bank account has 8 to 32 digits. Please check it."), "bank_account")
    if digits.startswith("62") and 16 <= len(digits) <= 19 and not luhn.is_valid(digits):
        raise ValidationError(_("The card number's check digit does not fit. Compare it with the card."), "check_digit")
    return digits


def mask(digits: str) -> str:
    """All but the last four hidden."""
    return "*" * max(len(digits) - 4, 4) + digits[-4:] if len(digits) > 4 else "****"
