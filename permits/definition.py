"""A service's definition: what is asked, what is to be handed in, who decides, by when, and what comes out.

Written in TOML (``permits/services/*.toml``), checked here, published as an immutable ``ServiceVersion``. ``parse``
raises ``DefinitionError`` with every fault found, each with its line, its key and what to do.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from django.utils.translation import get_language
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from permits.expressions import Expression, ExpressionError
from permits.expressions import parse as parse_expression

FieldType = Literal[
    "text", "longtext", "integer", "decimal", "date", "choice", "yesno",
    "region", "industry", "uscc", "resident_id", "mobile",
]  # fmt: skip
SENSITIVE_TYPES = {"resident_id", "mobile"}
Format = Literal["pdf", "jpg", "png", "docx", "xlsx"]


def _expression(text: str) -> str:
    try:
        parse_expression(text)
    except ExpressionError as error:
        raise ValueError(str(error)) from error
    return text


def _limit(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d{0,3}[hd]", text):
        raise ValueError("write working hours as '3h' or working days as '5d'")
    return text


ExpressionText = Annotated[str, AfterValidator(_expression)]
LimitText = Annotated[str, AfterValidator(_limit)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,49}$")]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Part):
    """A text in the portal's two languages; ``str()`` gives it in the reader's."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def __str__(self) -> str:
        return self.zh if (get_language() or "zh").startswith("zh") else self.en


class Choice(Part):
    value: Key
    label: Text


class FormField(Part):
    key: Key
    type: FieldType
    label: Text
    help: Text | None = None
    required: bool = True
    required_if: ExpressionText | None = None
    shown_if: ExpressionText | None = None
    must_be: bool | None = Field(None, description="a yes/no that has to be answered so, such as a pledge")
    minimum: int | None = None
    maximum: int | None = None
    max_length: int = Field(200, ge=1, le=10_000)
    unit: Text | None = None
    within: str | None = Field(None, description="for a region: the GB/T 2260 code it must lie in")
    choices: tuple[Choice, ...] = ()
    prefill: str | None = Field(None, description="a field of the enterprise's record")

    @property
    def sensitive(self) -> bool:
        return self.type in SENSITIVE_TYPES

    @model_validator(mode="after")
    def _fits_its_type(self) -> FormField:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("'choices' belong to a field of type 'choice', and it needs them")
        if self.must_be is not None and self.type != "yesno":
            raise ValueError("'must_be' belongs to a field of type 'yesno'")
        return self


class Section(Part):
    key: Key
    title: Text
    help: Text | None = None
    fields: tuple[FormField, ...] = Field(min_length=1)


class Rule(Part):
    key: Key
    check: ExpressionText
    message: Text
    level: Literal["error", "warning"] = "error"
    fields: tuple[Key, ...] = Field(min_length=1, description="where the message is shown")


class RosterColumn(Part):
    key: Key
    header: str
    type: Literal["text", "resident_id", "mobile", "region", "date", "yesno"]
    required: bool = True
    unique: bool = False


class Requirement(Part):
    """A material that is asked for (申请材料)."""

    key: Key
    title: Text
    help: Text | None = None
    formats: tuple[Format, ...] = Field(min_length=1)
    required: bool = True
    required_if: ExpressionText | None = None
    max_count: int = Field(1, ge=1, le=50)
    max_mb: int = Field(20, ge=1, le=200)
    on_record: bool = Field(False, description="not asked for again when the enterprise's record has it")
    roster: tuple[RosterColumn, ...] = ()
    roster_rows: str | None = Field(None, description="the field that says how many rows the roster has")


class Handler(Part):
    """A department that handles a stage, always or when its condition holds."""

    department: Slug
    when: ExpressionText | None = None


class Stage(Part):
    key: Key
    kind: Literal["precheck", "countersign", "decision"]
    title: Text
    departments: tuple[Handler, ...] = Field(min_length=1)
    limit: LimitText | None = None


class Limits(Part):
    promised: LimitText
    statutory: LimitText
    acceptance: LimitText = "5d"  # Administrative Licensing Law art. 32: silent for longer means accepted
    correction: LimitText = "15d"


class Outcome(Part):
    kind: Literal["permit", "reply", "none"]
    title: Text
    number_prefix: str = Field("", pattern=r"^[A-Z]{0,6}$")
    valid_days: int | None = Field(None, ge=1)
    statement: Text | None = None
    wording: dict[str, Text] = {}
    shown_fields: tuple[Key, ...] = Field((), description="answers that are printed on the permit, and so are public")

    @model_validator(mode="after")
    def _numbered(self) -> Outcome:
        if self.kind == "permit" and not (self.number_prefix and self.statement):
            raise ValueError("a permit needs 'number_prefix' and 'statement'")
        return self


