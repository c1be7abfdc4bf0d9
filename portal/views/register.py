"""The public register of issued permits: a page that searches it, and the same as a table to take away."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from permits import numbers, spoken
from permits.codes import regions
from permits.credentials import listing
from portal.openapi import finding
from portal.throttle import allowed, client, seconds_left
from reviews.admin.queue import paging
from reviews.models import Department

PER_MINUTE, FILES_PER_MINUTE = 60, 5
LONGEST = 100
MOST_ROWS = 10_000  # of one file
MOST_REGIONS = 300
CHUNK = 500
COLUMNS = (
    "number", "title", "state", "holder", "uscc", "region_code", "region", "office", "decision", "issued", "valid_until",
    "revoked", "superseded_by", "verify_url",
)  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """What somebody chose to see, as it stands in the address; what makes no sense is left out."""

    q: str = ""
    service: str = ""
    state: str = ""
    region: str = ""

    @classmethod
    def read(cls, request: HttpRequest) -> Choice:
        given = {name: request.GET.get(name, "").strip() for name in cls.__dataclass_fields__}
        return cls(
            q=unicodedata.normalize("NFKC", given["q"][:LONGEST])[:LONGEST].strip(),
            service=given["service"] if re.fullmatch(r"[a-z][a-z0-9-]{0,49}", given["service"]) else "",
            state=given["state"] if given["state"] in listing.STATES else "",
            region=given["region"] if regions.get(given["region"]) else "",
        )

    @property
    def query(self) -> str:
        return urlencode({name: value for name, value in asdict(self).items() if value})

    @property
    def wanted(self) -> listing.Wanted:
        """The words are a number, a credit code, or else a part of a name."""
        filters = listing.Wanted(service=self.service, state=self.state, region=self.region)
        code = numbers.normalise(self.q)
        if re.fullmatch(finding.NUMBER, code):
            return replace(filters, number=code)
        if re.fullmatch(finding.USCC, code) and re.search(r"\d", code):
            return replace(filters, uscc=code)
        return replace(filters, holder=self.q)

    @property
    def fault(self) -> str:
        if 0 < len(listing.key_of(self.q)) < listing.SHORTEST_NAME:
            return _("Enter two characters of the name or more.")
        return ""


@require_safe
@never_cache
def search(request: HttpRequest) -> HttpResponse:
    if not allowed("register", client(request), limit=PER_MINUTE):
        return _too_many(request)
    choice, known, today = Choice.read(request), listing.published(), timezone.localdate()
    context: dict[str, Any] = {
        "choice": choice, "error": choice.fault, "services": [(slug, one.title) for slug, one in known.items()],
        "states": [(state, words) for state, words, _tone in _states()], "regions": _regions(choice.region),
        "most_rows": MOST_ROWS, "most_compared": listing.MOST_COMPARED,
    }  # fmt: skip
    after, before = _key(request, "after"), _key(request, "before")
    if not choice.fault:
        found = listing.find(choice.wanted, known, today=today)
        page = paging.page(found.permits, after=after, before=before, latest_first=True, by="issued_at")
        context |= {"rows": [_row(entry) for entry in listing.entries(page.rows, known, today=today)],
                    "partly": found.partly, "narrowed": bool(choice.query)}  # fmt: skip
        if page.rows:
            context["before"] = page.rows[0].number if page.before else ""
            context["after"] = page.rows[-1].number if page.after else ""
    response = render(request, "register/register.html", context)
    if settings.PUBLIC_INDEXING != "register" or request.GET:
        response["X-Robots-Tag"] = "noindex"  # of what may be listed, the list itself and not each search of it
    return response


@require_safe
@never_cache
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """What the page finds, up to ``MOST_ROWS``; the header ``Link`` leads to the rest. Sent while it is read."""
    if not allowed("register-csv", client(request), limit=FILES_PER_MINUTE):
        return _too_many(request)
    choice, known, today = Choice.read(request), listing.published(), timezone.localdate()
    if choice.fault:
        return HttpResponse(f"{choice.fault}\n", content_type="text/plain; charset=utf-8", status=400)
    permits, after = listing.find(choice.wanted, known, today=today).permits, _key(request, "after")
    last = _last_of_a_file(permits, after)
    response = StreamingHttpResponse(
        _lines(_pages(permits, after), known, today), content_type="text/csv; charset=utf-8"
    )
    part = "-part" if last else ""
    response["Content-Disposition"] = f'attachment; filename="register-{today:%Y-%m-%d}{part}.csv"'
    if last:
        rest = urlencode({name: value for name, value in asdict(choice).items() if value} | {"after": last})
        response["Link"] = f'<{finding.site(reverse("register_csv"))}?{rest}>; rel="next"'
    response["X-Robots-Tag"] = "noindex"
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Expose-Headers"] = "Link"
    return response


def _last_of_a_file(permits: Any, after: str) -> str:
    """The number of the last permit that the file holds; empty when it holds all there are."""
    beyond = paging.beyond(permits, paging.Key.read(after), "issued_at", falling=True)
    two = list(beyond.values_list("number", flat=True)[MOST_ROWS - 1 : MOST_ROWS + 1])
    return two[0] if len(two) == 2 else ""


def _pages(permits: Any, after: str) -> Iterator[list[Any]]:
    for _number in range(MOST_ROWS // CHUNK):
        page = paging.page(permits, after=after, latest_first=True, by="issued_at", size=CHUNK)
        yield page.rows
        if not page.after:
            return
        after = str(page.after)


class _Line:
    """What ``csv`` writes to: it hands back the line."""

    def write(self, line: str) -> str:
        return line


def _lines(pages: Iterator[list[Any]], known: dict[str, listing.Published], today: date) -> Iterator[str]:
    writer = csv.writer(_Line(), quoting=csv.QUOTE_ALL)
    yield "\ufeff" + writer.writerow(COLUMNS)  # without the mark Excel takes UTF-8 for something else
    for rows in pages:
        entries = listing.entries(rows, known, today=today)
        yield "".join(writer.writerow(map(harmless, _cells(entry))) for entry in entries)


def harmless(cell: str) -> str:
    """A table's program takes what begins with one of these for a formula, and runs it: an apostrophe makes it text."""
    first = unicodedata.normalize("NFKC", cell.lstrip()[:1])
    return f"'{cell}" if first in ("=", "+", "-", "@") or cell[:1] in ("\t", "\r", "\n") else cell


