"""What the calls of the open API find, made into their answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from permits import numbers
from permits.credentials import listing
from permits.definition import FormField, Text
from permits.models import Permit, Service
from portal.openapi import answers
from reviews.admin.queue import paging

USCC = r"^[0-9A-HJ-NP-RTUWXY]{8,18}$"
NUMBER = r"^\d{6}-[A-Z]{1,6}-[0-9A-Z-]{0,29}$"


class NotThere(LookupError):
    """It isn't, or isn't public; the message says which thing."""


class BadCursor(ValueError):
    """It is no place in the register."""


def key_of(cursor: str) -> str:
    """The place of a permit in the register's order, by its number: no key of a row stands in an address."""
    row = Permit.objects.only("issued_at", "pk").filter(number=cursor, uscc__gt="").first()
    if row is None:
        raise BadCursor(cursor)
    return str(paging.Key.of(row, "issued_at"))


def permits(wanted: listing.Wanted, *, limit: int, cursor: str | None, given: dict[str, Any]) -> answers.Permits:
    """The latest first. A page begins after the permit that ``cursor`` names, so nothing is missed or comes twice while
    others are issued."""
    after, known, today = key_of(cursor) if cursor else "", listing.published(), timezone.localdate()
    found = listing.find(wanted, known, today=today)
    page = paging.page(found.permits, after=after, latest_first=True, by="issued_at", size=limit)
    following = None
    if page.after:
        following = site(reverse("api_permits")) + "?" + urlencode(given | {"cursor": page.rows[-1].number})
    entries = [answers.PermitEntry(**each) for each in listing.entries(page.rows, known, today=today)]
    return answers.Permits(permits=entries, next=following, partly=found.partly)


def permit(number: str) -> answers.PermitEntry:
    known, today = listing.published(), timezone.localdate()
    number = numbers.normalise(number)
    row = Permit.objects.select_related("superseded_by").filter(number=number, uscc__gt="").first()
    entries = listing.entries([row] if row else [], known, today=today)
    if not entries:
        raise NotThere(number[:40])
    return answers.PermitEntry(**entries[0])


def services() -> answers.Services:
    rows = Service.objects.exclude(current=None).select_related("current").order_by("slug")
    return answers.Services(services=[answers.ServiceEntry(**_entry(row)) for row in rows[: listing.MOST_SERVICES]])


def service(slug: str) -> answers.ServiceDetails:
    row = Service.objects.exclude(current=None).select_related("current").filter(slug=slug).first()
    if row is None:
        raise NotThere(slug)
    definition = row.definition
    limits, outcome = definition.limits, definition.outcome
    return answers.ServiceDetails(
        **_entry(row), legal_basis=_words(definition.legal_basis), decided_by=_words(definition.decided_by),
        limits=answers.TimeLimits(**{name: getattr(limits, name) for name in answers.TimeLimits.model_fields}),
        outcome=answers.Result(
            kind=outcome.kind, title=_words(outcome.title), valid_days=outcome.valid_days,
            renewable_days=outcome.renewable_days, in_register=list(outcome.in_register),
        ),
        sections=[
            answers.FormSection(key=section.key, title=_words(section.title), help=_maybe(section.help),
                                fields=[_question(field) for field in section.fields])
            for section in definition.sections
        ],
        materials=[
            answers.MaterialAsked(
                key=one.key, title=_words(one.title), help=_maybe(one.help), formats=list(one.formats),
                required=one.required, required_if=one.required_if, max_count=one.max_count, max_mb=one.max_mb,
                on_record=one.on_record, deferrable=one.deferrable, pledge=one.pledge is not None,
            )
            for one in definition.materials
        ],
        stages=[
            answers.StageOfReview(key=one.key, kind=one.kind, title=_words(one.title), limit=one.limit)
            for one in definition.stages
        ],
    )  # fmt: skip


def _entry(row: Service) -> dict[str, Any]:
    definition = row.definition
    return {
        "slug": row.slug, "title": _words(definition.title), "summary": _words(definition.summary),
        "audience": definition.audience, "open": row.open, "edition": row.current.edition if row.current else 0,
        "promised": definition.limits.promised, "statutory": definition.limits.statutory,
        "url": site(reverse("service", args=[row.slug])), "details": site(reverse("api_service", args=[row.slug])),
    }  # fmt: skip


def _question(field: FormField) -> answers.Question:
    return answers.Question(
        key=field.key, type=field.type, label=_words(field.label), help=_maybe(field.help), required=field.required,
        required_if=field.required_if, shown_if=field.shown_if, unit=_maybe(field.unit), minimum=field.minimum,
        maximum=field.maximum, max_length=field.max_length if field.type in ("text", "longtext") else None,
        choices=[answers.Choice(value=one.value, label=_words(one.label)) for one in field.choices],
        fields=[_question(one) for one in field.fields], max_rows=field.max_rows if field.type == "group" else None,
    )  # fmt: skip


def _words(text: Text) -> answers.Words:
    return answers.Words(zh=text.zh, en=text.en)


def _maybe(text: Text | None) -> answers.Words | None:
    return _words(text) if text else None


def site(path: str) -> str:
    return str(settings.SITE_URL).rstrip("/") + path
