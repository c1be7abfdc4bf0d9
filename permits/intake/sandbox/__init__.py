"""Strangers' files are opened in a process of their own: a fresh interpreter without settings, secrets, database or network,
in an empty folder, with little memory and little time (``confine``). It says in JSON what the file is and leaves there what it
made of it.

Whoever finds a hole in a library that reads files gets what that process has, which is the file.
"""

from __future__ import annotations

import json
import logging
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.base import File
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from permits.definition import Requirement
from permits.intake import roster, sheet_copy
from permits.intake.looking import words
from permits.intake.looking.words import Refused
from permits.intake.sandbox import process, work
from permits.intake.sandbox.confine import KEPT_FROM

__all__ = ["KEPT_FROM", "Failed", "Looked", "Turned", "holds", "in_words", "looked_into", "rows_of", "tidy", "unreadable"]

log = logging.getLogger(__name__)
LONGEST_ANSWER = 16 * 1024 * 1024  # bytes
PREFIX, PREFIXES = "look-", ("look-", "stamp-")  # of ours, and of ``stamping``
LEFT = 3600  # seconds, after which a folder is of a process that was killed
_one_at_a_time = threading.Lock()
CHILD = "import sys; sys.path.insert(0, sys.argv[1]); from permits.intake.sandbox import child; child.main()"


@dataclass(frozen=True)
class Looked:
    """What the file is, and what was made of it: paths hold until the folder is gone. See ``permits.intake.derive``."""

    media_type: str
    extension: str  # with its dot
    facts: dict[str, Any]
    content: Path | None = None
    thumbs: list[Path] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


class Turned(Refused):
    """Refused by the child. ``verdict`` keeps its words in every language, for ``Material.verdict``."""

    def __init__(self, verdict: dict[str, Any]) -> None:
        self.verdict = verdict
        super().__init__(str(verdict["code"]), in_words(verdict["text"]))
        self.faults: list[str] = list(words.in_language(verdict.get("faults")) or ())
        self.total: int = verdict.get("total", len(self.faults))


class Failed(Exception):
    """The child died or took too long. ``again`` says whether another try may end otherwise."""

    def __init__(self, why: str, *, again: bool) -> None:
        self.again = again
        super().__init__(why)


def unreadable() -> Refused:
    """What is said of a file that the child dies of."""
    return Refused(
        "unreadable",
        _("The file can't be checked: reading it takes too long, or too much memory. Save it anew or print it to PDF, and "
          "upload that."),
    )  # fmt: skip


@contextmanager
def looked_into(file: File | IO[bytes], *, name: str, requirement: Requirement) -> Iterator[Looked]:
    """Look into ``file``. Raise ``Turned`` when it can't be taken, ``Failed`` when the child doesn't come to an end."""
    job = {"name": name, "requirement": requirement.model_dump(mode="json")}
    with _asked(file, job) as (folder, answer):
        if refused := answer.get("refused"):
            raise Turned(refused)
        yield _looked(folder, answer)


def drawn(file: File | IO[bytes], page: int) -> bytes:
    """A page of a PDF (from 1) as a JPEG; nothing when there is no such page. Raise ``Failed``."""
    with _asked(file, {"page": page}) as (folder, answer):
        return _made(folder, answer["content"]).read_bytes() if answer["content"] else b""


@contextmanager
def rows_of(file: File | IO[bytes], *, headers: Mapping[str, Sequence[str]], most: int) -> Iterator[roster.Found]:
    """The rows of a sheet, as far as ``most`` filled ones; see ``sheet_copy``. Raise ``Turned``, ``Failed``."""
    with _asked(file, {"headers": headers, "rows": most}) as (folder, answer):
        if refused := answer.get("refused"):
            raise Turned(refused)
        made = _made(folder, answer["content"])
        if made.stat().st_size > sheet_copy.LONGEST:
            raise Failed("more rows than it was asked for", again=False)
        yield sheet_copy.read(made, answer)


