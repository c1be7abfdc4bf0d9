"""The virus scanner: ClamAV's clamd at ``CLAMD_URL``, by its INSTREAM command (clamd(8)). Without the setting nothing is scanned.

What can't be scanned is not passed: ``Down``, and the file waits. (The package ``clamd`` is of 2014: it needs setuptools at run
time and takes what the kernel took of a chunk for the whole of it.)
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from permits.intake.looking import words

TIMEOUT = 60.0  # seconds
CHUNK = 64 * 1024  # bytes
LONGEST = 4096  # bytes of an answer


class Down(Exception):
    """No scanner, or none that took the file; the text is for operators."""


def scan(file: IO[bytes]) -> None:
    """Raise ``Refused`` for a file with a virus in it, ``Down`` when nobody can say."""
    if not settings.CLAMD_URL:
        return
    file.seek(0)
    with _connected() as clamd:
        try:
            clamd.sendall(b"zINSTREAM\0")
            while chunk := file.read(CHUNK):
                clamd.sendall(struct.pack("!L", len(chunk)) + chunk)
            clamd.sendall(struct.pack("!L", 0))
        except (BrokenPipeError, ConnectionResetError):
            pass  # it stops listening at its own limit, and says so
        answer = _answer(clamd)
    file.seek(0)
    if answer.endswith(" FOUND"):
        raise words.virus()
    if "size limit exceeded" in answer:
        raise Down("clamd takes no file of this size: raise its StreamMaxLength above UPLOAD_MAX_BYTES")
    if answer != "stream: OK":
        raise Down(f"clamd at {settings.CLAMD_URL} says: {answer or 'nothing'}")


@dataclass(frozen=True)
class Version:
    text: str  # "ClamAV 1.4.1/27500/Thu Nov 26 08:31:04 2026"
    of: datetime | None  # its signatures'


def version() -> Version | None:
    """For ``doctor``; ``None`` where no scanner is set. Raise ``Down``."""
    if not settings.CLAMD_URL:
        return None
    with _connected() as clamd:
        clamd.sendall(b"zVERSION\0")
        said = _answer(clamd)
    if not said.startswith("ClamAV"):
        raise Down(f"what answers at {settings.CLAMD_URL} is no clamd: {said[:80] or 'nothing'}")
    try:
        of = datetime.strptime(said.split("/")[2], "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except (IndexError, ValueError):  # it has no signatures yet, or says it otherwise
        of = None
    return Version(said, of)


@contextmanager
def _connected() -> Iterator[socket.socket]:
    try:
        with _socket() as clamd:
            yield clamd
    except OSError as error:
        raise Down(f"clamd at {settings.CLAMD_URL} does not answer: {error}") from error


def _socket() -> socket.socket:
    parts = urlsplit(settings.CLAMD_URL)
    if parts.scheme == "tcp" and parts.hostname:
        return socket.create_connection((parts.hostname, parts.port or 3310), timeout=TIMEOUT)
    if parts.scheme != "unix" or not parts.path:
        raise ImproperlyConfigured("CLAMD_URL: write tcp://host:3310, or unix:///run/clamav/clamd.ctl")
    clamd = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    clamd.settimeout(TIMEOUT)
    clamd.connect(parts.path)
    return clamd


def _answer(clamd: socket.socket) -> str:
    said = b""
    while not said.endswith(b"\0") and len(said) < LONGEST and (more := clamd.recv(LONGEST)):
        said += more
    return said.rstrip(b"\0\n").decode("utf-8", "replace")
