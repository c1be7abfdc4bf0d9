"""What an uploaded file really is, and whether it may come in.

Only content counts: neither the name nor the type that the browser claims is believed.
"""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, cast

import pikepdf
import puremagic
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from PIL import Image, UnidentifiedImageError

from permits.definition import Requirement

MB = 1024 * 1024
MAX_PIXELS = 100_000_000
MAX_PDF_OBJECTS = 500_000
MAX_ENTRIES = 5_000
MAX_UNPACKED = 200 * MB
MAX_RATIO = 150
RATIO_COUNTS_FROM = 20 * MB

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "png": "image/png",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
FORMAT_NAMES = {"pdf": "PDF", "jpg": "JPG", "png": "PNG", "docx": "DOCX", "xlsx": "XLSX"}

Image.MAX_IMAGE_PIXELS = MAX_PIXELS


class Refused(ValidationError):
    """A file that can't be taken, with what is wrong and what to do, in the reader's language."""

    def __init__(self, code: str, message: str | Promise) -> None:
        super().__init__(cast(str, message), code=code)


@dataclass(frozen=True)
class Inspection:
    media_type: str
    extension: str  # with its dot
    facts: dict[str, Any] = field(default_factory=dict)


def inspect(file: File | IO[bytes], *, name: str, requirement: Requirement) -> Inspection:
    """What ``file`` is; raise ``Refused`` if it is empty, too large, damaged, dangerous or not asked for."""
    stream = _stream(file)
    size = stream.seek(0, 2)
    refuse_size(size, requirement.max_mb * MB)
    kind = _kind(stream)
    if kind not in requirement.formats:
        raise _other_format(kind, stream, name, requirement)
    stream.seek(0)
    facts = _LOOK_INTO[kind](stream)
    stream.seek(0)
    return Inspection(MEDIA_TYPES[kind], f".{kind}", facts)


def refuse_size(size: int, limit: int) -> None:
    if size == 0:
        raise Refused("empty", _("The file is empty (0 bytes). Check that it opens, and choose it again."))
    if size > limit:
        raise Refused(
            "too_large",
            format_lazy(
                _("The file has {size} MB, at most {limit} MB are taken. Make it smaller."),
                size=_megabytes(size),
                limit=f"{limit / MB:g}",
            ),
        )


def _megabytes(size: int) -> str:
    """Rounded up, so that a file a few bytes over 20 MB isn't said to have 20 MB."""
    return f"{-(-size * 10 // MB) / 10:g}"


def _stream(file: File | IO[bytes]) -> IO[bytes]:
    """The bare stream below Django's wrappers, which pikepdf and zipfile can work with."""
    stream: Any = file
    while isinstance(stream, File):
        stream = stream.file
    stream.seek(0)
    return cast(IO[bytes], stream)


# --- Which kind it is ---------------------------------------------------------------------------------------


def _kind(stream: IO[bytes]) -> str:
    """'pdf', 'jpg', 'png', 'docx', 'xlsx', or a word for something else that is known, or ''."""
    stream.seek(0)
    head = stream.read(4096)
    for kind, begin in _BEGINNINGS:
        if head.startswith(begin):
            return _kind_of_zip(stream) if kind == "zip" else kind
    if b"%PDF-" in head[:1024] and not _looks_like_markup(head):
        return "pdf"
    if head[4:8] == b"ftyp":
        return "heic" if head[8:12] in {b"heic", b"heix", b"mif1", b"msf1", b"hevc"} else "video"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    return "html" if _looks_like_markup(head) else ""


_BEGINNINGS = [
    ("pdf", b"%PDF-"),
    ("jpg", b"\xff\xd8\xff"),
    ("png", b"\x89PNG\r\n\x1a\n"),
    ("zip", b"PK\x03\x04"),
    ("zip", b"PK\x05\x06"),
    ("program", b"MZ"),
    ("program", b"\x7fELF"),
    ("program", b"#!"),
    ("office97", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ("gif", b"GIF8"),
    ("archive", b"Rar!"),
    ("archive", b"7z\xbc\xaf"),
    ("archive", b"\x1f\x8b"),
]


def _looks_like_markup(head: bytes) -> bool:
    return _MARKUP.match(head) is not None


_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|script|svg|\?xml|!--)", re.IGNORECASE)


