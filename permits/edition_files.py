"""The files of an edition: forms to download and pictures of good documents, frozen with it when it is published.

A definition names them (``template``, ``example`` of a material). They are looked for in the folder ``files`` beside the
definition, or among those that were uploaded for the draft; then among those of the edition in force, then among those that
ship with the portal.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.core.exceptions import ValidationError
from django.http import FileResponse
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from permits import definition_file
from permits.definition import Definition, Requirement
from permits.definition_parts import FILE_NAME, Text
from permits.intake import reading, sandbox, storage
from permits.intake.blob_lock import lock_blob
from permits.intake.inspect import MB, MEDIA_TYPES, glance, refuse_size
from permits.intake.looking.kinds import other_format, taken_for
from permits.models import EditionDraft, EditionDraftFile, EditionFile, ServiceVersion

SHIPPED = Path(__file__).parent / "services" / "files"
MAX_BYTES = 20 * MB
CSV = "text/csv; charset=utf-8"
ROLES = {"template": ("pdf", "docx", "xlsx", "csv", "jpg", "png"), "example": ("jpg", "png")}  # key: which kinds of file


@dataclass(frozen=True)
class Found:
    """A file that a definition names; ``content`` is ``None`` when the storage has it already."""

    name: str
    media_type: str
    size: int
    sha256: str
    content: bytes | None


def named(definition: Definition) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Where in the definition a file is named, and its name."""
    for place, material in enumerate(definition.materials):
        for key in ("template", "example"):
            if name := getattr(material, key):
                yield ("materials", place, key), name


def find(
    source: str, definition: Definition, *, name: str, folder: Path | None, in_force: ServiceVersion | None,
    draft: EditionDraft | None = None,
) -> list[Found]:  # fmt: skip
    """Every file that the definition names. Raise ``DefinitionError`` with the line of each that isn't there or no good."""
    earlier = standing(in_force, draft)
    found: dict[str, Found] = {}
    faults = []
    for place, wanted in named(definition):
        try:
            found[wanted] = _one(wanted, folder, earlier.get(wanted))
        except LookupError:
            where = folder or SHIPPED
            words = f"the file '{wanted}' is not there: put it into {where}, or take this key away"
            if draft is not None:
                words = f"the file '{wanted}' is not there: upload it for this draft, or take this key away"
            faults.append(definition_file.fault(source, place, words, name=name))
        except ValidationError as error:
            words = f"the file '{wanted}' can't be taken: {' '.join(error.messages)}"
            faults.append(definition_file.fault(source, place, words, name=name))
    if faults:
        raise definition_file.DefinitionError(faults)
    return list(found.values())


def standing(in_force: ServiceVersion | None, draft: EditionDraft | None) -> dict[str, EditionFile | EditionDraftFile]:
    """By name: the files of the edition in force, and over them those that were uploaded for the draft."""
    found: dict[str, EditionFile | EditionDraftFile] = {}
    for files in (in_force.files.all() if in_force else (), draft.files.all() if draft else ()):
        found |= {file.name: file for file in files}
    return found


def keep(version: ServiceVersion, found: list[Found]) -> None:
    """Freeze the files with the edition, in the transaction of its publication. Raise ``StorageUnavailable``."""
    for file in found:
        lock_blob(file.sha256)  # nobody discards it before it has its row
        if file.content is not None and not storage.exists(file.sha256):
            storage.put(io.BytesIO(file.content))
        EditionFile.objects.create(
            version=version, name=file.name, media_type=file.media_type, size=file.size, sha256=file.sha256
        )


def _one(wanted: str, folder: Path | None, earlier: EditionFile | EditionDraftFile | None) -> Found:
    if folder is not None and (folder / wanted).is_file():
        return _read(folder / wanted)
    if earlier is not None:
        return Found(wanted, earlier.media_type, earlier.size, earlier.sha256, None)
    if (SHIPPED / wanted).is_file():
        return _shipped(SHIPPED / wanted, (SHIPPED / wanted).stat().st_mtime_ns)
    raise LookupError(wanted)


@lru_cache(maxsize=32)
def _shipped(path: Path, _changed: int) -> Found:
    """Services share what ships with the portal; each file is looked into once."""
    return _read(path)


def _read(path: Path) -> Found:
    refuse_size(path.stat().st_size, MAX_BYTES)
    return looked_into(path.name, path.read_bytes())


def ships(name: str) -> bool:
    return bool(re.fullmatch(FILE_NAME, name)) and (SHIPPED / name).is_file()


def looked_into(name: str, content: bytes) -> Found:
    """What everybody is to download is looked into like what everybody uploads. Raise ``ValidationError``."""
    kind = name.rpartition(".")[2]
    media_type = CSV if kind == "csv" else MEDIA_TYPES[kind]
    if kind != "csv":
        words = Text(zh=name, en=name)
        wanted = Requirement.model_validate({"key": "file", "title": words.model_dump(), "formats": [kind]})
        found = glance(io.BytesIO(content), name=name, requirement=wanted)
        if found != kind:  # a HEIC would become a JPEG on its way in; this one is given out as it is
            raise other_format(found, io.BytesIO(content), name, [kind])
        try:
            with sandbox.looked_into(io.BytesIO(content), name=name, requirement=wanted):
                pass
        except sandbox.Failed as error:
            raise sandbox.unreadable() from error
    return Found(name, media_type, len(content), hashlib.sha256(content).hexdigest(), content)


def name_for(uploaded: str, *, material: str, role: str) -> str:
    """The name that an upload gets: its own where an address can hold it, else one made of what it is for.

    ``role`` is one of ``ROLES``. Raise ``ValidationError`` for a kind of file that can't be given.
    """
    stem, _dot, kind = uploaded.lower().rpartition(".")
    kind = "jpg" if kind == "jpeg" else kind
    if kind not in ROLES[role]:
        raise ValidationError(_("This can't be given to applicants; what can: %(kinds)s.")
                              % {"kinds": ", ".join(ROLES[role]).upper()})  # fmt: skip
    name = f"{stem}.{kind}"
    return name if re.fullmatch(FILE_NAME, name) else f"{material}_{role}.{kind}"


def served(file: EditionFile | EditionDraftFile) -> FileResponse:
    """A form is saved, a picture is shown; neither can run anything. Raise ``StorageUnavailable``, ``Damaged``."""
    response = FileResponse(reading.opened(file.sha256), content_type=file.media_type)
    picture = file.media_type.startswith("image/")
    response["Content-Disposition"] = content_disposition_header(not picture, file.name) or "attachment"
    response["Content-Length"] = str(file.size)
    response["Content-Security-Policy"] = "default-src 'none'; img-src 'self'; sandbox"
    return response


# --- Words and addresses for those who apply -------------------------------------------------------------------------


def what_is_taken(requirement: Requirement) -> str:
    """Formats, size and count, in words."""
    said = {"formats": ", ".join(map(str.upper, taken_for(requirement.formats))), "mb": requirement.max_mb, "n": requirement.max_count}
    if requirement.max_count > 1:
        return _("%(formats)s, up to %(mb)d MB each, at most %(n)d files.") % said
    return _("%(formats)s, up to %(mb)d MB, one file.") % said


def downloads(version: ServiceVersion, requirement: Requirement) -> dict[str, str]:
    """Where the form to fill in, and the picture of a good one, are to be had."""
    names = {"template_url": requirement.template, "example_url": requirement.example}
    if not any(names.values()):
        return dict.fromkeys(names, "")
    where = [version.service.slug, version.edition]
    return {key: reverse("edition_file", args=[*where, name]) if name else "" for key, name in names.items()}
