"""Receiving: files past the ceiling are let go while they arrive, and file names are made harmless.

``LimitedUploadHandler`` stands first in ``FILE_UPLOAD_HANDLERS``. A file that passes ``UPLOAD_MAX_BYTES``
is no longer kept, what was kept of it is dropped, and the rest of it is read and thrown away, so that the
browser gets an answer instead of a broken connection. A ``TooLargeUpload`` then stands in ``request.FILES``
in the file's place: it has a name and a size but no content, and ``materials.add_material`` refuses it in
words, so a view has nothing to check.

Reading and throwing away has an end. A request that is longer than ``drain_limit()`` is cut off: its files
are not in ``request.FILES`` then, but ``request.upload_refused`` is the ``TooLargeUpload``.
``uploads(request)`` knows both.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

NAME_LENGTH = 120
DRAIN_AT_LEAST = 300 * 1024 * 1024


class TooLargeUpload(UploadedFile):
    """What is left of a file that passed the ceiling: its name, its size, and no content."""

    def __init__(self, name: str, size: int) -> None:
        super().__init__(ContentFile(b""), name=name, size=size)


def drain_limit() -> int:
    """How long a request may be and still be read to its end for the sake of an answer."""
    return max(4 * settings.UPLOAD_MAX_BYTES, DRAIN_AT_LEAST)


def uploads(request: HttpRequest, field: str = "file") -> list[UploadedFile]:
    """The files sent as ``field``, with a ``TooLargeUpload`` in the place of each that was too large."""
    files: list[UploadedFile] = list(request.FILES.getlist(field))  # reads the request, so it comes first
    refused: TooLargeUpload | None = getattr(request, "upload_refused", None)
    return files if refused is None else [*files, refused]


class LimitedUploadHandler(FileUploadHandler):
    """Keeps files over ``settings.UPLOAD_MAX_BYTES`` from the handlers after it; see the top of this file."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.limit = settings.UPLOAD_MAX_BYTES
        self.request_length = 0
        self.received = 0

    def handle_raw_input(
        self, input_data: Any, META: dict[str, Any], content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        self.request_length = content_length

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.over = False
        if self.request_length > drain_limit():
            self._cut_off(self.request_length)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        size = start + len(raw_data)
        self.received += len(raw_data)
        if self.received > drain_limit():  # a request that doesn't say its length, or lies
            self._cut_off(size)
        if size <= self.limit:
            return raw_data
        if not self.over:
            self.over = True
            self._drop_what_was_kept()
        return None

    def file_complete(self, file_size: int) -> TooLargeUpload | None:
        return TooLargeUpload(str(self.file_name), file_size) if self.over else None

    def _drop_what_was_kept(self) -> None:
        """Close, and so delete, what the handlers behind kept; they aren't asked to complete it."""
        for handler in self._handlers():
            if handler is not self and (file := getattr(handler, "file", None)) is not None:
                file.close()

    def _cut_off(self, size: int) -> None:
        if self.request is not None:
            self.request.upload_refused = TooLargeUpload(str(self.file_name), size)  # type: ignore[attr-defined]
        raise StopUpload(connection_reset=True)

    def _handlers(self) -> list[FileUploadHandler]:
        return list(self.request.upload_handlers) if self.request is not None else []


def safe_name(name: str, *, extension: str = "") -> str:
    """A file name to show, store and send: no path, no control or direction marks, 120 characters.

    Emoji and every script stay, and the extension; with ``extension`` (``".pdf"``) it becomes that one.
    """
    name = "".join(character for character in name if not _is_harmful(character))
    name = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    name = re.sub(r"\s+", " ", name).strip().rstrip(" .")
    stem, dot, suffix = name.rpartition(".")
    if not (dot and suffix.isascii() and suffix.isalnum() and len(suffix) <= 10):
        stem, suffix = name, ""
    if wanted := extension.lstrip("."):
        if suffix and suffix.lower() not in _FORMATS:  # 'plan.exe' that is a PDF: 'plan.exe.pdf'
            stem = f"{stem}.{suffix}"
        suffix = suffix if suffix.lower() in _ALIKE.get(wanted, {wanted}) else wanted
    tail = f".{suffix}" if suffix else ""
    stem = stem.strip(_INVISIBLE) or "file"
    return _cut(stem, NAME_LENGTH - len(tail)) + tail


_JOINS = "\u200d\ufe0e\ufe0f"
_INVISIBLE = " .\u200d\ufe0e\ufe0f"
_ALIKE = {"jpg": {"jpg", "jpeg", "jpe", "jfif"}}
_FORMATS = {"pdf", "png", "docx", "xlsx", "jpg", "jpeg", "jpe", "jfif", "heic", "heif"}


def _is_harmful(character: str) -> bool:
    """Controls that aren't white space, direction marks, surrogates, private use; not the joiner of emoji."""
    if character.isspace() or character == "\u200d":
        return False
    if "\U0001f000" <= character <= "\U0001faff":  # emoji, some of them younger than Python's tables
        return False
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"}


def _cut(text: str, length: int) -> str:
    """The first ``length`` characters, without half an emoji or half an accented letter at the end."""
    if len(text) <= length:
        return text
    end = length
    while end > 1 and (unicodedata.combining(text[end]) or text[end] in _JOINS or text[end - 1] == "\u200d"):
        end -= 1
    return text[:end].rstrip(_INVISIBLE) or text[:length]