def _kind_of_zip(stream: IO[bytes]) -> str:
    """Which Office document the ZIP holds; 'zip' for one that is none, 'brokenzip' where it can't be read."""
    try:
        with zipfile.ZipFile(stream) as archive:
            names = set(archive.namelist())
    except _UNREADABLE_ZIP:
        return "brokenzip"
    if "[Content_Types].xml" in names:
        if "word/document.xml" in names:
            return "docx"
        if "xl/workbook.xml" in names:
            return "xlsx"
        if "ppt/presentation.xml" in names:
            return "pptx"
    return "ofd" if "OFD.xml" in names else "zip"


_ADVICE: dict[str, tuple[str | Promise, str | Promise]] = {
    "program": (_("a program"), ""),
    "html": (_("a web page"), _("Print the page as PDF, or take a photo or screenshot of it.")),
    "heic": (_("a HEIC photo"), _("Save it as JPG (iPhone: Settings, Camera, Formats, Most Compatible).")),
    "webp": (_("a WebP image"), _("Save it as JPG or PNG.")),
    "gif": (_("a GIF image"), _("Save it as JPG or PNG.")),
    "video": (_("a video"), ""),
    "archive": (_("an archive"), _("Unpack it and upload the documents in it one by one.")),
    "zip": (_("a ZIP archive"), _("Unpack it and upload the documents in it one by one.")),
    "ofd": (_("an OFD document"), _("Open it and save it as PDF.")),
    "pptx": (_("a presentation"), _("Save it as PDF.")),
    "office97": (
        _("a document of an old or protected format (DOC, XLS, WPS, ET)"),
        _("Open it, remove its password if it has one, and save it as DOCX or XLSX or PDF."),
    ),
}


def _other_format(kind: str, stream: IO[bytes], name: str, requirement: Requirement) -> Refused:
    """The refusal of a file of another format: what it claims to be, what it is, and what to do."""
    accepted = _listed(requirement)
    if kind == "brokenzip":
        return _damaged()
    if kind == "office97" and _has_in(stream, "EncryptedPackage".encode("utf-16-le")):
        return _encrypted()
    claimed = name.rpartition(".")[2].lower().replace("jpeg", "jpg")
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
    return Refused("format", _sentences(parts))


def _guess(stream: IO[bytes]) -> str:
    """puremagic's name for content that we have no word for; none where it isn't sure."""
    stream.seek(0)
    try:
        best = puremagic.magic_string(stream.read(4096))[0]
    except (puremagic.PureError, ValueError, IndexError):
        return ""
    return best.name if best.confidence >= 0.7 and len(best.byte_match) >= 4 else ""


def _listed(requirement: Requirement) -> str | Promise:
    names = [FORMAT_NAMES[kind] for kind in requirement.formats]
    if len(names) == 1:
        return names[0]
    return format_lazy(_("{first} or {last}"), first=", ".join(names[:-1]), last=names[-1])


def _sentences(parts: list[str | Promise]) -> Promise:
    """One text of several sentences; Chinese ones follow one another without a blank."""
    if len(parts) == 1:
        return format_lazy("{only}", only=parts[0])
    return format_lazy(_("{first} {then}"), first=parts[0], then=_sentences(parts[1:]))


def _has_in(stream: IO[bytes], needle: bytes) -> bool:
    stream.seek(0)
    tail = b""
    while chunk := stream.read(MB):
        if needle in tail + chunk:
            return True
        tail = chunk[-len(needle) :]
    return False


def _damaged() -> Refused:
    return Refused(
        "damaged",
        _("The file is damaged or not whole. If it opens on your device, save it anew and upload that."),
    )


