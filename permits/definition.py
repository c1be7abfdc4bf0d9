"""A service's definition: what is asked, what is to be handed in, who decides, by when, and what comes out.

Written in TOML (``permits/services/*.toml``), read by ``definition_file``, checked here, published as an immutable
``ServiceVersion``.
"""

from __future__ import annotations

import re
import re._constants as re_constants  # type: ignore[import-not-found]
import re._parser as re_parser  # type: ignore[import-not-found]
from collections.abc import Callable, Iterator
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from permits.definition_parts import ExpressionText, FileName, Key, Part, Slug, Text
from permits.definition_process import KeepFiles, Limits, Outcome, Pledge, Stage
from permits.expressions import Expression
from permits.expressions import parse as parse_expression

FieldType = Literal[
    "text", "longtext", "integer", "decimal", "money", "date", "datetime", "choice", "multichoice", "yesno",
    "region", "industry", "uscc", "resident_id", "mobile", "email", "bank_account", "file", "group",
]  # fmt: skip
NUMBERS, DAYS, TEXTS = {"integer", "decimal", "money"}, {"date", "datetime"}, {"text", "longtext"}
SENSITIVE_TYPES = {"resident_id", "mobile", "email", "bank_account"}
Format = Literal["pdf", "jpg", "png", "docx", "xlsx"]
EnterpriseRecord = Literal[
    "name", "uscc", "registered_address", "production_address", "region", "industry", "size", "legal_name",
    "legal_id_number", "legal_mobile",
]  # fmt: skip


class Choice(Part):
    value: Key
    label: Text


def _pattern(text: str) -> str:
    """A pattern that the server and the browser read alike, and that can't be made to run for ever."""
    try:
        tree = re_parser.parse(text)
    except re.error as error:
        raise ValueError(f"is not a pattern: {error}") from error
    if _repeats_a_repeat(tree.data):
        raise ValueError("repeats something that repeats itself, as (a+)+ does: a text could keep it busy for ever")
    return text


def _repeats_a_repeat(parts: Any, *, inside: bool = False) -> bool:
    for op, value in parts:
        repeat = op in (re_constants.MAX_REPEAT, re_constants.MIN_REPEAT) and value[1] > 1
        if repeat and inside and value[1] == re_constants.MAXREPEAT:
            return True
        for child in inside_of(value):
            if _repeats_a_repeat(child, inside=inside or repeat):
                return True
    return False


def inside_of(value: Any) -> Iterator[Any]:
    """The parts of a pattern that stand inside one of its parts."""
    if isinstance(value, re_parser.SubPattern):
        yield value.data
    elif isinstance(value, tuple | list):
        for part in value:
            yield from inside_of(part)


