"""Which kind a file is, by its content; and what to say of one that isn't asked for."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from typing import IO

import puremagic
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from permits.intake.looking import words
from permits.intake.looking.words import MB, Refused

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "png": "image/png",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "heic": "image/heic",
}
FORMAT_NAMES = {"pdf": "PDF", "jpg": "JPG", "png": "PNG", "docx": "DOCX", "xlsx": "XLSX", "heic": "HEIC"}
STANDS_FOR = {"heic": "jpg"}  # a kind that is taken wherever the other is asked for, and is made into it

MAX_DIRECTORY = 2 * MB  # of a ZIP; Python needs ten times as much to read it

_BEGINNINGS = [
    ("pdf", b"%PDF-"),
    ("jpg", b"\xff\xd8\xff"),
    ("png", b"\x89PNG\r\n\x1a\n"),
    ("zip", b"PK\x03\x04"),
    ("zip", b"PK\x05\x06"),
    ("program", b"MZ"),
    ("program", b"\x7fELF"),
    ("program", b"#!"),
    ("program", b"\xca\xfe\xba\xbe"),
    ("program", b"\xfe\xed\xfa"),
    ("program", b"\xcf\xfa\xed\xfe"),
    ("program", b"\0asm"),
    ("program", b"dex\n"),
    ("link", b"L\0\0\0\x01\x14\x02\0"),
    ("link", b"[InternetShortcut]"),
    ("office97", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ("rtf", b"{\\rtf"),
    ("gif", b"GIF8"),
    ("tiff", b"II*\0"),
    ("tiff", b"MM\0*"),
    ("tiff", b"II+\0"),
    ("bmp", b"BM"),
    ("archive", b"Rar!"),
    ("archive", b"7z\xbc\xaf"),
    ("archive", b"\x1f\x8b"),
    ("archive", b"BZh"),
    ("archive", b"\xfd7zXZ\0"),
    ("archive", b"(\xb5/\xfd"),
    ("archive", b"MSCF"),
]
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|script|svg|iframe|img|\?xml|!--)", re.IGNORECASE
)
_ENCODED_MARKUP = re.compile(rb"(?:\xff\xfe<\0|\xfe\xff\0<)")  # the same in UTF-16


def kind_of(stream: IO[bytes]) -> str:
    """A key of ``MEDIA_TYPES``, or a word for something else that is known, or ''.

    Raise ``Refused`` for a ZIP whose table of contents is so large that reading it would cost too much.
    """
    stream.seek(0)
    head = stream.read(4096)
    for kind, begin in _BEGINNINGS:
        if head.startswith(begin):
            return _kind_of_zip(stream) if kind == "zip" else kind
    if looks_like_markup(head):
        return "html"
    if head[257:262] == b"ustar":
        return "archive"
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head[4:8] == b"ftyp":
        return _kind_of_boxes(head)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    return ""


def looks_like_markup(head: bytes) -> bool:
    return _MARKUP.match(head) is not None or _ENCODED_MARKUP.match(head) is not None


def _kind_of_boxes(head: bytes) -> str:
    """HEIC, AVIF and video begin alike; an AVIF may call itself 'mif1' too and name itself second."""
    length = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, length - 3, 4))}
    if brands & {b"avif", b"avis"}:
        return "avif"
    return "heic" if head[8:12] in _HEIC_BRANDS else "video"


# --- ZIP ----------------------------------------------------------------------------------------------------

UNREADABLE_ZIP = (
    zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, KeyError, RuntimeError, LookupError,
    struct.error, zlib.error,
)  # fmt: skip
_MAIN_TYPES = [
    ("docx", b"wordprocessingml.document.main+xml"),
    ("docx", b"ms-word.document.macroEnabled.main+xml"),
    ("xlsx", b"spreadsheetml.sheet.main+xml"),
    ("xlsx", b"ms-excel.sheet.macroEnabled.main+xml"),
    ("pptx", b"presentationml.presentation.main+xml"),
]


def _kind_of_zip(stream: IO[bytes]) -> str:
    """Which Office document the ZIP holds; 'zip' for one that is none, 'brokenzip' where it can't be read."""
    if directory_size(stream) > MAX_DIRECTORY:
        raise words.unpacks_too_large()
    try:
        with zipfile.ZipFile(stream) as archive:
            names = set(archive.namelist())
            if "[Content_Types].xml" not in names:
                return "ofd" if "OFD.xml" in names else "zip"
            if archive.getinfo("[Content_Types].xml").flag_bits & 1:
                raise words.encrypted()
            with archive.open("[Content_Types].xml") as part:
                types = part.read(MB)
    except Refused:
        raise
    except UNREADABLE_ZIP:
        return "brokenzip"
    for kind, main in _MAIN_TYPES:  # the part is called word/document.xml almost always, but not always
        if main in types:
            return kind
    if "word/document.xml" in names:
        return "docx"
    return "xlsx" if "xl/workbook.xml" in names else "zip"


_END, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"


