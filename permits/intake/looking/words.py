"""Every refusal of a file: its code, what is wrong, and what to do about it, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

MB = 1024 * 1024
MILLION = 1_000_000
LISTED = 10  # pages; who scanned more blank ones sees them

Words = str | Promise


class Refused(ValidationError):
    """A file that can't be taken, with what is wrong and what to do, in the reader's language."""

    def __init__(self, code: str, message: Words) -> None:
        super().__init__(cast(str, message), code=code)


@dataclass(frozen=True)
class Warned:
    """A file that is taken, and what the applicant had better look at all the same."""

    code: str
    message: Words


def in_language(by_language: Mapping[str, Any] | None) -> Any:
    """Of something that is kept in every language (``zh-hans``, ``en``) that of whoever reads it; None of nothing."""
    language = "en" if (get_language() or "").startswith("en") else "zh-hans"
    found = by_language or {}
    return found.get(language) or next(iter(found.values()), None)


def sentences(*parts: Words) -> Promise:
    """One text of several sentences; Chinese ones follow one another without a blank."""
    if len(parts) == 1:
        return format_lazy("{only}", only=parts[0])
    return format_lazy(_("{first} {then}"), first=parts[0], then=sentences(*parts[1:]))


# --- Any file -----------------------------------------------------------------------------------------------


def empty() -> Refused:
    return Refused("empty", _("The file is empty (0 bytes). Check that it opens, and choose it again."))


def too_large(size: int, limit: int) -> Refused:
    message = _("The file has {size} MB, at most {limit} MB are taken. Make it smaller.")
    return Refused("too_large", format_lazy(message, size=_megabytes(size), limit=f"{limit / MB:g}"))


def _megabytes(size: int) -> str:
    """Rounded up, so that a file a few bytes over 20 MB isn't said to have 20 MB."""
    return f"{-(-size * 10 // MB) / 10:g}"


def damaged() -> Refused:
    return Refused(
        "damaged",
        _("The file is damaged or not whole. If it opens on your device, save it anew and upload that."),
    )


def encrypted() -> Refused:
    return Refused("encrypted", _("The file is protected. Save it without a password or restrictions and upload that."))


def virus() -> Refused:
    return Refused(
        "virus",
        _("A virus scanner would stop this file. Check your device for viruses, and upload a clean copy."),
    )


def mixed() -> Refused:
    return Refused(
        "mixed",
        _("A second file of another kind is hidden in this one. Save or print it anew, or take a photo of it."),
    )


def too_complex() -> Refused:
    return Refused(
        "too_complex",
        _("The file is too complex to be checked. Print it as PDF anew, or save it smaller, and upload that."),
    )


# --- Images -------------------------------------------------------------------------------------------------


def too_many_pixels(limit: int) -> Refused:
    message = _("The image has more than {limit} million pixels. Save it smaller and upload that.")
    return Refused("too_many_pixels", format_lazy(message, limit=limit // MILLION))


def too_much_metadata() -> Refused:
    return Refused(
        "too_much_metadata",
        _("Far more is attached to the image than a picture needs. Take a screenshot of it and upload that."),
    )


def moving() -> Refused:
    return Refused("moving", _("The image moves. Take a screenshot of what is to be seen and upload that."))


# --- PDF ----------------------------------------------------------------------------------------------------

PRINT_ANEW = _("Print it as PDF anew (in the print window choose “Save as PDF”) and upload that.")


def pdf_script() -> Refused:
    return Refused("script", sentences(_("The PDF has a script (JavaScript) in it."), PRINT_ANEW))


def pdf_launch() -> Refused:
    return Refused("launch", sentences(_("The PDF starts a program or reads another file."), PRINT_ANEW))


def pdf_attachment() -> Refused:
    message = _("The PDF has other files in it.")
    upload_each = _("Take them out and upload each by itself, or print it as PDF anew.")
    return Refused("attachment", sentences(message, upload_each))


def pdf_submit() -> Refused:
    return Refused("submit", sentences(_("The PDF is a form that sends its answers somewhere."), PRINT_ANEW))


def pdf_calls_out() -> Refused:
    return Refused("calls_out", sentences(_("The PDF opens an address by itself, or a dangerous one."), PRINT_ANEW))


def pdf_xfa() -> Refused:
    return Refused("xfa", sentences(_("The PDF is an XFA form, which browsers can't show."), PRINT_ANEW))


def pdf_media() -> Refused:
    return Refused("media", sentences(_("The PDF has sound, video or 3D in it."), PRINT_ANEW))


def too_many_pages(pages: int, limit: int) -> Refused:
    message = _("The PDF has {pages} pages, at most {limit} are taken. Upload only the pages that are asked for.")
    return Refused("too_many_pages", format_lazy(message, pages=pages, limit=limit))


def pdf_unpacks_too_large() -> Refused:
    message = _("Unpacked, the PDF is too large.")
    return Refused("pdf_unpacks_too_large", sentences(message, PRINT_ANEW))


# --- Office documents ---------------------------------------------------------------------------------------


def unpacks_too_large() -> Refused:
    return Refused(
        "unpacks_too_large",
        _("Unpacked, the document is too large. Delete empty rows and large pictures, and save it anew."),
    )


def macros() -> Refused:
    return Refused("macros", _("The document has macros in it. Save it as DOCX or XLSX without macros."))


def container() -> Refused:
    return Refused(
        "container",
        _("The document is packed in a way that no office program packs it. Open it, save it anew and upload that."),
    )


def doctype() -> Refused:
    return Refused(
        "doctype",
        _("The document tries to read other files (a document type in its XML). Open it, save it as PDF or anew."),
    )


def remote() -> Refused:
    return Refused(
        "remote",
        _("The document fetches a template or picture from elsewhere. Save the picture in it, or save it as PDF."),
    )


def linked() -> Refused:
    return Refused(
        "linked",
        _("The sheet takes values from other files or from the network. Break its links (Data, Edit Links), save it."),
    )


def embedded() -> Refused:
    return Refused(
        "embedded",
        _("Another file is embedded in the document. Delete it there and upload it by itself, or save it all as PDF."),
    )


def control() -> Refused:
    return Refused(
        "control",
        _("The document has controls or add-ins (ActiveX) in it. Delete them, or save it as PDF."),
    )


def command() -> Refused:
    return Refused(
        "command",
        _("A field or formula of the document starts a program or calls an address (DDE). Replace it by its value."),
    )


# --- Warnings -----------------------------------------------------------------------------------------------


def blank_image() -> Warned:
    return Warned(
        "blank", _("The picture shows nothing: it is all one colour. Look at it, and take it again if need be.")
    )


def blurred_image() -> Warned:
    return Warned("blurred", _("The picture looks blurred. If the writing can't be read on it, take it again."))


def small_image() -> Warned:
    return Warned("small", _("The picture is very small. If the writing can't be read on it, take it again."))


def blank_pages(pages: list[int]) -> Warned:
    if len(pages) == 1:
        return Warned(
            "blank_pages", format_lazy(_("Page {page} is blank. Check that nothing is missing."), page=pages[0])
        )
    message = _("Pages {pages} are blank. Check that nothing is missing.")
    return Warned("blank_pages", format_lazy(message, pages=_listed(pages[:LISTED], more=len(pages) > LISTED)))


def _listed(numbers: list[int], *, more: bool) -> Words:
    if len(numbers) == 1:
        return f"{numbers[0]} …" if more else str(numbers[0])
    return format_lazy(_("{first}, {then}"), first=numbers[0], then=_listed(numbers[1:], more=more))
