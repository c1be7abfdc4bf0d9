"""The parts of a definition as forms to edit: the service's head, a section, a question, a group's column, a rule, an
answer to what applicants often ask.

A form only asks; it refuses nothing. What is typed goes into the TOML as it is, right or wrong, and the definition's own
checks name the faults there: so nothing typed is ever lost, and there is one judge.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args

from django import forms
from django.utils.translation import gettext_lazy as _

from permits import definition_text
from permits.definition import DAYS, NUMBERS, TEXTS, FieldType
from permits.definition_text import Path

LISTS = {"sections": "section", "rules": "rule", "faq": "answer"}  # of the definition: the kind of their parts
KINDS = {"head": _("The service"), "section": _("Section"), "field": _("Question"), "column": _("Question of a row"),
         "rule": _("Rule across questions"), "answer": _("Question often asked")}  # fmt: skip
TYPE_WORDS = {
    "text": _("Text"), "longtext": _("Long text"), "integer": _("Whole number"), "decimal": _("Number with decimals"),
    "money": _("Amount of money"), "date": _("Date"), "datetime": _("Date and time"), "choice": _("One of several"),
    "multichoice": _("Several of several"), "yesno": _("Yes or no"), "region": _("Region (GB/T 2260)"),
    "industry": _("Industry (GB/T 4754)"), "uscc": _("Unified social credit code"), "resident_id": _("ID number"),
    "mobile": _("Mobile number"), "email": _("E-mail address"), "bank_account": _("Bank account"), "file": _("File"),
    "group": _("Repeating group"),
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A part of the definition as it stands in the text: where, of what kind, what it says."""

    path: Path
    kind: str
    item: dict[str, Any]

    @property
    def address(self) -> str:
        return ".".join(map(str, self.path)) or "head"

    @property
    def key(self) -> str:
        return str(self.item.get("key", ""))

    @property
    def mark(self) -> str:
        """What a page finds it again by, wherever it stands then: its key, or of what has none a digest of its title."""
        return self.key or (self.kind == "answer" and _digest(self.item.get("question"))) or ""

    @property
    def title(self) -> dict[str, str]:
        """Its words in both languages, for the outline; its key where there are none."""
        for name in ("label", "title", "message", "question"):
            said = self.item.get(name)
            if isinstance(said, Mapping) and (said.get("zh") or said.get("en")):
                return {"zh": str(said.get("zh") or said.get("en")), "en": str(said.get("en") or said.get("zh"))}
        return {"zh": self.key or "?", "en": self.key or "?"}

    @property
    def state(self) -> str:
        """A digest of what the part says, without the parts inside it: who saves names the state they started from."""
        own = {key: value for key, value in self.item.items() if not _inner(self.kind, key, value)}
        return _digest(own)


def _digest(said: Any) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _inner(kind: str, key: str, value: Any) -> bool:
    if kind == "head":
        return isinstance(value, list | dict) and key not in HEAD_TEXTS
    return key == "fields" and kind in ("section", "field")


def parts(data: Mapping[str, Any]) -> list[Part]:
    """The head, every section with its questions and their columns, every rule, every answer."""
    return list(_walk(data))


def _walk(data: Mapping[str, Any]) -> Iterator[Part]:
    yield Part((), "head", dict(data))
    for path, section in _items(data, (), "sections"):
        yield Part(path, "section", section)
        for inside, field in _items(section, path, "fields"):
            yield Part(inside, "field", field)
            for column, asked in _items(field, inside, "fields"):
                yield Part(column, "column", asked)
    for path, rule in _items(data, (), "rules"):
        yield Part(path, "rule", rule)
    for path, answer in _items(data, (), "faq"):
        yield Part(path, "answer", answer)


