"""A stored file as a response: whole or in parts, never run, never guessed at. Whether it may be seen was asked before.

The bytes come from this process, or from nginx (X-Accel-Redirect), or from the S3 service itself, as ``SERVE_FILES`` says; who
gets them from this process gets nothing that isn't what was stored (``reading``).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.utils.http import parse_etags

from permits.intake import ranges, reading, storage
from permits.intake.folder_blobs import FileBlobs
from permits.intake.ranges import Range
from permits.intake.s3_blobs import S3Blobs

PRESIGNED = 60  # seconds that an address at the S3 service is good
SHOWN = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'self'; sandbox"
# Chromium's own viewer doesn't start in a sandboxed document; script in the file was refused at intake.
SHOWN_PDF = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"


@dataclass(frozen=True)
class Served:
    """A blob, and as what it is sent. ``inline``: shown by the browser, which only pictures and PDFs are."""

    sha256: str
    size: int
    media_type: str
    name: str
    inline: bool = False
    from_here: bool = False  # by this process alone, whatever SERVE_FILES says

    @property
    def etag(self) -> str:
        return f'"{self.sha256}"'


def respond(request: HttpRequest, file: Served, *, on_damage: Callable[[reading.Damaged], None]) -> HttpResponseBase:
    """Raise ``Damaged`` before the first byte goes, and tell ``on_damage`` when it is found later: the response then breaks off.

    Raise ``StorageUnavailable``.
    """
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    response = _conditional(request, file) or _elsewhere(request, file) or _from_here(request, file, on_damage)
    return dressed(response, file)


def dressed(response: HttpResponseBase, file: Served) -> HttpResponseBase:
    """The headers that every file goes with."""
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = SHOWN_PDF if file.media_type == "application/pdf" else SHOWN
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    if response.status_code in (200, 206):
        response["Content-Disposition"] = disposition(file.name, inline=file.inline)
        if not response.get("Content-Type", "").startswith("multipart/"):
            response["Content-Type"] = file.media_type
    return response


def disposition(name: str, *, inline: bool) -> str:
    """RFC 6266: the name in UTF-8, percent-encoded (RFC 8187), so that no quote and no line end gets into the header."""
    return f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{quote(name, safe='')}"


def _conditional(request: HttpRequest, file: Served) -> HttpResponse | None:
    """Nothing is sent to who has it already, or wants another one (RFC 9110, 13.1)."""
    must = parse_etags(request.headers.get("If-Match", ""))
    if must and "*" not in must and file.etag not in must:
        return HttpResponse(status=412)
    has = {each.removeprefix("W/") for each in parse_etags(request.headers.get("If-None-Match", ""))}
    if has and (file.etag in has or "*" in has):
        return HttpResponse(status=304, headers={"ETag": file.etag})
    return None


def _elsewhere(request: HttpRequest, file: Served) -> HttpResponse | None:
    """Where SERVE_FILES gives the sending to somebody else, who does ranges too."""
    if settings.SERVE_FILES == "portal" or file.from_here:
        return None
    blobs = storage.private_storage()
    if settings.SERVE_FILES == "nginx" and isinstance(blobs, FileBlobs) and (name := blobs.plain_name(file.sha256)):
        if request.headers.get("Range"):
            reading.check(file.sha256)
        else:
            reading.opened(file.sha256).close()
        response = HttpResponse()
        response["X-Accel-Redirect"] = settings.STORAGE_ACCEL + name
        response["ETag"] = file.etag
        return response
    # In a page of ours a picture from another address is not shown, so only what is saved comes from there.
    if settings.SERVE_FILES == "s3" and isinstance(blobs, S3Blobs) and not file.inline:
        said = disposition(file.name, inline=False)
        return HttpResponseRedirect(
            blobs.presigned(file.sha256, seconds=PRESIGNED, media_type=file.media_type, disposition=said)
        )
    return None


def _from_here(request: HttpRequest, file: Served, on_damage: Callable[[reading.Damaged], None]) -> HttpResponseBase:
    try:
        parts = _parts(request, file)
    except ranges.Unsatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{file.size}", "ETag": file.etag})
    head = request.method == "HEAD"
    if not parts:
        body = iter(()) if head else reading.whole(file.sha256, file.size)
        response, length = StreamingHttpResponse(_watched(body, on_damage)), file.size
    elif len(parts) == 1:
        begin, end = parts[0]
        body = reading.part(file.sha256, begin, end - begin)
        response, length = StreamingHttpResponse(_watched(body, on_damage), status=206), end - begin
        response["Content-Range"] = f"bytes {begin}-{end - 1}/{file.size}"
    else:
        reading.check(file.sha256)
        response, length = _several(file, parts, on_damage)
    response["Content-Length"] = str(length)
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = file.etag
    return response


def _parts(request: HttpRequest, file: Served) -> list[Range]:
    """Those of the Range header, which only a GET has; all of it when ``If-Range`` names another file than this."""
    header, only_if = request.headers.get("Range", ""), request.headers.get("If-Range", "")
    if not header or request.method != "GET" or (only_if and only_if.strip() != file.etag):
        return []
    return ranges.asked(header, file.size)


def _several(
    file: Served, parts: list[Range], on_damage: Callable[[reading.Damaged], None]
) -> tuple[StreamingHttpResponse, int]:
    """multipart/byteranges (RFC 9110, 14.6), and how long it is."""
    boundary = secrets.token_hex(16)
    heads = [
        f"\r\n--{boundary}\r\nContent-Type: {file.media_type}\r\n"
        f"Content-Range: bytes {begin}-{end - 1}/{file.size}\r\n\r\n".encode()
        for begin, end in parts
    ]
    tail = f"\r\n--{boundary}--\r\n".encode()

    def body() -> Iterator[bytes]:
        for head, (begin, end) in zip(heads, parts, strict=True):
            yield head
            yield from storage.part(file.sha256, begin, end - begin)
        yield tail

    length = sum(len(head) for head in heads) + sum(end - begin for begin, end in parts) + len(tail)
    content_type = f"multipart/byteranges; boundary={boundary}"
    return StreamingHttpResponse(_watched(body(), on_damage), status=206, content_type=content_type), length


def _watched(chunks: Iterator[bytes], on_damage: Callable[[reading.Damaged], None]) -> Iterator[bytes]:
    """A damage that shows on the way is told, and the response breaks off before its length is reached."""
    try:
        yield from chunks
    except reading.Damaged as damaged:
        on_damage(damaged)
        raise
