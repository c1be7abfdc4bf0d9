"""Is a permit good? The register's word, and the signature's."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from permits import numbers
from permits.credentials.signing import verify
from permits.models import Permit


@dataclass(frozen=True)
class VerifyResult:
    number: str
    found: bool = False
    revoked: bool = False
    expired: bool = False
    signature_ok: bool = False
    content: dict[str, Any] = field(default_factory=dict)
    revoked_at: datetime | None = None
    superseded_by: str = ""  # the number of the permit that renewed it
    corrected_at: datetime | None = None  # prints from before are void

    @property
    def standing(self) -> str:
        """What matters most about it, in one word: a bad signature, a revocation, a renewal, an end of validity."""
        if not self.found:
            return "unknown"
        if not self.signature_ok:
            return "forged"
        if self.revoked:
            return "revoked"
        if self.superseded_by:
            return "superseded"
        return "expired" if self.expired else "valid"

    @property
    def valid(self) -> bool:
        return self.standing == "valid"


def check(number: str, *, today: date | None = None) -> VerifyResult:
    """Look the number up as a person may have typed it. What is shown of a permit comes from its signed content."""
    number = numbers.normalise(number)
    # A number whose check character doesn't fit was never issued, so the database isn't asked.
    is_one = len(number) <= 40 and numbers.is_valid(number)
    permit = Permit.objects.select_related("superseded_by").filter(number=number).first() if is_one else None
    if permit is None:
        return VerifyResult(number)
    content = permit.content if isinstance(permit.content, dict) else {}
    # The number in the signed content binds it to its row: another permit's content doesn't pass here.
    signed = content.get("number") == permit.number and verify(content, permit.signature, permit.key_id)
    return VerifyResult(
        number=permit.number,
        found=True,
        revoked=permit.state == Permit.State.REVOKED,
        expired=signed and _is_past(content.get("valid_until"), today or timezone.localdate()),
        signature_ok=signed,
        content=content,
        revoked_at=permit.revoked_at,
        superseded_by=permit.superseded_by.number if permit.superseded_by else "",
        corrected_at=permit.corrected_at,
    )


def _is_past(valid_until: str | None, today: date) -> bool:
    """Valid until a day means to its end."""
    return valid_until is not None and date.fromisoformat(valid_until) < today
