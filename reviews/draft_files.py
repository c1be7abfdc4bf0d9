"""The files of a draft edition: uploaded for a material, replaced, taken away. They are published with the draft, and not before."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from permits import definition_text, edition_files
from permits.intake import storage
from permits.intake.blob_lock import lock_blob
from permits.intake.materials import discard
from permits.models import EditionDraft, EditionDraftFile, EditionFile, User
from reviews import drafting


class NoSuchMaterial(LookupError):
    """The draft's text has no such material, or can't be read."""


@dataclass(frozen=True)
class Asked:
    """A material of the draft and one of the two files that it may name; ``path`` is its table in the text."""

    path: definition_text.Path
    material: str
    title: dict[str, str]
    role: str  # of edition_files.ROLES
    name: str  # of the file; "" for none


def asked(source: str) -> Iterator[Asked]:
    """Of every material, right or wrong. Raise ``NoSuchMaterial`` for a text that can't be read."""
    try:
        listed = definition_text.read(source).get("materials", [])
    except tomllib.TOMLDecodeError as error:
        raise NoSuchMaterial(_("The text can't be read as TOML; mend it first.")) from error
    for n, material in enumerate(listed if isinstance(listed, list) else ()):
        key = material.get("key") if isinstance(material, dict) else None
        if not isinstance(key, str):
            continue
        title = material.get("title")
        words = {language: str(text) for language, text in title.items()} if isinstance(title, dict) else {}
        for role in edition_files.ROLES:
            yield Asked(("materials", n), key, words, role, _text(material.get(role)))


def put(draft_id: int, *, by: User, material: str, role: str, uploaded: str, content: bytes) -> EditionDraftFile:
    """Take a file up into the draft, in the place of the one that was there; the text names it from now on.

    Raise ``NoSuchMaterial``, ``ValidationError`` for a file that is no good, ``drafting.Closed``,
    ``definition_text.Unwritable``, ``StorageUnavailable``.
    """
    found = edition_files.looked_into(edition_files.name_for(uploaded, material=material, role=role), content)
    with transaction.atomic():
        draft = _locked(draft_id)
        here = place(draft, material, role)
        lock_blob(found.sha256)  # nobody discards it before it has its row
        storage.put([content])
        old = draft.files.filter(name__in=[here.name, found.name])
        gone = {file.sha256 for file in old if file.name == found.name or not _named(draft, file.name, but=here)}
        old.filter(sha256__in=gone).delete()
        made = EditionDraftFile.objects.create(
            draft=draft, name=found.name, media_type=found.media_type, size=found.size, sha256=found.sha256
        )
        drafting.change(draft, definition_text.put(draft.source, here.path, {role: found.name}), by=by)
    for sha256 in gone - {found.sha256}:
        discard(sha256)
    return made


def take_away(draft_id: int, *, by: User, material: str, role: str, name: bool) -> None:
    """Take back what was uploaded for it; with ``name`` the text names no file there any more. Safe to call twice.

    Raise ``NoSuchMaterial``, ``drafting.Closed``, ``definition_text.Unwritable``.
    """
    with transaction.atomic():
        draft = _locked(draft_id)
        here = place(draft, material, role)
        old = list(draft.files.filter(name=here.name)) if not _named(draft, here.name, but=here) else []
        source = definition_text.put(draft.source, here.path, {role: None}) if name and here.name else draft.source
        if not old and source == draft.source:
            return
        for file in old:
            file.delete()
        drafting.change(draft, source, by=by)
    for file in old:
        discard(file.sha256)


def find(draft: EditionDraft, name: str) -> EditionFile | EditionDraftFile | None:
    """The file of that name that would be published with the draft, where the storage has it already."""
    return edition_files.standing(draft.service.current if draft.service else None, draft).get(name)


def _locked(draft_id: int) -> EditionDraft:
    draft = drafting.locked(draft_id)
    drafting.check_open(draft)
    return draft


def place(draft: EditionDraft, material: str, role: str) -> Asked:
    """Raise ``NoSuchMaterial``."""
    for each in asked(draft.source):
        if (each.material, each.role) == (material, role):
            return each
    raise NoSuchMaterial(_("The draft asks for no such material any more. Reload the page."))


def _named(draft: EditionDraft, name: str, *, but: Asked) -> bool:
    """Whether another place of the draft names the file."""
    return any(
        each.name == name for each in asked(draft.source) if (each.material, each.role) != (but.material, but.role)
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