def _encrypted() -> Refused:
    return Refused("encrypted", _("The file is protected. Save it without a password or restrictions and upload that."))


# --- PDF ----------------------------------------------------------------------------------------------------


def _look_into_pdf(stream: IO[bytes]) -> dict[str, Any]:
    try:
        with _opened_pdf(stream) as (pdf, mended):
            if pdf.is_encrypted:
                raise _encrypted()
            pages = len(pdf.pages)
            if not pages or not all(isinstance(page.obj, pikepdf.Dictionary) for page in pdf.pages):
                raise _damaged()
            _refuse_active_content(pdf)
            return {"pages": pages, **({"mended": True} if mended else {})}
    except pikepdf.PasswordError as error:
        raise _encrypted() from error
    except _UNREADABLE_PDF as error:
        raise _damaged() from error


_UNREADABLE_PDF = (
    pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, RecursionError, RuntimeError,
)  # fmt: skip


@contextmanager
def _opened_pdf(stream: IO[bytes]) -> Iterator[tuple[pikepdf.Pdf, bool]]:
    """The PDF, and whether its table of contents had to be mended, as those of many scanners have to be.

    One that has lost its end is not mended: nobody can tell how many pages are missing.
    """
    try:
        pdf, mended = pikepdf.open(cast(Any, stream), attempt_recovery=False), False
    except pikepdf.PasswordError:
        raise
    except pikepdf.PdfError:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - 8192))
        if b"startxref" not in stream.read():
            raise
        stream.seek(0)
        pdf, mended = pikepdf.open(cast(Any, stream)), True
    with pdf:
        yield pdf, mended


def _refuse_active_content(pdf: pikepdf.Pdf) -> None:
    """No scripts, no starting of programs, no files within the file; every object is looked at."""
    if len(pdf.objects) > MAX_PDF_OBJECTS:
        raise Refused("too_complex", _("The PDF is too complex to check. Print it as PDF anew and upload that."))
    for top in pdf.objects:
        waiting: list[Any] = [top]
        while waiting:
            part = waiting.pop()
            if isinstance(part, pikepdf.Stream):
                part = part.stream_dict
            if isinstance(part, pikepdf.Dictionary):
                _refuse_active_part(part)
                waiting += [value for _key, value in part.items() if _is_direct_container(value)]
            elif isinstance(part, pikepdf.Array):
                waiting += [value for value in cast(Any, part) if _is_direct_container(value)]


def _is_direct_container(value: Any) -> bool:
    """A list or dictionary that stands right here; what is referred to has its own turn."""
    return isinstance(value, pikepdf.Array | pikepdf.Dictionary) and not value.is_indirect


def _refuse_active_part(part: pikepdf.Dictionary) -> None:
    keys = set(part.keys())
    action = str(part.get("/S", "")) if "/S" in keys else ""
    kind = str(part.get("/Type", "")) if "/Type" in keys else ""
    advice = _("Print it as PDF anew (in the print window choose “Save as PDF”) and upload that.")
    if "/JS" in keys or action == "/JavaScript":
        raise Refused("active", _sentences([_("The PDF has a script (JavaScript) in it."), advice]))
    if action in {"/Launch", "/ImportData"}:
        raise Refused("active", _sentences([_("The PDF starts a program or reads another file."), advice]))
    if "/EF" in keys or "/EmbeddedFiles" in keys or kind == "/EmbeddedFile" or action == "/RichMedia":
        raise Refused("active", _sentences([_("The PDF has other files in it."), advice]))


# --- Images -------------------------------------------------------------------------------------------------

_UNREADABLE_IMAGE = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    zlib.error,
)
_PILLOW_FORMATS = {"jpg": ["JPEG"], "png": ["PNG"]}