def _cells(entry: dict[str, Any]) -> list[str]:
    region, revoked = entry.get("region") or {}, entry.get("revoked_at")
    return [
        entry["number"], _said(entry["title"]), _word(entry["state"])[0], entry.get("holder", ""), entry.get("uscc", ""),
        region.get("code", ""), region.get("name", ""), _said(entry.get("office")), _said(entry.get("decision")),
        _issued(entry).isoformat(), entry.get("valid_until") or "",
        timezone.localdate(revoked).isoformat() if revoked else "", entry.get("superseded_by", ""), entry["verify_url"],
    ]  # fmt: skip


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    """A line of the page; a column that the service doesn't show is empty."""
    words, tone = _word(entry["state"])
    until = ""
    if "valid_until" in entry:
        until = _day(date.fromisoformat(entry["valid_until"])) if entry["valid_until"] else _("Until revoked")
    return entry | {
        "title": _said(entry["title"]), "state": words, "tone": tone, "issued": _day(_issued(entry)), "until": until,
        "office": _said(entry.get("office")), "region": (entry.get("region") or {}).get("name", ""),
    }  # fmt: skip


def _states() -> list[tuple[str, str, str]]:
    return [("in_force", _("Valid"), "ok"), ("expired", _("Expired"), "bad"), ("revoked", _("Revoked"), "bad"),
            ("superseded", _("Superseded"), "bad")]  # fmt: skip


def _word(state: str) -> tuple[str, str]:
    return next((words, tone) for key, words, tone in _states() if key == state)


def _issued(entry: dict[str, Any]) -> date:
    return timezone.localdate(datetime.fromisoformat(entry["issued_at"]))


def _day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def _said(text: dict[str, str] | None) -> str:
    return spoken.said(text) if text else ""


def _regions(chosen: str) -> list[tuple[str, str]]:
    """Where there are offices, and the city and province around them."""
    here = Department.objects.order_by("region").values_list("region", flat=True).distinct()[:MOST_REGIONS]
    codes = {place.code for code in [*here, chosen] if code for place in regions.path(code)}
    return [(code, regions.full_name(code)) for code in sorted(codes)]


def _key(request: HttpRequest, name: str) -> str:
    """Where the page begins or ends: a permit's number in the address. One that isn't there begins anew."""
    number = request.GET.get(name, "")[:LONGEST]
    try:
        return finding.key_of(number) if number else ""
    except finding.BadCursor:
        return ""


def _too_many(request: HttpRequest) -> HttpResponse:
    wait = seconds_left()
    again = timezone.localtime(timezone.now() + timedelta(seconds=wait))
    response = render(request, "register/throttled.html", {"wait": wait, "again": again}, status=429)
    response["Retry-After"] = str(wait)
    response["X-Robots-Tag"] = "noindex"
    return response
