"""Two people answer one notice of corrections: whoever saves second is shown what the first one saved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from permits import fieldtypes, groups
from permits.definition import FormField, Text
from permits.models import Application
from portal.state import digest
from reviews import told
from reviews.models import CorrectionItem

Conflict = dict[str, Any]  # label, and what is saved


@dataclass
class Typed:
    """What was posted: ``answers`` to the form's questions, ``rows`` of the lists that are mended row by row, ``words`` to each
    item; whether all of it is right; and, when somebody else saved something else meanwhile, what that is."""

    answers: dict[str, Any]
    rows: dict[str, Any]
    words: dict[str, str]
    good: bool
    conflicts: list[Conflict] = field(default_factory=list)
    state: str = ""


def state_of(application: Application, items: Iterable[CorrectionItem]) -> str:
    """Of all answers, whichever are asked for: an upload may put more of them on the page, and changes none."""
    return digest([application.answers, {str(item.public_id): item.answer for item in items}])


def on_the_page(answers: dict[str, Any], typed: QueryDict, items: Iterable[CorrectionItem]) -> dict[str, Any]:
    """The answers without those that weren't on the page yet when it was opened: they are not empty, they weren't asked for.

    What the notice names always was.
    """
    named = {item.key for item in items if item.kind == CorrectionItem.Kind.FIELD}
    return {
        key: value for key, value in answers.items()
        if key in named or any(name == key or name.startswith(f"{key}-") for name in typed)
    }  # fmt: skip


def conflicts(application: Application, typed: Typed, items: Iterable[CorrectionItem]) -> list[Conflict]:
    """Where what was typed and what stands on the application, and with its items, differ."""
    return [
        *_of_fields(application, typed.answers),
        *_of_rows(application, typed.rows),
        *_of_words(application, typed.words, items),
    ]


def _of_fields(application: Application, answers: dict[str, Any]) -> list[Conflict]:
    asked = [each for each in application.definition.fields() if each.key in answers]
    stored = application.answers
    return [
        {"label": each.label, "saved": fieldtypes.display(each, stored.get(each.key))}
        for each in asked
        if _plain(answers[each.key]) != _plain(stored.get(each.key))
    ]


def _of_rows(application: Application, lists: dict[str, Any]) -> list[Conflict]:
    found = []
    for group in application.definition.fields():
        stored = application.answers.get(group.key)
        if group.key not in lists or not isinstance(stored, list):
            continue
        for number, (mine, saved) in enumerate(zip(lists[group.key], stored, strict=False), 1):
            if _plain(mine) != _plain(saved):
                label = told.item_title(application, "row", group.key, number)
                found.append({"label": Text(**label), "saved": _cells(group, saved)})
    return found


def _of_words(application: Application, words: dict[str, str], items: Iterable[CorrectionItem]) -> list[Conflict]:
    found = []
    for item in items:
        if _plain(words.get(str(item.public_id), "")) == _plain(item.answer):
            continue
        about = Text(**told.item_title(application, item.kind, item.key, item.row))
        found.append({"label": _("Note on “%(title)s”") % {"title": about}, "saved": item.answer})
    return found


def _cells(group: FormField, row: Any) -> str:
    (shown,) = groups.table(group, [row])["rows"] or [[]]
    return " / ".join(shown)


def _plain(value: Any) -> Any:
    """Without what the way through a form makes of it: an empty cell may be missing, lines end as a browser ends them."""
    if isinstance(value, dict):
        return {key: said for key, each in value.items() if (said := _plain(each)) is not None}
    if isinstance(value, list):
        return [_plain(each) for each in value] or None
    if isinstance(value, str):
        return value.replace("\r\n", "\n").strip() or None
    return value
