"""Anybody may ask whether a permit is good. What is shown is public: nothing of a person but a masked name."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from permits import numbers, spoken
from permits.credentials import VerifyResult, check
from permits.credentials.passes import masked
from portal.throttle import allowed, client
from portal.views.checker import words
from reviews import gates

LONGEST = 40
PER_MINUTE = 60


@require_safe
@never_cache
def search(request: HttpRequest) -> HttpResponse:
    """The form; a number that can be one leads on to the permit's own address, which can be shared."""
    typed = request.GET.get("number")
    if typed is None:
        return _page(request)
    if not allowed("verify", client(request), limit=PER_MINUTE):
        return _too_many(request)
    number = numbers.normalise(typed)[: LONGEST + 1]
    if error := _fault_in(number):
        return _page(request, number=typed[:200], error=error)
    return redirect("verify_permit", number=number)


@require_safe
@never_cache
def permit(request: HttpRequest, number: str) -> HttpResponse:
    if not allowed("verify", client(request), limit=PER_MINUTE):
        return _too_many(request)
    result = check(number)
    language = spoken.language()
    context: dict[str, Any] = {"result": result, "state": result.standing, "words": words(), "language": language}
    if result.signature_ok:
        context["rows"] = _rows(result)
        context["permit_title"] = spoken.said(result.content["title"])
    return _page(request, number=result.number[:LONGEST], status=200 if result.found else 404, **context)


def _page(request: HttpRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    context["checks_here"] = request.user.is_authenticated and gates.gates_of(request.user).exists()
    response = render(request, "verify/verify.html", context, status=status)
    response["X-Robots-Tag"] = "noindex"  # each page names a holder
    return response


def _too_many(request: HttpRequest) -> HttpResponse:
    response = render(request, "verify/throttled.html", status=429)
    response["Retry-After"] = "60"
    return response


def _fault_in(number: str) -> str:
    if not number:
        return _("Enter the number that stands at the top right of the permit.")
    if len(number) > LONGEST or "/" in number or not numbers.is_valid(number):
        return _(
            "This number has a typing error or is not complete. Compare it with the permit, character by character."
        )
    return ""


def _rows(result: VerifyResult) -> list[dict[str, str]]:
    content = result.content
    holder = content["holder"]
    is_person = holder["kind"] == "person"
    until = content["valid_until"]
    rows = [
        (_("Holder"), masked(holder["name"]) if is_person else holder["name"]),
        (_("Unified social credit code"), holder["uscc"]),
        (_("Number"), content["number"]),
        (_("Decision"), spoken.said(content["decision"])),
        (_("Issued by"), spoken.said(content["office"])),
        (_("Issued"), _day(timezone.localdate(datetime.fromisoformat(content["issued_at"])))),
    ]
    if result.superseded_by:
        rows.append((_("Superseded by"), result.superseded_by))
    if result.corrected_at:
        rows.append((_("Corrected on"), _day(timezone.localdate(result.corrected_at))))
    if result.revoked and result.revoked_at:
        rows.append((_("Revoked on"), _day(timezone.localdate(result.revoked_at))))
    else:
        rows.append((_("Valid until"), _day(date.fromisoformat(until)) if until else _("Until revoked")))
    return [{"label": label, "value": value} for label, value in rows if value]


def _day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")
