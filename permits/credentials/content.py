"""The snapshot of a decision that is signed, printed and shown to whoever checks it. It has texts only, no numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from permits.codes import regions
from permits.credentials import passes
from permits.definition import FormField, Text
from permits.fieldtypes import display
from permits.models import Application

FORMAT, PASS_FORMAT = "permit/1", "pass/1"
LANGUAGES = {"zh": "zh-hans", "en": "en"}


def content_of(
    application: Application, *, number: str, issued_at: datetime, valid_until: date | None, office: dict[str, str],
    person: dict[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What the permit says, in both languages, as it was when it was decided; ``office`` has ``zh`` and ``en``.

    Nothing personal goes in but the name of a person who applied for themselves: the service's definition can't
    show sensitive answers, and the enterprise's name, code and address are public. Of a pass not even that: ``person``
    (``passes.taken``) goes in as a masked name, and as a digest that binds it to the signature.
    """
    definition = application.definition
    outcome = definition.outcome
    shown = [definition.field(key) for key in outcome.shown_fields]
    return {
        "format": PASS_FORMAT if person else FORMAT,
        "number": number,
        "service": definition.slug,
        "title": _both(outcome.title),
        "statement": _both(outcome.statement),
        "decision": _both(outcome.wording.get("approved")),
        "holder": passes.holder(person) if person else _holder(application),
        "region": {"code": application.region, "name": regions.full_name(application.region)},
        "case_number": application.number or "",
        "shown": [_shown(field, application.answer(field.key)) for field in shown if field],
        "office": {language: office[language] for language in LANGUAGES},
        "issued_at": issued_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "valid_until": valid_until.isoformat() if valid_until else None,
        "verify_url": verify_url(number),
    }


def verify_url(number: str) -> str:
    return settings.SITE_URL.rstrip("/") + reverse("verify_permit", args=[number])


def _holder(application: Application) -> dict[str, str]:
    if enterprise := application.enterprise:
        address = enterprise.production_address
        return {"kind": "enterprise", "name": enterprise.name, "uscc": enterprise.uscc, "address": address}
    return {"kind": "person", "name": application.applicant.get_full_name(), "uscc": "", "address": ""}


def _both(text: Text | None) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en} if text else {"zh": "", "en": ""}


def _shown(field: FormField, value: Any) -> dict[str, Any]:
    words = {}
    for language, code in LANGUAGES.items():
        with translation.override(code):
            words[language] = display(field, value) or gettext("Not provided")
    return {"key": field.key, "label": _both(field.label), "value": words}
