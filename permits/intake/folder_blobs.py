"""Blobs in a folder: files that only the portal's own account can read, sealed where ``STORAGE_KEYS`` says so."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from django.core.files.storage import FileSystemStorage

from permits.intake import sealed
from permits.intake.blobs import CHUNK, ROOT, Found, Leftover, Stored, is_digest, key_of

WAITING = "incoming"


class FileBlobs(FileSystemStorage):
    """A folder that only the portal's own account can read; files 0600, folders 0700."""

    def __init__(self, path: str) -> None:
        super().__init__(
            location=path, file_permissions_mode=0o600, directory_permissions_mode=0o700, allow_overwrite=True
        )
        self.where = f"file://{path}"

    def url(self, name: str | None) -> str:
        raise ValueError("materials have no public address: a view checks the right and serves them")

    def save(self, name: str | None, content: IO[Any], max_length: int | None = None) -> str:
        """On disk to its last byte, for what it was made of may be thrown away then."""
        saved = super().save(name, content, max_length)
        path, root = Path(self.path(saved)), Path(self.location)
        with path.open("rb") as file:
            os.fsync(file.fileno())
        for folder in path.parents:  # each may be new, and is an entry of the one above it
            sync_folder(folder)
            if folder == root.parent:
                break
        return saved

    def put(self, chunks: Iterable[bytes], *, over: bool = False) -> Stored:
        waiting = self.folder(WAITING) / uuid.uuid4().hex
        try:
            stored = _written(waiting, chunks)
            self._place(waiting, stored)
        except BaseException:
            with suppress(OSError):
                waiting.unlink()
            raise
        return stored

    def adopt(self, waiting: Path, stored: Stored) -> None:
        """Keep a file that stands in ``incoming`` already, on disk to its last byte; it is gone from there then."""
        if not sealed.wanted():
            self._place(waiting, stored)
            return
        with waiting.open("rb") as file:
            self.put(iter(lambda: file.read(CHUNK), b""))
        waiting.unlink()

    def _place(self, waiting: Path, stored: Stored) -> None:
        key = Path(key_of(stored.sha256))
        folder = self.folder(*key.parent.parts)
        # Moved even over a blob that is there: the same bytes, and one that a disk had damaged is mended.
        name, other = key.name, key.name + sealed.SUFFIX
        if sealed.wanted():
            name, other = other, name
        waiting.replace(folder / name)
        with suppress(FileNotFoundError):  # kept before keys were set, or when they were taken away again
            (folder / other).unlink()
        sync_folder(folder)

    def fetch(self, sha256: str) -> IO[bytes]:
        path = self._path(sha256)
        file = path.open("rb")
        if path.suffix != sealed.SUFFIX:
            return file
        try:
            return sealed.open_sealed(file, os.fstat(file.fileno()).st_size)
        except BaseException:
            file.close()
            raise

    def part(self, sha256: str, start: int, length: int) -> Iterator[bytes]:
        with self.fetch(sha256) as file:
            file.seek(start)
            while length > 0 and (chunk := file.read(min(CHUNK, length))):
                length -= len(chunk)
                yield chunk

    def stat(self, sha256: str) -> Found:
        path = self._path(sha256)
        return _found(sha256, path.name, path.stat())

    def forget(self, sha256: str) -> None:
        for name in (key_of(sha256), key_of(sha256) + sealed.SUFFIX):
            with suppress(FileNotFoundError):
                (Path(self.location) / name).unlink()

    def plain_name(self, sha256: str) -> str | None:
        """Where a web server finds the blob below the folder; nothing for one that only we can open."""
        path = self._path(sha256)
        return None if path.suffix == sealed.SUFFIX else key_of(sha256)

    def listed(self, after: str, until: str) -> Iterator[Found]:
        root = Path(self.location) / ROOT
        for first in _names(root):
            for second in _names(root / first):
                start = first + second
                if start < after[:4]:
                    continue
                if until and start > until[:4]:
                    return
                yield from self._in_folder(root / first / second, after, until)

    def _in_folder(self, folder: Path, after: str, until: str) -> Iterator[Found]:
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
            there = {entry.name.removesuffix(sealed.SUFFIX): entry for entry in sorted(entries, key=lambda e: e.name)}
            for name in sorted(there):
                if is_digest(name) and name > after and (not until or name < until):
                    with suppress(FileNotFoundError):  # thrown away since
                        yield _found(name, there[name].name, there[name].stat())

    def leftovers(self) -> Iterator[Leftover]:
        base = Path(self.location)
        with suppress(FileNotFoundError), os.scandir(base / WAITING) as entries:
            for entry in entries:
                yield _leftover(base, Path(entry.path), ours=True)
        for folder, _folders, names in os.walk(base / ROOT):
            there = set(names)
            for name in names:
                if not is_digest(name.removesuffix(sealed.SUFFIX)) or key_of(name[:64]) != _below(base, folder, name):
                    yield _leftover(base, Path(folder) / name, ours=False)
                elif (
                    is_digest(name) and name + sealed.SUFFIX in there
                ):  # killed when the one took the place of the other
                    twin = name if sealed.wanted() else name + sealed.SUFFIX
                    yield _leftover(base, Path(folder) / twin, ours=True)

    def drop(self, leftover: Leftover) -> None:
        with suppress(FileNotFoundError):
            (Path(self.location) / leftover.name).unlink()

    def sealed_with(self, sha256: str) -> bytes:
        """The id of the key that the blob is sealed with; empty for one that isn't sealed."""
        path = self._path(sha256)
        if path.suffix != sealed.SUFFIX:
            return b""
        with path.open("rb") as file:
            return sealed.sealed_with(file)

    def _path(self, sha256: str) -> Path:
        plain = Path(self.location) / key_of(sha256)
        as_sealed = plain.with_name(plain.name + sealed.SUFFIX)
        first, second = (as_sealed, plain) if sealed.wanted() else (plain, as_sealed)
        return second if not first.exists() and second.exists() else first

    def folder(self, *names: str) -> Path:
        folder = Path(self.location)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in names:
            folder /= name
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                sync_folder(folder.parent)
        return folder


def _written(path: Path, chunks: Iterable[bytes]) -> Stored:
    """Write the content, sealed where it is to be, and force it to disk."""
    digest, size = hashlib.sha256(), 0

    def counted() -> Iterator[bytes]:
        nonlocal size
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            yield chunk

    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for piece in sealed.seal(counted()) if sealed.wanted() else counted():
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return Stored(digest.hexdigest(), size)


def _found(sha256: str, name: str, stat: os.stat_result) -> Found:
    size = sealed.content_size(stat.st_size) if name.endswith(sealed.SUFFIX) else stat.st_size
    modified = datetime.fromtimestamp(stat.st_mtime, UTC)
    return Found(sha256, size, modified, f"{stat.st_ino}-{stat.st_mtime_ns}-{stat.st_size}")


def _leftover(base: Path, path: Path, *, ours: bool) -> Leftover:
    stat = path.lstat()
    return Leftover(str(path.relative_to(base)), stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC), ours)


def _below(base: Path, folder: str, name: str) -> str:
    return str((Path(folder) / name.removesuffix(sealed.SUFFIX)).relative_to(base))


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def sync_folder(folder: Path) -> None:
    """Force the folder's entries to disk, so that a move survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
