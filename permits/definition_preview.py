"""A form that is still being written, as an applicant would see it: what is right in it is shown, the rest is named."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from permits import definition_editing, definition_text
from permits.definition import Definition, FormField, Section, Text
from permits.forms import DefinedForm, defaults


@dataclass(frozen=True)
class Shown:
    """A section: its form, with the questions that can be shown, and the keys of those that can't yet."""

    title: str
    help: str
    form: DefinedForm
    broken: list[str]


@dataclass(frozen=True)
class About:
    """What the service's page says of it. ``asked``: only what is often asked; the answer that is being written stands open."""

    asked: bool
    title: str
    summary: str
    fee: str
    decided_by: str
    legal_basis: str
    faq: list[tuple[str, str, bool]]


def about(source: str, address: str) -> About | None:
    """For the head, and for an answer to what is often asked; nothing for what is a part of the form."""
    try:
        data = definition_text.read(source)
        part = definition_editing.find(data, address)
    except (tomllib.TOMLDecodeError, LookupError):
        return None
    if part.kind not in ("head", "answer"):
        return None
    answers = [each for each in definition_editing.parts(data) if each.kind == "answer"]
    faq = [
        (_text(each.item.get("question")), _text(each.item.get("answer")), each.path == part.path) for each in answers
    ]
    said = {name: _text(data.get(name)) for name in definition_editing.HEAD_TEXTS}
    return About(asked=part.kind == "answer", **said, faq=[each for each in faq if each[0]])


def sections(source: str, address: str) -> list[Shown]:
    """The section that the address lies in, or that of a rule's first question; every section for any other address.

    Empty when the text is not TOML or has no sections.
    """
    try:
        data = definition_text.read(source)
    except tomllib.TOMLDecodeError:
        return []
    every = [part for part in definition_editing.parts(data) if part.kind == "section"]
    wanted = _wanted(data, address)
    return [_shown(part.item) for part in every if wanted is None or part.path == wanted]


def _wanted(data: Mapping[str, Any], address: str) -> definition_text.Path | None:
    try:
        part = definition_editing.find(data, address)
    except LookupError:
        return None
    if part.kind == "rule":
        named = part.item.get("fields")
        keys = named if isinstance(named, list) else []
        asked = [each for each in definition_editing.parts(data) if each.kind == "field" and each.key in keys]
        return asked[0].path[:2] if asked else None
    return part.path[:2] or None  # of an answer none is the section, for it stands on the service's page


def _shown(item: Mapping[str, Any]) -> Shown:
    fields, broken, seen = [], [], set()
    listed = item.get("fields")
    for asked in listed if isinstance(listed, list) else []:
        key = str(asked.get("key", "?")) if isinstance(asked, Mapping) else "?"
        try:
            field = FormField.model_validate(asked)
        except ValidationError:
            broken.append(key)
            continue
        if field.key in seen:  # two of one name can't stand on one page
            broken.append(key)
        else:
            seen.add(field.key)
            fields.append(field)
    # The rest of the definition may be wrong; an unbound form asks nothing of it.
    part = Section.model_construct(key="section", title=Text(zh="-", en="-"), help=None, fields=tuple(fields))
    whole: dict[str, Any] = {"sections": (part,)}
    written = Definition.model_construct(**whole)
    form = DefinedForm(written, fields, defaults(written), preview=True)
    return Shown(_text(item.get("title")), _text(item.get("help")), form, broken)


def _text(said: Any) -> str:
    try:
        return str(Text.model_validate(said)) if said is not None else ""
    except ValidationError:
        return ""