@contextmanager
def _asked(file: File | IO[bytes], job: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The answer, and the folder with what was made, until it is gone. The file is at its beginning again."""
    with tempfile.TemporaryDirectory(
        prefix=PREFIX, dir=settings.FILE_UPLOAD_TEMP_DIR, ignore_cleanup_errors=True
    ) as place:
        folder = Path(place)
        file.seek(0)
        with open(folder / "file", "wb") as copy:
            shutil.copyfileobj(file, copy, 256 * 1024)
        file.seek(0)
        yield folder, _by_a_child(folder, job) if settings.INSPECTION_SANDBOX else _in_this_process(folder, job)


def _in_this_process(folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    """One thread at a time: two in pdfium at once end the process (https://pypdfium2.readthedocs.io, "incompatible with threading")."""
    with _one_at_a_time:
        return work.do(folder, job)


def holds() -> list[str]:
    """What of network, files, programs the kernel here takes from a child, for ``doctor``. Raise ``Failed``."""
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=settings.FILE_UPLOAD_TEMP_DIR) as place:
        return list(_by_a_child(Path(place), {})["holds"])


def tidy() -> int:
    """Throw away the copies of files that were left by who was killed with them in hand. How many there were."""
    place = Path(settings.FILE_UPLOAD_TEMP_DIR or tempfile.gettempdir())
    left = 0
    for folder in (each for prefix in PREFIXES for each in place.glob(prefix + "*")):
        with suppress(OSError):  # another's, or gone meanwhile
            if folder.stat().st_mtime < time.time() - LEFT:
                shutil.rmtree(folder)
                left += 1
    return left


def _looked(folder: Path, answer: dict[str, Any]) -> Looked:
    return Looked(
        answer["media_type"], answer["extension"], answer["facts"],
        _made(folder, answer["content"]) if answer["content"] else None,
        [_made(folder, name) for name in answer["thumbs"]], list(answer["texts"]),
    )  # fmt: skip


def _made(folder: Path, name: str) -> Path:
    """Only names of plain files in the folder are taken from a process that a stranger's file went through."""
    path = folder / work.MADE / Path(name).name
    if path.is_symlink() or path.parent.is_symlink() or not path.is_file():
        raise Failed(f"the child names a file that it didn't make: {name[:80]!r}", again=False)
    return path


def _by_a_child(folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    (folder / work.JOB).write_text(json.dumps(job | {"limits": settings.INSPECTION_LIMITS}), encoding="utf-8")
    seconds = settings.INSPECTION_LIMITS["seconds"]
    try:
        code, said = process.run(["-c", CHILD, str(settings.BASE_DIR)], folder=folder, seconds=seconds * 1.5 + 5)
    except process.TooLong as error:  # what computes ends by itself; this one slept
        raise Failed(str(error), again=False) from None
    if code == 0:
        return _answer(folder)
    log.warning("a file could not be looked into, exit %s: %s", code, said)
    if code == -signal.SIGXCPU:
        raise Failed(f"more than {seconds} s of computing", again=False)
    # By SIGKILL it may have been the machine that was short of memory, and not the file that is at fault.
    raise Failed(f"ended with {code}", again=code == -signal.SIGKILL)


def _answer(folder: Path) -> dict[str, Any]:
    path = folder / work.ANSWER
    if path.is_symlink() or not path.is_file() or path.stat().st_size > LONGEST_ANSWER:
        raise Failed("no answer, or one that is too long", again=False)
    try:
        answer = json.loads(path.read_bytes())
    except ValueError:
        raise Failed("the answer is no JSON", again=False) from None
    return dict(answer)


def in_words(text: dict[str, str]) -> Any:
    """The text in the language of whoever reads it."""
    return format_lazy("{text}", text=_Said(text))


class _Said:
    def __init__(self, text: dict[str, str]) -> None:
        self.text = text

    def __str__(self) -> str:
        return str(words.in_language(self.text) or "")