class Definition(Part):
    slug: Slug
    title: Text
    summary: Text
    legal_basis: Text
    decided_by: Text
    audience: Literal["enterprise", "person"] = "enterprise"
    keywords: tuple[str, ...] = ()
    total_mb: int = Field(200, ge=1, le=2000)
    region_field: Key
    industry_field: Key | None = None
    limits: Limits
    outcome: Outcome
    sections: tuple[Section, ...] = Field(min_length=1)
    rules: tuple[Rule, ...] = ()
    materials: tuple[Requirement, ...] = ()
    stages: tuple[Stage, ...] = ()

    def fields(self) -> Iterator[FormField]:
        for section in self.sections:
            yield from section.fields

    def field(self, key: str) -> FormField | None:
        return next((field for field in self.fields() if field.key == key), None)

    def section(self, key: str) -> Section | None:
        return next((section for section in self.sections if section.key == key), None)

    def requirement(self, key: str) -> Requirement | None:
        return next((material for material in self.materials if material.key == key), None)

    def stage(self, key: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.key == key), None)

    def stage_after(self, key: str) -> Stage | None:
        keys = [stage.key for stage in self.stages]
        following = keys.index(key) + 1
        return self.stages[following] if following < len(keys) else None

    @model_validator(mode="after")
    def _hangs_together(self) -> Definition:
        faults = [*self._twice(), *self._unknown_names(), *self._hidden_in_a_circle(), *self._stages_out_of_order()]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _twice(self) -> Iterator[str]:
        for what, keys in {
            "field": [field.key for field in self.fields()],
            "section": [section.key for section in self.sections],
            "rule": [rule.key for rule in self.rules],
            "material": [material.key for material in self.materials],
            "stage": [stage.key for stage in self.stages],
        }.items():
            for key in sorted({key for key in keys if keys.count(key) > 1}):
                yield f"two {what}s have the key '{key}': rename one"

    def _expressions(self) -> Iterator[tuple[str, str]]:
        for field in self.fields():
            for text in (field.required_if, field.shown_if):
                if text:
                    yield f"field '{field.key}'", text
        for rule in self.rules:
            yield f"rule '{rule.key}'", rule.check
        for material in self.materials:
            if material.required_if:
                yield f"material '{material.key}'", material.required_if
        for stage in self.stages:
            for handler in stage.departments:
                if handler.when:
                    yield f"stage '{stage.key}'", handler.when

    def _unknown_names(self) -> Iterator[str]:
        known = {field.key for field in self.fields()}
        for where, text in self._expressions():
            for name in sorted(parse_expression(text).names - known):
                yield f"{where} names '{name}', which is not a field of the form"
        for rule in self.rules:
            for name in sorted(set(rule.fields) - known):
                yield f"rule '{rule.key}' is shown at '{name}', which is not a field of the form"
        for what, key in {"region_field": self.region_field, "industry_field": self.industry_field}.items():
            if key and key not in known:
                yield f"{what} names '{key}', which is not a field of the form"
        for key in self.outcome.shown_fields:
            shown = self.field(key)
            if shown is None:
                yield f"outcome.shown_fields names '{key}', which is not a field of the form"
            elif shown.sensitive:
                yield f"outcome.shown_fields names '{key}', which is personal: a permit is public"
        for material in self.materials:
            if material.roster_rows and material.roster_rows not in known:
                yield f"material '{material.key}' counts rows by '{material.roster_rows}', which is not a field"

    def _hidden_in_a_circle(self) -> Iterator[str]:
        needs = {f.key: parse_expression(f.shown_if).names if f.shown_if else frozenset() for f in self.fields()}
        settled: set[str] = set()
        while ready := {key for key, names in needs.items() if key not in settled and names & set(needs) <= settled}:
            settled |= ready
        if circle := sorted(set(needs) - settled):
            yield f"shown_if goes in a circle through {', '.join(circle)}"

    def _stages_out_of_order(self) -> Iterator[str]:
        kinds = [stage.kind for stage in self.stages]
        if not kinds:
            return
        if "precheck" in kinds[1:]:
            yield "a pre-check is the first stage"
        if kinds.count("decision") != 1 or kinds[-1] != "decision":
            yield "the last stage, and only it, is the decision"


class DefinitionError(ValueError):
    """The definition can't be published; ``faults`` holds a line of text each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def parse(source: str, *, name: str = "definition") -> Definition:
    """Read a definition's TOML. Raise ``DefinitionError`` that names file, line and key of every fault."""
    try:
        document = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError([f"{name}: {error}"]) from error
    try:
        return Definition.model_validate(document)
    except ValidationError as error:
        lines = _lines(source)
        raise DefinitionError([_fault(name, lines, dict(fault)) for fault in error.errors()]) from error


_read: dict[str, Definition] = {}


def from_json(digest: str, document: dict[str, Any]) -> Definition:
    """A published edition's definition; an edition never changes, so each process checks it once."""
    if digest not in _read:
        _read[digest] = Definition.model_validate(document)
    return _read[digest]


def expression(text: str | None) -> Expression | None:
    return parse_expression(text) if text else None


def _fault(name: str, lines: dict[tuple[str | int, ...], int], fault: dict[str, Any]) -> str:
    where = tuple(fault["loc"])
    line = next((lines[where[:n]] for n in range(len(where), 0, -1) if where[:n] in lines), 1)
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        message = "this key is not known: remove it or mend its spelling"
    return f"{name}:{line}: {'.'.join(map(str, where)) or 'definition'}: {message}"


_TABLE = re.compile(r"^\s*(\[\[?)\s*([\w.-]+)\s*\]\]?")
_PAIR = re.compile(r"^\s*([\w-]+)\s*=")


def _lines(source: str) -> dict[tuple[str | int, ...], int]:
    """On which line each key of the TOML stands; good enough to point an author there."""
    found: dict[tuple[str | int, ...], int] = {}
    counts: dict[tuple[str | int, ...], int] = {}
    here: tuple[str | int, ...] = ()
    for number, line in enumerate(source.splitlines(), 1):
        if table := _TABLE.match(line):
            path: tuple[str | int, ...] = ()
            *parents, last = table[2].split(".")
            for part in parents:
                path = (*path, part)
                if path in counts:
                    path = (*path, counts[path])
            path = (*path, last)
            if table[1] == "[[":
                counts[path] = counts.get(path, -1) + 1
                path = (*path, counts[path])
            here = path
            found.setdefault(here, number)
        elif pair := _PAIR.match(line):
            found.setdefault((*here, pair[1]), number)
    return found
