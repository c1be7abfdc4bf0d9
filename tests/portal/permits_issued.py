"""Many issued permits, made as rows: what the register is tested on."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime, timedelta
from typing import Any

from permits import credentials, numbers
from permits.credentials import listing
from permits.models import Application, Permit, Service
from tests.cast import Cast, filled

FIRST = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
OFFICE = {"zh": "宜丰县行政审批局", "en": "Yifeng County Approval Bureau"}


def issued(
    cast: Cast, count: int = 1, *, begin: int = 1, at: datetime = FIRST, until: date | None = None, **holder: Any
) -> list[Permit]:
    """``count`` of them, a minute apart; ``holder`` changes what their content says of theirs (``region`` of the permit)."""
    region = holder.pop("region", "360924")
    version = Service.objects.get(slug="resumption").current
    sample = filled(cast)
    sample.region = region
    model = credentials.content_of(sample, number="X", issued_at=at, valid_until=until, office=OFFICE)
    drafts = Application.objects.bulk_create(
        Application(version=version, enterprise=cast.enterprise, applicant=cast.owner, region=region)
        for _ in range(count)
    )
    return Permit.objects.bulk_create(
        _permit(application, model, begin + place, at + timedelta(minutes=place), region, until, holder)
        for place, application in enumerate(drafts)
    )


def _permit(
    application: Application, model: dict[str, Any], serial: int, at: datetime, region: str, until: date | None, holder: dict[str, Any]
) -> Permit:  # fmt: skip
    number = numbers.permit_number(region, "FG", at, serial)
    content = copy.deepcopy(model) | {"number": number, "issued_at": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
    content["holder"] |= holder
    signature, key_id = credentials.sign(content)
    return Permit(
        application=application, number=number, content=content, signature=signature, key_id=key_id, issued_at=at,
        valid_until=until, **listing.columns(content),
    )  # fmt: skip
