"""At a gate: somebody shows a permit, whoever checks there scans its code or types its number, the answer is big."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from permits import spoken
from permits.credentials import code, passes
from permits.intake import storage
from permits.models import Material, Permit
from portal.requests import SignedIn
from portal.throttle import allowed, seconds_left
from portal.views.checker import words
from reviews import gates
from reviews.models import Gate, Verdict

PER_MINUTE = 120  # scans of one account
LATE_PER_MINUTE = 20
MOST_LATE = 200  # scans in one request
SHOWN = 300  # seconds after a scan in which its page may ask for the photo
SCANS = signing.TimestampSigner(salt="gate.scan")
WHY = {
    Verdict.GOOD: _l("Genuine and in force. Compare the holder with who shows it."),
    Verdict.REVOKED: _l("It was issued here, but it has been revoked."),
    Verdict.SUPERSEDED: _l("A renewed permit has taken its place. Ask for the new one."),
    Verdict.CORRECTED: _l("This print is void: a slip was put right after it was made. Ask for the corrected print."),
    Verdict.EXPIRED: _l("It was genuine, but its validity has ended."),
    Verdict.NOT_YET: _l("It is not valid yet."),
    Verdict.NOT_HERE: _l("It is genuine, but permits of this service do not open this gate."),
    Verdict.UNKNOWN: _l("The register has no permit of this number."),
    Verdict.FORGED: _l("Forged: its signature does not fit what it says. Keep note of it and tell the issuing office."),
    Verdict.MALFORMED: _l("This is neither the code nor the number of a permit. Scan or type it again."),
}


@login_required
def mine(request: SignedIn) -> HttpResponse:
    """The gates where an account checks; where there is one only, that one."""
    found = list(gates.gates_of(request.user))
    if len(found) == 1:
        return redirect("gate", found[0].public_id)
    return render(request, "gate/gates.html", {"gates": found})


@login_required
def gate(request: SignedIn, public_id: UUID) -> HttpResponse:
    here = _here(request, public_id)
    if request.method != "POST":
        return _page(request, here)
    if not allowed("gate", str(request.user.pk), limit=PER_MINUTE):
        words = _("That was too many checks in a minute. Wait a moment, then check again.")
        response = _page(request, here, error=words, status=429)
        response["Retry-After"] = str(seconds_left())
        return response
    text = request.POST.get("text", "").strip(code.BLANKS)
    if not text:
        return _page(request, here, error=_("Scan a code, or type the number of a permit."), status=422)
    seen = gates.scan(here, text, by=request.user, key=_key(request.POST.get("key", "")))
    scan = SCANS.sign_object([here.pk, request.user.pk, seen.number]) if _photo_of(seen) else ""
    return _page(request, here, seen=seen, why=WHY[seen.verdict], rows=_rows(seen), scan=scan)


@login_required
def photo(request: SignedIn, public_id: UUID, scan: str) -> HttpResponse | FileResponse:
    """The photo of who holds a pass, while it opens this gate, to whom the answer to a ``scan`` of theirs has just led
    here: so that nobody looks at photos of whom no scan is kept.
    """
    here = _here(request, public_id)
    if not allowed("gate", str(request.user.pk), limit=PER_MINUTE):
        return HttpResponse(status=429, headers={"Retry-After": str(seconds_left())})
    try:
        gate_id, checker, number = SCANS.unsign_object(scan, max_age=SHOWN)
    except signing.BadSignature:
        raise Http404 from None
    if (gate_id, checker) != (here.pk, request.user.pk):
        raise Http404
    found = _photo_of(gates.look(here, number))
    if found is None:
        raise Http404
    return FileResponse(storage.open_blob(found.sha256), content_type=found.media_type)


@login_required
def late(request: SignedIn, public_id: UUID) -> HttpResponse:
    """What a device scanned without a network: ``{"scans": [{"text", "at" (ISO 8601 with its zone), "key" (UUID)}]}``.

    Answers ``{"results": {key: verdict}}``: of these the device forgets the texts. A list that is sent again is one list.
    """
    here = _here(request, public_id)
    if request.method != "POST":
        return redirect("gate", here.public_id)
    if not allowed("gate-late", str(request.user.pk), limit=LATE_PER_MINUTE):
        response = JsonResponse({"error": "too many"}, status=429)
        response["Retry-After"] = str(seconds_left())
        return response
    try:
        shown = _shown(request)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return JsonResponse({"error": "malformed"}, status=400)
    found = gates.take_late(here, shown, by=request.user)
    return JsonResponse({"results": {str(key): seen.verdict for key, seen in found.items()}})


def _here(request: SignedIn, public_id: UUID) -> Gate:
    return get_object_or_404(gates.gates_of(request.user), public_id=public_id)


def _shown(request: HttpRequest) -> list[gates.Shown]:
    scans = json.loads(request.body)["scans"]
    if len(scans) > MOST_LATE:
        raise ValueError("too many")
    found = [gates.Shown(str(each["text"]), datetime.fromisoformat(each["at"]), UUID(each["key"])) for each in scans]
    if any(each.at.tzinfo is None for each in found):
        raise ValueError("a time without its zone")
    return found


def _page(request: SignedIn, here: Gate, *, status: int = 200, **context: Any) -> HttpResponse:
    # Each page has the key of one scan: sent twice, it is kept once.
    context |= {
        "gate": here,
        "key": uuid4(),
        "today": gates.today(here),
        "longest": code.LONGEST,
        "words": words() | _words(),
    }
    return render(request, "gate/gate.html", context, status=status)


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return uuid4()


def _rows(seen: gates.Seen) -> list[dict[str, str]]:
    if seen.permit is None:
        return [{"label": _("Number"), "value": seen.number}] if seen.number else []
    content = seen.permit.content
    holder, until = content["holder"], content["valid_until"]
    title, lasting = spoken.said(content["title"]), _("Until revoked") if seen.permit.state == Permit.State.VALID else ""
    rows = [
        (_("Holder"), _name(seen, seen.permit)),
        (_("Unified social credit code"), holder["uscc"]),
        (_("Permit"), title),
        (_("Number"), seen.number),
        (_("Valid until"), date_format(date.fromisoformat(until), "DATE_FORMAT") if until else lasting),
    ]
    return [{"label": label, "value": value} for label, value in rows if value]


def _name(seen: gates.Seen, permit: Permit) -> str:
    """Of a pass that opens this gate in full, for it is to be compared with who shows it; of whatever else a person holds,
    masked.
    """
    if permit.person is not None and seen.good:
        return passes.person_of(permit).name
    holder = permit.content["holder"]
    if permit.person is not None:
        return str(holder["name"])  # in clear stands a masked one
    return passes.masked(holder["name"]) if holder["kind"] == "person" else str(holder["name"])


def _photo_of(seen: gates.Seen) -> Material | None:
    """Of who holds a pass that opens the gate, while it is kept."""
    if not seen.good or seen.permit is None or seen.permit.person is None:
        return None
    return passes.person_of(seen.permit).photo


def _words() -> dict[str, str]:
    """What ``static/js/gate.js`` says beside the words of the checker."""
    return {
        "good": _("Let in"), "bad": _("Do not let in"), "not_here": str(WHY[Verdict.NOT_HERE]),
        "alone": _("There is no network: this device checked the code by itself, and tells the portal later."),
        "no_number": _("Without a network only codes can be checked, no numbers."),
        "waiting": _("Checks that wait for the network: {0}. Keep this page, or open it again later."),
        "lost": _("This browser keeps nothing: this check will not be on record."),
        "looking": _("Hold the QR code into the picture."),
        "no_camera": _("The camera can't be used. Type the number, or use a hand scanner."),
    }  # fmt: skip