def directory_size(stream: IO[bytes]) -> int:
    """How many bytes the ZIP's table of contents has, where Python's ``zipfile`` would read it; 0 if there is none."""
    size = stream.seek(0, 2)
    begin = max(0, size - 22 - 0xFFFF)
    stream.seek(begin)
    tail = stream.read()
    at = len(tail) - 22 if tail[-22:-18] == _END and tail.endswith(b"\0\0") else tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        return 0
    (length,) = struct.unpack_from("<I", tail, at + 12)
    if at >= 76 and tail[at - 20 : at - 16] == _LOCATOR_64 and tail[at - 76 : at - 72] == _END_64:
        (length,) = struct.unpack_from("<Q", tail, at - 76 + 40)
    return int(length)


def has_zip(stream: IO[bytes]) -> bool:
    """Whether a ZIP program would find an archive in it, wherever it begins."""
    length = directory_size(stream)
    if not length:
        return False
    size = stream.seek(0, 2)
    stream.seek(max(0, size - 22 - 0xFFFF))
    tail = stream.read()
    end = size - len(tail) + tail.rfind(_END)
    for at in (end - length, end - length - 76):
        if at >= 0:
            stream.seek(at)
            if stream.read(4) == b"PK\x01\x02":
                return True
    return False


# --- What isn't asked for -----------------------------------------------------------------------------------

_ADVICE: dict[str, tuple[str | Promise, str | Promise]] = {
    "program": (_("a program"), ""),
    "link": (_("a shortcut"), _("Open what it leads to, and upload that document itself.")),
    "html": (_("a web page"), _("Print the page as PDF, or take a photo or screenshot of it.")),
    "webp": (_("a WebP image"), _("Save it as JPG or PNG.")),
    "avif": (_("an AVIF image"), _("Save it as JPG or PNG.")),
    "gif": (_("a GIF image"), _("Save it as JPG or PNG.")),
    "tiff": (_("a TIFF image"), _("Save it as JPG or PDF.")),
    "bmp": (_("a BMP image"), _("Save it as JPG or PNG.")),
    "video": (_("a video"), ""),
    "archive": (_("an archive"), _("Unpack it and upload the documents in it one by one.")),
    "zip": (_("a ZIP archive"), _("Unpack it and upload the documents in it one by one.")),
    "ofd": (_("an OFD document"), _("Open it and save it as PDF.")),
    "pptx": (_("a presentation"), _("Save it as PDF.")),
    "rtf": (_("an RTF document"), _("Open it and save it as DOCX or PDF.")),
    "office97": (
        _("a document of an old or protected format (DOC, XLS, WPS, ET)"),
        _("Open it, remove its password if it has one, and save it as DOCX or XLSX or PDF."),
    ),
}


def other_format(kind: str, stream: IO[bytes], name: str, formats: Sequence[str]) -> Refused:
    """The refusal of a file of another format: what it claims to be, what it is, and what to do."""
    accepted = _listed(formats)
    if kind == "brokenzip":
        return words.damaged()
    if kind == "office97" and has_in(stream, "EncryptedPackage".encode("utf-16-le")):
        return words.encrypted()
    claimed = name.rpartition(".")[2].lower().replace("jpeg", "jpg").replace("heif", "heic")
    if kind in FORMAT_NAMES:
        message = _("The file is of the format {found}, but {accepted} is asked for. Save it so, or choose another.")
        return Refused("format", format_lazy(message, found=FORMAT_NAMES[kind], accepted=accepted))
    what, advice = _ADVICE.get(kind, ("", ""))
    what = what or _guess(stream)
    if claimed in FORMAT_NAMES:
        beginning = _("The file's content is not a {claimed}, whatever its name says.")
        beginning = format_lazy(beginning, claimed=FORMAT_NAMES[claimed])
    else:
        beginning = _("A file of this kind is not taken here.")
    parts: list[str | Promise] = [beginning]
    if what:
        parts.append(format_lazy(_("It is {what}."), what=what))
    parts.append(format_lazy(_("Only {accepted} is taken here."), accepted=accepted))
    if advice:
        parts.append(advice)
    return Refused("format", words.sentences(*parts))


def _guess(stream: IO[bytes]) -> str:
    """puremagic's name for content that we have no word for; none where it isn't sure."""
    stream.seek(0)
    try:
        best = puremagic.magic_string(stream.read(4096))[0]
    except (puremagic.PureError, ValueError, IndexError):
        return ""
    return best.name if best.confidence >= 0.7 and len(best.byte_match) >= 4 else ""


def taken_for(formats: Sequence[str]) -> list[str]:
    """The formats, and beside each those that are made into it (a phone's HEIC photo becomes a JPG)."""
    return [each for kind in formats for each in (kind, *(other for other, made in STANDS_FOR.items() if made == kind))]


def _listed(formats: Sequence[str]) -> str | Promise:
    names = [FORMAT_NAMES[kind] for kind in taken_for(formats)]
    if len(names) == 1:
        return names[0]
    return format_lazy(_("{first} or {last}"), first=", ".join(names[:-1]), last=names[-1])


def has_in(stream: IO[bytes], needle: bytes) -> bool:
    stream.seek(0)
    tail = b""
    while chunk := stream.read(MB):
        if needle in tail + chunk:
            return True
        tail = chunk[-len(needle) :]
    return False