class FormField(Part):
    """A question of the form. A field of type ``group`` asks its own fields again for each row."""

    key: Key
    type: FieldType
    label: Text
    help: Text | None = None
    error: Text | None = Field(None, description="said instead of the type's own words when an answer is wrong")
    required: bool = True
    required_if: ExpressionText | None = None
    shown_if: ExpressionText | None = None
    must_be: bool | None = Field(None, description="a yes/no that has to be answered so, such as a pledge")
    minimum: int | float | date | None = None
    maximum: int | float | date | None = None
    min_length: int = Field(0, ge=0)
    max_length: int = Field(200, ge=1, le=10_000)
    pattern: Annotated[str, Field(max_length=200), AfterValidator(_pattern)] | None = None
    unit: Text | None = None
    within: str | None = Field(None, description="for a region: the GB/T 2260 code it must lie in")
    choices: tuple[Choice, ...] = ()
    default: str | int | float | bool | None = None
    prefill: EnterpriseRecord | None = Field(None, description="a field of the enterprise's record")
    prefill_last: bool = Field(False, description="what the last application for this service said")
    material: Key | None = Field(None, description="for a file: the material that is handed in here")
    # a group
    fields: tuple[FormField, ...] = ()
    min_rows: int = Field(0, ge=0, le=1000)
    max_rows: int = Field(50, ge=1, le=20_000)
    importable: bool = Field(False, description="rows may also come from an XLSX or CSV file")
    unique: bool = Field(False, description="in a group: no two rows answer the same")

    @property
    def sensitive(self) -> bool:
        return self.type in SENSITIVE_TYPES or any(field.sensitive for field in self.fields)

    def column(self, key: str) -> FormField | None:
        return next((field for field in self.fields if field.key == key), None)

    @model_validator(mode="after")
    def _fits_its_type(self) -> FormField:
        for fault in self._misfits():
            raise ValueError(fault)
        return self

    def _misfits(self) -> Iterator[str]:
        if (self.type in ("choice", "multichoice")) != bool(self.choices):
            yield "'choices' belong to a field of type 'choice' or 'multichoice', and it needs them"
        if self.must_be is not None and self.type != "yesno":
            yield "'must_be' belongs to a field of type 'yesno'"
        if (self.pattern or self.min_length) and self.type not in TEXTS:
            yield "'pattern' and 'min_length' belong to a field of type 'text' or 'longtext'"
        for name, bound in (("minimum", self.minimum), ("maximum", self.maximum)):
            if isinstance(bound, date) != (self.type in DAYS) and bound is not None:
                yield f"'{name}' is a number for a number and a date for a date"
            if bound is not None and self.type not in NUMBERS | DAYS:
                yield f"'{name}' belongs to a number or a date"
        if (self.type == "file") != bool(self.material):
            yield "'material' belongs to a field of type 'file', and it needs it: the key of a material below"
        if (self.type == "group") != bool(self.fields):
            yield "'fields' belong to a field of type 'group', and it needs them"
        if self.type == "group":
            if self.min_rows > self.max_rows:
                yield "'min_rows' is more than 'max_rows'"
            if self.max_rows > 100 and not self.importable:
                yield "more than 100 rows can't be typed into a page: set 'importable', or a smaller 'max_rows'"
            if nested := [field.key for field in self.fields if field.type in ("group", "file")]:
                yield f"a group's fields can't be groups or files: {', '.join(nested)}"
            keys = [field.key for field in self.fields]
            if twice := sorted({key for key in keys if keys.count(key) > 1}):
                yield f"two fields of the group have the key '{twice[0]}': rename one"


class Misfits(ValueError):
    """The parts of a definition don't fit each other; ``faults`` says what is wrong, each naming its part first."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


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
    deferrable: bool = Field(False, description="容缺: may be handed in after acceptance")
    pledge: Pledge | None = Field(None, description="告知承诺: a pledge may stand in its place")
    template: FileName | None = Field(None, description="a form to download and fill in: a file of the folder files/")
    example: FileName | None = Field(None, description="a picture of a good one: a file of the folder files/")


class Answered(Part):
    """A question that applicants often ask, with its answer: it stands on the service's page."""

    question: Text
    answer: Text


