"""Uploads that can be broken off and gone on with: the tus protocol 1.0.0 (https://tus.io/protocols/resumable-upload).

Who may upload what, and when, is asked at every request, as for the plain form. A file that is whole goes the same way as the form's:
``materials.take_files``. What came of it is the body of the last answer when it was refused, and stands at the upload's own address
(GET) in any case.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse, UnreadablePostError
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import http_date
from django.utils.translation import gettext as _

from permits.definition import Requirement
from permits.intake import arriving, tus
from permits.intake.arriving import Busy, Ended, Lost, TooManyUnderWay, Turn, WrongChecksum
from permits.intake.inspect import Refused
from permits.intake.storage import StorageUnavailable
from permits.models import Application, Material, Upload
from portal.asked import owes
from portal.requests import SignedIn
from portal.throttle import allowed
from portal.views.materials import may_change, page_of, said_of, take_files, taken

BEGUN_A_MINUTE = 120
DRAINED = 32 * 1024 * 1024  # bytes of a refused request that are read all the same, so that the client reads the answer
CHUNK = 256 * 1024

Handler = Callable[[], HttpResponse]


class Answered(Exception):
    """The request ends here, with this."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        self.response = in_words(status, message)
        for name, value in headers.items():
            self.response[name.replace("_", "-")] = value
        super().__init__(message)