def _items(data: Mapping[str, Any], path: Path, name: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    listed = data.get(name)
    for number, item in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(item, dict):
            yield (*path, name, number), item


def path_of(address: str) -> Path:
    """Raise ``LookupError`` for an address that can't be one."""
    if address in ("", "head"):
        return ()
    if not re.fullmatch(r"(sections|rules|faq)\.\d{1,4}(\.fields\.\d{1,4}){0,2}", address):
        raise LookupError(address)
    return tuple(int(step) if step.isdecimal() else step for step in address.split("."))


def find(data: Mapping[str, Any], address: str, mark: str | None = None) -> Part:
    """The part at an address. With ``mark``: the part that was there when a page was opened, wherever it stands now.

    Raise ``LookupError`` when it is gone.
    """
    every = parts(data)
    path = path_of(address)
    here = next((part for part in every if part.path == path), None)
    if here is not None and mark in (None, here.mark):
        return here
    kind = here.kind if here else None
    moved = [p for p in every if mark and p.mark == mark and kind in (None, p.kind) and len(p.path) == len(path)]
    if len(moved) != 1:
        raise LookupError(address)
    return moved[0]


def fresh_key(data: Mapping[str, Any], wish: str) -> str:
    taken = {part.key for part in parts(data)}
    return next(key for n in range(1, 10_000) if (key := f"{wish}_{n}") not in taken)


def fresh(data: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """A new part that is right as it is, and waits for its words."""
    if kind == "section":
        words = {"zh": "新的部分", "en": "New section"}
        return {"key": fresh_key(data, "section"), "title": words, "fields": [fresh(data, "field")]}
    if kind == "answer":
        return {
            "question": {"zh": "新的问题", "en": "New question"},
            "answer": {"zh": "请写上答复。", "en": "Write the answer here."},
        }
    if kind == "rule":
        keys = [part.key for part in parts(data) if part.kind == "field"]
        return {"key": fresh_key(data, "rule"), "check": "True", "level": "warning", "fields": keys[:1],
                "message": {"zh": "请核对。", "en": "Please check."}}  # fmt: skip
    return {"key": fresh_key(data, "question"), "type": "text", "required": False,
            "label": {"zh": "新的问题", "en": "New question"}}  # fmt: skip


def neighbour(data: Mapping[str, Any], part: Part, step: int) -> Path | None:
    """Where the part goes when it is moved one place up (-1) or down (1); a question goes on into the next section."""
    *above, place = part.path
    listed = definition_text.at(data, tuple(above))
    if 0 <= int(place) + step < len(listed):
        return (*above, int(place) + step)
    if part.kind != "field":
        return None
    section = int(above[1]) + step
    sections = definition_text.at(data, ("sections",))
    if not 0 <= section < len(sections) or len(listed) == 1:  # a section isn't left without a question
        return None
    return ("sections", section, "fields", len(sections[section].get("fields", [])) if step < 0 else 0)


# --- Forms -----------------------------------------------------------------------------------------------------

HEAD_TEXTS = ("title", "summary", "legal_basis", "decided_by", "fee")
SAID = {"label": _("Label"), "title": _("Title"), "help": _("Help"), "error": _("Said when an answer is wrong"),
        "unit": _("Unit"), "message": _("Message"), "summary": _("Summary"), "legal_basis": _("Legal basis"),
        "decided_by": _("Decided by"), "fee": _("Fee, and by which rule; empty: free of charge"),
        "question": _("What applicants ask"), "answer": _("Answer")}  # fmt: skip
TEXTS_OF = {"head": HEAD_TEXTS, "section": ("title", "help"), "rule": ("message",), "answer": ("question", "answer"),
            "field": ("label", "help", "error", "unit"), "column": ("label", "help", "error", "unit")}  # fmt: skip
LONG = {"summary", "legal_basis", "decided_by", "fee", "help", "message", "answer"}
ASKED_FOR = {"label", "title", "message", "question", "answer"}  # stays when it is emptied, for a fault to name it


class PartForm(forms.Form):
    """The form of one part. ``changes()`` says which keys of the TOML differ from what was there, and how."""

    use_required_attribute = False

    def __init__(self, part: Part, questions: list[Part], data: Any = None) -> None:
        self.part = part
        self.before = _strings(part)
        controls = _controls(part, questions)
        if data is not None:
            # What a page didn't ask, because the type was another one when it was opened, stays as it is.
            silent = {
                name: self.before[name]
                for name, control in controls.items()
                if name not in data and not isinstance(control, forms.BooleanField | forms.MultipleChoiceField)
            }
            data = data.copy()
            data.update(silent)
        super().__init__(data, initial=self.before)
        self.fields |= controls

    def folds(self) -> list[tuple[str, Any, list[list[forms.BoundField]], bool]]:
        """What the template shows, in folds: key, heading, rows of controls, and whether something is set there."""
        rows: dict[str, list[list[forms.BoundField]]] = {fold: [] for fold in FOLD_WORDS}
        for name in dict.fromkeys(_row(name) for name in self.fields):
            rows[FOLDS.get(name, "")].append([self[each] for each in self.fields if _row(each) == name])
        return [
            (fold, heading, rows[fold], any(control.value() for row in rows[fold] for control in row))
            for fold, heading in FOLD_WORDS.items() if rows[fold]
        ]  # fmt: skip

    def changes(self) -> dict[str, Any]:
        """Keys of the TOML that were changed; ``None`` for one that is to go."""
        typed = {name: _folded(self[name].data, control) for name, control in self.fields.items()}
        changed = [
            _base(name) for name, control in self.fields.items() if typed[name] != _folded(self.before[name], control)
        ]
        return {name: _value(name, typed, self.part) for name in dict.fromkeys(changed)}


BESIDE = {"maximum": "minimum", "max_length": "min_length", "max_rows": "min_rows", "type": "key", "level": "key"}
FOLDS = {"error": "words", "unit": "words", "required_if": "when", "shown_if": "when", "minimum": "limits",
         "maximum": "limits", "min_length": "limits", "max_length": "limits", "pattern": "limits", "min_rows": "limits",
         "max_rows": "limits"}  # fmt: skip
FOLD_WORDS = {"": "", "when": _("When it is asked"), "limits": _("Limits"), "words": _("Further words")}
EXPRESSION = _("For example: headcount > 100, canteen_used, enterprise_size in ['large', 'medium']")


def _base(name: str) -> str:
    return re.sub(r"_(zh|en)$", "", name)


def _row(name: str) -> str:
    """The name of the row of controls in which this one stands."""
    return BESIDE.get(name, _base(name))


def _controls(part: Part, questions: list[Part]) -> dict[str, forms.Field]:
    found: dict[str, forms.Field] = {}
    if part.kind not in ("head", "answer"):
        found["key"] = _line(
            _("Identifier"), help_text=_("Small letters, digits and _; answers and expressions go by it.")
        )
    if part.kind in ("field", "column"):
        words = {name: TYPE_WORDS[name] for name in get_args(FieldType)}
        if part.kind == "column":
            words = {name: word for name, word in words.items() if name not in ("group", "file")}
        found["type"] = forms.CharField(
            label=_("Type"), widget=forms.Select(choices=_choices(words, part.item.get("type")))
        )
    if part.kind == "rule":
        found["check"] = _lines(_("Holds when"), 2, help_text=_("For example: first_batch <= headcount"))
        found["level"] = forms.CharField(label=_("When it doesn't hold"), widget=forms.Select(choices=_choices(
            {"error": _("The application can't be sent"), "warning": _("A warning is shown")}, part.item.get("level", "error")
        )))  # fmt: skip
    for name in TEXTS_OF[part.kind]:
        for language, word in (("zh", "中文"), ("en", "English")):
            label = f"{SAID[name]} ({word})"
            found[f"{name}_{language}"] = _lines(label, 4 if name == "answer" else 2) if name in LONG else _line(label)
    if part.kind in ("field", "column"):
        found["required"] = forms.BooleanField(label=_("An answer is required"), required=False)
        found |= _of_type(part)
        found["shown_if"] = _line(_("Shown only if"), help_text=EXPRESSION)
        found["required_if"] = _line(_("Required if"), help_text=EXPRESSION)
    if part.kind == "rule":
        listed = {question.key: f"{question.title['zh']} ({question.key})" for question in questions}
        listed |= {key: key for key in _keys(part.item.get("fields")) if key not in listed}
        found["fields"] = forms.MultipleChoiceField(
            label=_("Shown at"), required=False, widget=forms.CheckboxSelectMultiple, choices=list(listed.items())
        )
    return found


def _of_type(part: Part) -> dict[str, forms.Field]:
    """What a question of this type can have besides; and what it has although it can't, so that it can be taken away."""
    kind, item = part.item.get("type"), part.item
    found: dict[str, forms.Field] = {}
    if kind in ("choice", "multichoice") or "choices" in item:
        found["choices"] = _lines(_("Choices"), 6, help_text=_("One a line: key | 中文 | English"))
    if kind in NUMBERS | DAYS or item.keys() & {"minimum", "maximum"}:
        found |= {"minimum": _line(_("Minimum")), "maximum": _line(_("Maximum"))}
    if kind in TEXTS or item.keys() & {"min_length", "max_length", "pattern"}:
        found |= {"min_length": _line(_("Characters, at least")), "max_length": _line(_("Characters, at most")),
                  "pattern": _line(_("Pattern (regular expression)"))}  # fmt: skip
    if kind == "group" or item.keys() & {"min_rows", "max_rows"}:
        found |= {"min_rows": _line(_("Rows, at least")), "max_rows": _line(_("Rows, at most"))}
    return found


def _line(label: Any, **options: Any) -> forms.Field:
    return forms.CharField(label=label, required=False, strip=False, **options)


def _lines(label: Any, rows: int, **options: Any) -> forms.Field:
    return _line(label, widget=forms.Textarea(attrs={"rows": rows}), **options)


def _choices(words: Mapping[str, Any], present: Any) -> list[tuple[str, Any]]:
    """The words, and what is there now though it isn't one of them."""
    extra = [] if present in words or not present else [(str(present), str(present))]
    return [*extra, *words.items()]


# --- Between the form's strings and the TOML's values -----------------------------------------------------------


def _strings(part: Part) -> dict[str, Any]:
    item = part.item
    found: dict[str, Any] = {name: _plain(item.get(name)) for name in (
        "key", "type", "check", "required_if", "shown_if", "minimum", "maximum", "min_length", "max_length", "pattern",
        "min_rows", "max_rows",
    )}  # fmt: skip
    for name in TEXTS_OF[part.kind]:
        said = item.get(name)
        for language in ("zh", "en"):
            found[f"{name}_{language}"] = _plain(said.get(language) if isinstance(said, Mapping) else said)
    found["level"] = _plain(item.get("level", "error"))
    found["required"] = item.get("required", True) is True
    found["choices"] = (
        "\n".join(map(_choice_line, item.get("choices") or [])) if isinstance(item.get("choices"), list) else ""
    )
    found["fields"] = _keys(item.get("fields")) if part.kind == "rule" else []
    return found


def _plain(value: Any) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _keys(listed: Any) -> list[str]:
    return [key for key in listed if isinstance(key, str)] if isinstance(listed, list) else []


def _choice_line(choice: Any) -> str:
    if not isinstance(choice, Mapping):
        return str(choice)
    label = choice.get("label")
    label = label if isinstance(label, Mapping) else {}
    return " | ".join(_plain(each) for each in (choice.get("value"), label.get("zh"), label.get("en")))


def _folded(value: Any, control: forms.Field) -> Any:
    if isinstance(control, forms.BooleanField):
        return bool(value)
    if isinstance(control, forms.MultipleChoiceField):
        return sorted(value or [])
    return str(value or "").replace("\r\n", "\n").replace("\0", "").strip()


def _value(name: str, typed: Mapping[str, Any], part: Part) -> Any:
    """What goes into the TOML; ``None`` when the key is to go."""
    if name in SAID:
        said = {language: typed[f"{name}_{language}"] for language in ("zh", "en")}
        return said if any(said.values()) or name in ASKED_FOR else None
    value = typed[name]
    if name == "required":
        return None if value and "required" not in part.item else value
    if name == "fields":  # the message stands at the first that is shown, so their order stays
        before = _keys(part.item.get("fields"))
        return [*(key for key in before if key in value), *(key for key in value if key not in before)]
    if name == "choices":
        return [_choice(line) for line in value.split("\n") if line.strip()] or None
    if not value:
        return "" if name in ("key", "type", "check") else None
    return _number(value) if name in NUMERIC else value


NUMERIC = {"minimum", "maximum", "min_length", "max_length", "min_rows", "max_rows"}


def _choice(line: str) -> dict[str, Any]:
    value, zh, en, *_more = [*(each.strip() for each in line.replace("｜", "|").split("|", 2)), "", "", ""]
    return {"value": value, "label": {"zh": zh, "en": en}}


def _number(text: str) -> Any:
    """A number or a date where it is one; else the text, whose fault the definition's checks name."""
    for read in (int, float, date.fromisoformat):
        try:
            value = read(text)
        except ValueError:
            continue
        return value if value == value and value not in (float("inf"), float("-inf")) else text
    return text
