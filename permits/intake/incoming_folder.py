"""Files on their way into a folder: each stands in ``incoming``, and grows at its end."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO
from uuid import UUID

from permits.intake.blobs import CHUNK, Stored
from permits.intake.folder_blobs import WAITING, FileBlobs, sync_folder
from permits.models import Upload

SUFFIX = ".upload"


class Incoming:
    def __init__(self, blobs: FileBlobs) -> None:
        self.blobs = blobs

    def there(self, upload: Upload) -> int:
        """How many of the bytes that count are there; a file may have got lost, or be longer than what counts."""
        try:
            return min(self._path(upload).stat().st_size, upload.offset)
        except FileNotFoundError:
            return 0

    def writer(self, upload: Upload, *, wrested: bool) -> Writer:
        """Go on after the bytes that count. ``wrested``: somebody else may still be writing, and is not to reach this file."""
        path = self._path(upload)
        if wrested and upload.offset:
            _copied(path, upload.offset)
        elif wrested:
            path.unlink(missing_ok=True)
        return Writer(path, upload.offset)

    def open(self, upload: Upload) -> IO[bytes]:
        """Raise ``FileNotFoundError``."""
        return self._path(upload).open("rb")

    def adopt(self, upload: Upload, stored: Stored, file: IO[bytes]) -> None:
        """Keep it as a blob. When it was adopted before and the blob is gone, ``file``, still open, has its bytes."""
        try:
            self.blobs.adopt(self._path(upload), stored)
        except FileNotFoundError:
            file.seek(0)
            self.blobs.put(iter(lambda: file.read(CHUNK), b""))

    def drop(self, upload: Upload) -> None:
        self._path(upload).unlink(missing_ok=True)

    def strays(self, older_than: float) -> Iterator[UUID]:
        """Uploads that nobody has added to for so many seconds, whether or not somebody still knows of them."""
        with suppress(FileNotFoundError), os.scandir(Path(self.blobs.location) / WAITING) as entries:
            for entry in entries:
                with suppress(FileNotFoundError, ValueError):
                    if entry.name.endswith(SUFFIX) and entry.stat().st_mtime < time.time() - older_than:
                        yield UUID(entry.name.removesuffix(SUFFIX))

    def _path(self, upload: Upload) -> Path:
        return Path(self.blobs.folder(WAITING)) / f"{upload.public_id.hex}{SUFFIX}"


class Writer:
    """Adds to a file at ``offset``; what stands there beyond it never counted, and is cut off."""

    multipart = ""

    def __init__(self, path: Path, offset: int) -> None:
        new = not path.exists()
        self.file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
        self.parts: list[str] = []
        if new:
            sync_folder(path.parent)
        self.file.truncate(offset)
        self.file.seek(offset)

    def write(self, chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:
            rest = rest[self.file.write(rest) :]

    def make_durable(self) -> None:
        os.fdatasync(self.file.fileno())  # its length too, as far as it is needed to read it

    def saved(self) -> None:
        """The row says now what was made durable."""

    def close(self) -> None:
        self.file.close()


def _copied(path: Path, length: int) -> None:
    """The first ``length`` bytes become a new file in the place of the old, which whoever has it open goes on writing to in vain."""
    copy = path.with_name(path.name + ".part")
    with path.open("rb") as old, copy.open("wb") as new:
        os.fchmod(new.fileno(), 0o600)
        while length and (chunk := old.read(min(CHUNK, length))):
            new.write(chunk)
            length -= len(chunk)
        new.flush()
        os.fsync(new.fileno())
    copy.replace(path)
    sync_folder(path.parent)