class Definition(Part):
    slug: Slug
    title: Text
    summary: Text
    legal_basis: Text
    decided_by: Text
    audience: Literal["enterprise", "person"] = "enterprise"
    keywords: tuple[str, ...] = ()
    fee: Text | None = Field(None, description="what it costs and by which rule; without it, it is free of charge")
    faq: tuple[Answered, ...] = Field((), max_length=30)
    total_mb: int = Field(200, ge=1, le=2000)
    region_field: Key
    industry_field: Key | None = None
    limits: Limits
    outcome: Outcome
    sections: tuple[Section, ...] = Field(min_length=1)
    rules: tuple[Rule, ...] = ()
    materials: tuple[Requirement, ...] = ()
    stages: tuple[Stage, ...] = ()
    keep_files: KeepFiles | None = None
    two_persons: bool = Field(True, description="nobody decides in two stages of one application")

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

    def stages_before(self, key: str) -> tuple[Stage, ...]:
        """Those that an application has passed; none for a key that isn't a stage's."""
        keys = [stage.key for stage in self.stages]
        return self.stages[: keys.index(key)] if key in keys else ()

    def stage_after(self, key: str) -> Stage | None:
        keys = [stage.key for stage in self.stages]
        following = keys.index(key) + 1
        return self.stages[following] if following < len(keys) else None

    @model_validator(mode="after")
    def _hangs_together(self) -> Definition:
        faults = [*self._twice(), *self._unknown_names(), *self._stages_out_of_order()]
        if faults:
            raise Misfits(faults)
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

    def _expressions(self) -> Iterator[tuple[str, str, FormField | None]]:
        """Every expression: where it stands, its text, and the group whose row it sees."""
        for field in self.fields():
            for text in (field.required_if, field.shown_if):
                if text:
                    yield f"field '{field.key}'", text, None
            for column in field.fields:
                for text in (column.required_if, column.shown_if):
                    if text:
                        yield f"field '{field.key}.{column.key}'", text, field
        for rule in self.rules:
            yield f"rule '{rule.key}'", rule.check, None
        for material in self.materials:
            if material.required_if:
                yield f"material '{material.key}'", material.required_if, None
        for stage in self.stages:
            for handler in stage.departments:
                if handler.when:
                    yield f"stage '{stage.key}'", handler.when, None

    def _unknown_names(self) -> Iterator[str]:
        known = {field.key for field in self.fields()}
        columns = {(field.key, column.key) for field in self.fields() for column in field.fields}
        for where, text, group in self._expressions():
            expression = parse_expression(text)
            here = known | {column.key for column in group.fields} if group else known
            for name in sorted(expression.names - here):
                yield f"{where} names '{name}', which is not a field of the form"
            for name, column in sorted(expression.columns - columns):
                yield f"{where} names '{name}.{column}', which is not a field of a group"
        for field in self.fields():
            if field.material and self.requirement(field.material) is None:
                yield f"field '{field.key}' takes the material '{field.material}', which is not asked for"
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
            elif shown.type in ("group", "file"):
                yield f"outcome.shown_fields names '{key}', which is a {shown.type}: name single answers"
            elif shown.sensitive:
                yield f"outcome.shown_fields names '{key}', which is personal: a permit is public"
        yield from self._holder_faults()
        if self.outcome.in_register and self.audience == "person":
            yield "outcome.in_register belongs to a service for enterprises: no person stands in the public register"
        for material in self.materials:
            if material.roster_rows and material.roster_rows not in known:
                yield f"material '{material.key}' counts rows by '{material.roster_rows}', which is not a field"

    def _holder_faults(self) -> Iterator[str]:
        """Of a pass: who holds it is always known, and what may be logged is theirs to say."""
        holder = self.outcome.holder
        if holder is None:
            return
        for part, key, kind in (
            ("name", holder.name, "text"), ("id_number", holder.id_number, "resident_id"), ("consent", holder.consent, "yesno"),
        ):  # fmt: skip
            where, field = f"outcome.holder.{part} names '{key}'", self.field(key)
            if field is None:
                yield f"{where}, which is not a field of the form"
            elif field.type != kind:
                yield f"{where}, which is of type '{field.type}': it takes a field of type '{kind}'"
            elif not field.required or field.required_if or field.shown_if:
                yield f"{where}, which may stay without an answer: it is required, and always shown"
            elif field.must_be is not None:
                yield f"{where}, which leaves no choice: take its 'must_be' away"
            elif key in self.outcome.shown_fields:
                yield f"outcome.shown_fields names '{key}', which is personal: a permit is public"
        photo = self.requirement(holder.photo)
        if photo is None:
            yield f"outcome.holder.photo names '{holder.photo}', which is not a material that is asked for"
        elif not (photo.required and photo.max_count == 1 and set(photo.formats) <= {"jpg", "png"}) or (
            photo.deferrable or photo.pledge or photo.required_if
        ):
            yield f"outcome.holder.photo names '{holder.photo}', which is not one .jpg or .png that everybody hands in"

    def _stages_out_of_order(self) -> Iterator[str]:
        kinds = [stage.kind for stage in self.stages]
        if not kinds or kinds == ["record"]:
            return
        if "record" in kinds:
            yield "a stage of kind 'record' stands alone: what arrives is accepted, and nothing is decided"
            return
        if "precheck" in kinds[1:]:
            yield "a pre-check is the first stage"
        if "decision" not in kinds and any(material.deferrable or material.pledge for material in self.materials):
            yield "'deferrable' and 'pledge' belong to a service with a decision: there is nothing to hold back"
        if kinds.count("decision") != 1 or kinds[-1] != "decision":
            yield "the last stage, and only it, is the decision"


_read: dict[str, Definition] = {}


def of_edition(digest: str, document: Callable[[], dict[str, Any]]) -> Definition:
    """A published edition's definition; an edition never changes, so each process reads and checks it once."""
    if digest not in _read:
        _read[digest] = Definition.model_validate(document())
    return _read[digest]


def expression(text: str | None) -> Expression | None:
    return parse_expression(text) if text else None
