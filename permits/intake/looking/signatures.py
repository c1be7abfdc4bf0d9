"""Content that betrays itself by its bytes alone: the test virus, scripts where no script belongs.

A virus scanner knows more; this is what holds without one, and it costs no more than reading the file once.
"""

from __future__ import annotations

import re
from typing import IO

from permits.intake.looking import kinds, words
from permits.intake.looking.words import MB

# The EICAR test file, in two pieces: else a scanner would take this module away.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
# Long enough that the noise of 20 MB of pixels doesn't spell one of them once in 10,000 files.
_SCRIPTS = re.compile(
    rb"<\?php\s|<script[\s>]|<!doctype\s+html|<html[\s>]|<svg\s+xmlns|<iframe\s|<\?=\s*\$_(?:get|post|request)",
    re.IGNORECASE,
)
_CARRIED = (b"PK\x03\x04", b"\x7fELF", b"Rar!\x1a", b"7z\xbc\xaf\x27", b"\xd0\xcf\x11\xe0\xa1\xb1", b"%PDF-")
_PROGRAMS = (b"MZ", b"\x7fELF", b"Rar!", b"7z\xbc\xaf", b"#!/", b"\xd0\xcf\x11\xe0")


def refuse_virus(stream: IO[bytes]) -> None:
    """Look through the file as it lies; what is packed in it is looked at where it is unpacked."""
    stream.seek(0)
    seen = Watch()
    while chunk := stream.read(MB):
        seen.look(chunk)


class Watch:
    """Looks for the test virus in content that comes piece by piece."""

    def __init__(self) -> None:
        self.tail = b""

    def look(self, chunk: bytes) -> None:
        if EICAR in self.tail + chunk:
            raise words.virus()
        self.tail = chunk[-len(EICAR) :]


def has_script(content: bytes) -> bool:
    """Whether a server or browser that takes the content for a page would find something to run in it."""
    return _SCRIPTS.search(content) is not None


def refuse_second_file(stream: IO[bytes], rest: bytes) -> None:
    """``rest`` is what stands behind an image's own end. Phones write films and more pictures there."""
    if kinds.has_zip(stream) or is_second_file(rest):
        raise words.mixed()


def is_file_of_its_own(content: bytes) -> bool:
    """Whether what should be a picture, a font or a setting begins as an archive, a program, an old document or a PDF does."""
    return content.startswith(_CARRIED) or (content.startswith(b"MZ") and b"PE\0\0" in content[:1024])


def is_second_file(rest: bytes) -> bool:
    return rest.lstrip(b"\0\r\n\t ").startswith(_PROGRAMS) or b"%PDF-" in rest or has_script(rest)