def _image_inspector(kind: str) -> Callable[[IO[bytes]], dict[str, Any]]:
    def look_into(stream: IO[bytes]) -> dict[str, Any]:
        try:
            with Image.open(stream, formats=_PILLOW_FORMATS[kind]) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    raise _too_many_pixels()
                image.verify()
            stream.seek(0)
            with Image.open(stream, formats=_PILLOW_FORMATS[kind]) as image:
                orientation = int(image.getexif().get(0x0112, 1) or 1)
                # A JPEG is read to its end all the same, but only an eighth as wide and high lies in memory.
                image.draft("RGB", (max(1, width // 8), max(1, height // 8)))
                image.load()
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise _too_many_pixels() from error
        except _UNREADABLE_IMAGE as error:
            raise _damaged() from error
        if orientation in {5, 6, 7, 8}:  # lies on its side
            width, height = height, width
        return {"width": width, "height": height, "orientation": orientation}

    return look_into


def _too_many_pixels() -> Refused:
    message = _("The image has more than {limit} million pixels. Save it smaller and upload that.")
    return Refused("too_many_pixels", format_lazy(message, limit=MAX_PIXELS // 1_000_000))


# --- Office documents ---------------------------------------------------------------------------------------

_UNREADABLE_ZIP = (
    zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, KeyError,
    RuntimeError, LookupError, lzma.LZMAError,
)  # fmt: skip
_MAIN_PART = {
    "docx": b"wordprocessingml.document.main+xml",
    "xlsx": b"spreadsheetml.sheet.main+xml",
}
_MACRO_PARTS = re.compile(r"(^|/)(vbaproject\.bin|vbadata\.xml)$|^xl/macrosheets/", re.IGNORECASE)


def _office_inspector(kind: str) -> Callable[[IO[bytes]], dict[str, Any]]:
    def look_into(stream: IO[bytes]) -> dict[str, Any]:
        size = stream.seek(0, 2)
        try:
            with zipfile.ZipFile(stream) as archive:
                _look_into_package(archive, kind, size)
        except _UNREADABLE_ZIP as error:
            raise _damaged() from error
        return {}

    return look_into


def _look_into_package(archive: zipfile.ZipFile, kind: str, size: int) -> None:
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED or (
        unpacked > RATIO_COUNTS_FROM and unpacked > MAX_RATIO * size
    ):  # fmt: skip
        raise _too_much_inside()
    if any(entry.flag_bits & 1 for entry in entries):
        raise _encrypted()
    if any(_MACRO_PARTS.search(entry.filename) for entry in entries):
        raise _macros()
    left = MAX_UNPACKED
    for entry in entries:
        left -= _read_part(archive, entry, left)
    types = archive.read("[Content_Types].xml")
    if b"macroEnabled" in types:
        raise _macros()
    if _MAIN_PART[kind] not in types:
        raise _damaged()


def _read_part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> int:
    """Read the part to its end, which checks its sum; whatever its header claims, ``left`` bytes at most."""
    read = 0
    with archive.open(entry) as part:
        while chunk := part.read(64 * 1024):
            if not read and entry.filename.lower().endswith((".xml", ".rels", ".vml")):
                _refuse_document_type(chunk)
            read += len(chunk)
            if read > left:
                raise _too_much_inside()
    return read


def _refuse_document_type(beginning: bytes) -> None:
    """Office never writes a document type; it is there to pull in other files or to blow up the reader."""
    plain = beginning.replace(b"\0", b"").upper()  # UTF-16 too
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise _damaged()


def _too_much_inside() -> Refused:
    return Refused(
        "unpacks_too_large",
        _("Unpacked, the document is too large. Delete empty rows and large pictures, and save it anew."),
    )


def _macros() -> Refused:
    return Refused("macros", _("The document has macros in it. Save it as DOCX or XLSX without macros."))


_LOOK_INTO: dict[str, Callable[[IO[bytes]], dict[str, Any]]] = {
    "pdf": _look_into_pdf,
    "jpg": _image_inspector("jpg"),
    "png": _image_inspector("png"),
    "docx": _office_inspector("docx"),
    "xlsx": _office_inspector("xlsx"),
}
