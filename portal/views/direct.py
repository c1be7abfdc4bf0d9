"""Uploads whose bytes go from the browser to the S3 service itself (``permits.intake.direct``): begun, looked after, finished.

POST to ``direct_uploads`` begins one; GET of ``direct_upload`` says which parts arrived and where the others go; POST there takes
the file in, like the last request of an upload in pieces. It is given up, and its outcome asked for, at ``upload``, as any other.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from permits.intake import direct
from permits.intake.arriving import Lost, Turn
from permits.intake.storage import StorageUnavailable
from permits.models import Application, Upload
from portal.requests import SignedIn
from portal.views.materials import page_of
from portal.views.tus import (
    Answered,
    asked,
    begun,
    finish,
    in_words,
    login_of_a_program,
    outcome_of,
    refuse_when_over,
    refuse_when_sent,
    taking_turns,
    upload_of,
)


@login_of_a_program
def uploads(request: SignedIn, public_id: UUID, key: str) -> HttpResponse:
    """Begin: ``name`` and ``size`` in bytes. 201 with where it goes on, and an address for each part."""
    application, requirement = asked(request, public_id, key)
    if request.method == "GET":
        return redirect(page_of(application) + f"#material-{key}")

    def begin() -> HttpResponse:
        size = request.POST.get("size", "")
        if not (size.isascii() and size.isdigit() and len(size) < 19):
            raise Answered(400, "size: a number of bytes")
        row = begun(request, application, requirement, name=request.POST.get("name", "")[:255] or "file", length=int(size))
        direct.begin(row)
        response = JsonResponse(_state(row, {}), status=201)
        response["Location"] = reverse("upload", args=[public_id, row.public_id])
        return response

    return _answered({"POST": begin}, request.method)


@login_of_a_program
def upload(request: SignedIn, public_id: UUID, upload_id: UUID) -> HttpResponse:
    """GET: what arrived, and addresses for the rest. POST: everything is sent; take it in."""
    row = upload_of(request, public_id, upload_id)
    application = row.application
    if request.method == "GET" and request.headers.get("X-Requested-With") != "XMLHttpRequest":
        return redirect(page_of(application) + f"#material-{row.requirement}")
    if not row.direct:
        raise Http404

    def look() -> HttpResponse:
        refuse_when_over(row)
        if row.is_whole or row.finished_at:
            return JsonResponse({"arrived": list(range(1, len(direct.lengths(row)) + 1)), "part": direct.PART, "to": {}})
        return JsonResponse(_state(row, direct.arrived(row)))

    def conclude() -> HttpResponse:
        refuse_when_over(row)
        if row.finished_at is None:
            refuse_when_sent(application, row.requirement)
            said = taking_turns(row, lambda turn: _taken(request, application, turn))
            if said.status_code not in (204, 410):  # 410: another request finished it meanwhile
                return said
            row.refresh_from_db()
        return outcome_of(request, application, row)

    return _answered({"GET": look, "POST": conclude}, request.method)


def _taken(request: SignedIn, application: Application, turn: Turn) -> HttpResponse:
    if not turn.upload.is_whole and not direct.take(turn):
        raise Answered(409, "Not all parts are there")
    return finish(request, application, turn)


def _state(row: Upload, there: dict[int, str]) -> dict[str, object]:
    missing = [number for number in range(1, len(direct.lengths(row)) + 1) if number not in there]
    return {"arrived": sorted(there), "part": direct.PART, "to": direct.addresses(row, missing)}


def _answered(handlers: dict[str, Callable[[], HttpResponse]], method: str | None) -> HttpResponse:
    if method not in handlers:
        response = in_words(405, f"{method} is not possible here")
        response["Allow"] = ", ".join(handlers)
        return response
    if not direct.wanted():
        return in_words(404, "Files are not sent to the storage itself here")
    try:
        response = handlers[method]()
    except Answered as answer:
        response = answer.response
    except Lost:
        response = in_words(410, _("This upload has ended."))
    except StorageUnavailable:
        response = in_words(
            503, _("The file could not be stored just now. It goes on where it broke off in a few minutes.")
        )
    response["Cache-Control"] = "no-store"
    return response