def login_of_a_program(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """``login_required``, but who speaks tus isn't sent to a page."""
    for_people = login_required(view)

    def wrapped(request: SignedIn, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated and ("Tus-Resumable" in request.headers or request.method == "OPTIONS"):
            return in_words(401, _("Your session has ended. Sign in again."))
        return for_people(request, *args, **kwargs)

    return wrapped


@login_of_a_program
def uploads(request: SignedIn, public_id: UUID, key: str) -> HttpResponse:
    """Where an upload begins: POST. OPTIONS says what this server can do."""
    application, requirement = asked(request, public_id, key)

    def begin() -> HttpResponse:
        if "Upload-Defer-Length" in request.headers:
            raise Answered(400, "Upload-Defer-Length is not supported: say Upload-Length")
        length = tus.number("Upload-Length", request.headers.get("Upload-Length"))
        said = tus.metadata(request.headers.get("Upload-Metadata", ""))
        checksum = tus.checksum(request.headers.get("Upload-Checksum"))
        name = said.get("filename") or said.get("name") or "file"
        upload = begun(request, application, requirement, name=name, length=length)
        response = HttpResponse(status=201)
        if request.content_type == tus.CONTENT_TYPE:
            response = taking_turns(
                upload,
                lambda turn: _continue(request, application, turn, 0, checksum, status=201),
                dict(response.headers),
            )
        response["Location"] = reverse("upload", args=[public_id, upload.public_id])
        response["Upload-Expires"] = http_date(upload.expires_at.timestamp())
        return response

    if request.method == "GET":
        return redirect(page_of(application) + f"#material-{key}")
    return _speak(request, application, {"POST": begin})


@login_of_a_program
def upload(request: SignedIn, public_id: UUID, upload_id: UUID) -> HttpResponse:
    """One upload: HEAD says how far it is, PATCH goes on with it, DELETE ends it, GET says how it ended."""
    row = upload_of(request, public_id, upload_id)
    application = row.application

    def look() -> HttpResponse:
        refuse_when_over(row)
        _finish_what_is_whole(request, application, row)
        response = HttpResponse()
        response["Upload-Offset"], response["Upload-Length"] = str(row.offset), str(row.length)
        response["Upload-Expires"] = http_date(row.expires_at.timestamp())
        return response

    def go_on() -> HttpResponse:
        if row.direct:
            raise Answered(409, "This file goes to the storage itself")
        if request.content_type != tus.CONTENT_TYPE:
            raise Answered(415, f"The content type is to be {tus.CONTENT_TYPE}")
        offset = tus.number("Upload-Offset", request.headers.get("Upload-Offset"))
        checksum = tus.checksum(request.headers.get("Upload-Checksum"))
        refuse_when_over(row)
        if row.finished_at:
            return _again(row, offset)
        refuse_when_sent(application, row.requirement)
        return taking_turns(row, lambda turn: _continue(request, application, turn, offset, checksum))

    def give_up() -> HttpResponse:
        arriving.cancel(row)
        return HttpResponse(status=204)

    def result() -> HttpResponse:
        if request.headers.get("X-Requested-With") != "XMLHttpRequest":
            return redirect(page_of(application) + f"#material-{row.requirement}")
        refuse_when_over(row)
        _finish_what_is_whole(request, application, row)
        return outcome_of(request, application, row)

    return _speak(request, application, {"HEAD": look, "PATCH": go_on, "DELETE": give_up, "GET": result})


def begun(request: SignedIn, application: Application, requirement: Requirement, *, name: str, length: int) -> Upload:
    """A new upload. Raise ``Answered``."""
    refuse_when_sent(application, requirement.key)
    if not allowed("uploads", str(request.user.pk), limit=BEGUN_A_MINUTE):
        raise Answered(429, _("Too many uploads at once. Try again in a minute."), Retry_After="60")
    try:
        return arriving.begin(
            application=application, requirement=requirement, name=name, length=length, user=request.user
        )
    except TooManyUnderWay as error:
        raise Answered(429, error.messages[0], Retry_After="30") from error
    except Refused as error:
        raise Answered(413 if error.code == "too_large" else 422, error.messages[0]) from error


def upload_of(request: SignedIn, public_id: UUID, upload_id: UUID) -> Upload:
    """One of their own uploads, of an application that they may see. Raise ``Http404``."""
    mine = Upload.objects.filter(user=request.user, application__in=Application.objects.visible_to(request.user))
    return get_object_or_404(mine.select_related("application"), application__public_id=public_id, public_id=upload_id)


def _speak(request: SignedIn, application: Application, handlers: dict[str, Handler]) -> HttpResponse:
    """Answer in tus: its version, its headers, its statuses."""
    method = request.method or ""
    if method == "POST":
        method = request.headers.get("X-HTTP-Method-Override", method).upper()
    try:
        if method == "OPTIONS":
            response = _options(application)
        elif method not in handlers:
            response = in_words(405, f"{method} is not possible here")
            response["Allow"] = ", ".join([*handlers, "OPTIONS"])
        elif method != "GET" and request.headers.get("Tus-Resumable") != tus.VERSION:
            raise Answered(412, f"This server speaks tus {tus.VERSION}", Tus_Version=tus.VERSION)
        else:
            response = handlers[method]()
    except Answered as answer:
        response = answer.response
    except tus.Malformed as error:
        response = in_words(400, str(error))
    except StorageUnavailable:
        response = in_words(
            503, _("The file could not be stored just now. It goes on where it broke off in a few minutes.")
        )
    if response.status_code >= 400:
        _drain(request)
    response["Tus-Resumable"] = tus.VERSION
    response["Cache-Control"] = "no-store"
    return response


def _options(application: Application) -> HttpResponse:
    response = HttpResponse(status=204)
    response["Tus-Version"] = tus.VERSION
    response["Tus-Extension"] = tus.EXTENSIONS
    response["Tus-Checksum-Algorithm"] = ",".join(tus.CHECKSUMS)
    response["Tus-Max-Size"] = str(arriving.largest(application.definition))
    return response


def taking_turns(
    row: Upload, act: Callable[[Turn], HttpResponse], headers: dict[str, str] | None = None
) -> HttpResponse:
    try:
        with arriving.turn_of(row) as turn:
            response = act(turn)
    except Busy:
        return in_words(423, _("Another request is uploading this file just now."))
    except Ended:
        return in_words(410, _("This upload has ended."))
    except Lost:
        return in_words(409, "The file has to be sent again from its beginning")
    except WrongChecksum:
        response = in_words(tus.MISMATCH, "The checksum doesn't match what came")
        response.reason_phrase = "Checksum Mismatch"
    for name, value in (headers or {}).items():
        response.setdefault(name, value)
    return response


def _continue(
    request: SignedIn,
    application: Application,
    turn: Turn,
    offset: int,
    checksum: tus.Checksum | None,
    status: int = 204,
) -> HttpResponse:
    row = turn.upload
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        raise Answered(411, "Say Content-Length")
    if row.offset != offset:
        raise Answered(409, f"Upload-Offset is {row.offset}", Upload_Offset=str(row.offset))
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > row.length - row.offset:
        raise Answered(413, "More than Upload-Length said")
    if not row.is_whole:
        arriving.receive(turn, _reader(request), length, checksum)
    response = finish(request, application, turn) if row.is_whole else HttpResponse(status=status)
    response.status_code = status if response.status_code == 204 else response.status_code
    response["Upload-Offset"] = str(row.offset)
    response["Upload-Expires"] = http_date(row.expires_at.timestamp())
    return response


def _reader(request: SignedIn) -> Callable[[int], bytes]:
    def read(size: int) -> bytes:
        try:
            return request.read(size)
        except UnreadablePostError:
            return b""  # the client is gone; what came of it counts

    return read


def finish(request: SignedIn, application: Application, turn: Turn) -> HttpResponse:
    """All of it is there: take it in, once. A storage that is down leaves it for the next request."""
    row = turn.upload
    if row.sha256 and (there := _taken_before(application, row)):
        arriving.end(turn, material=there, answer={"status": 204, "message": _("Saved."), "owed": False})
        return HttpResponse(status=204)
    owed = owes(application, row.requirement)
    with arriving.whole_file(turn) as file:
        added, faults, status = take_files(application, row.requirement, [file], request.user)
    if status == 503:
        raise Answered(503, faults[0], Upload_Offset=str(row.offset))
    if faults:
        arriving.end(turn, material=None, answer={"status": status, "message": "\n".join(faults)})
        return in_words(status, "\n".join(faults))
    said = said_of(application, request.user, owed=owed, waits=added[0].waits)
    arriving.end(turn, material=added[0], answer={"status": 204, "message": said, "owed": owed})
    return HttpResponse(status=204)


def _finish_what_is_whole(request: SignedIn, application: Application, row: Upload) -> None:
    """Whoever asks after the last byte sends nothing more: a process that was killed then is made good here."""
    if not row.is_whole or row.finished_at:
        return
    try:
        with arriving.turn_of(row) as turn:
            if turn.upload.is_whole:
                finish(request, application, turn)
    except (Busy, Ended, Lost):
        pass
    row.refresh_from_db()


def _taken_before(application: Application, row: Upload) -> Material | None:
    """The material, when a process was killed after it was taken in: what was owed may not be changed any more by now."""
    mine = application.materials.shown().filter(requirement=row.requirement, received_sha256=row.sha256)
    return mine.filter(uploaded_at__gte=row.created_at).first()


def _again(row: Upload, offset: int) -> HttpResponse:
    """A last request that comes once more gets the answer that the first one got."""
    if offset != row.length:
        raise Answered(409, f"Upload-Offset is {row.length}", Upload_Offset=str(row.length))
    status = int(row.answer["status"])
    response = HttpResponse(status=204) if status == 204 else in_words(status, row.answer["message"])
    response["Upload-Offset"] = str(row.offset)
    return response


def outcome_of(request: SignedIn, application: Application, row: Upload) -> HttpResponse:
    if row.finished_at is None:
        return JsonResponse({"ok": False, "offset": row.offset, "length": row.length}, status=202)
    if row.material is None:
        status = int(row.answer["status"])
        return in_words(410, _("This upload has ended.")) if status == 204 else in_words(status, row.answer["message"])
    requirement = application.definition.requirement(row.requirement)
    assert requirement is not None  # an edition doesn't change
    row.material.application = application
    return JsonResponse(
        taken(request, requirement, [row.material], said=row.answer["message"], owed=row.answer["owed"])
    )


def asked(request: SignedIn, public_id: UUID, key: str) -> tuple[Application, Requirement]:
    application = get_object_or_404(
        Application.objects.visible_to(request.user).select_related("version"), public_id=public_id
    )
    requirement = application.definition.requirement(key)
    if requirement is None:
        raise Http404
    return application, requirement


def refuse_when_sent(application: Application, key: str) -> None:
    if not may_change(application, key):
        raise Answered(403, _("This application was sent; its materials can't be changed now."))


def refuse_when_over(row: Upload) -> None:
    if row.finished_at is None and row.expires_at < timezone.now():
        raise Answered(410, _("This upload has ended."))


def in_words(status: int, message: str) -> HttpResponse:
    return JsonResponse({"ok": False, "message": message}, status=status)


def _drain(request: SignedIn) -> None:
    """Who is still sending doesn't read: the rest of a request that is not too long is read and thrown away."""
    left = DRAINED
    read = _reader(request)
    while left > 0 and (chunk := read(min(CHUNK, left))):
        left -= len(chunk)
