"""What the open API answers. Each is checked when it is made, and is a schema of ``openapi.json``."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(Answer):
    """A text in the portal's two languages."""

    zh: str
    en: str


class Region(Answer):
    code: str = Field(description="GB/T 2260")
    name: str


class PermitEntry(Answer):
    """A permit in the public register. What its service doesn't show isn't there."""

    number: str
    service: str = Field(description="Slug of the service")
    title: Words
    state: Literal["in_force", "expired", "revoked", "superseded"]
    issued_at: datetime
    holder: str | None = Field(None, description="Name of the enterprise; persons never stand here")
    uscc: str | None = Field(None, description="Unified social credit code of the holder")
    region: Region | None = None
    office: Words | None = Field(None, description="Who issued it")
    decision: Words | None = None
    valid_until: date | None = Field(None, description="Its last day; null: until revoked")
    revoked_at: datetime | None = None
    superseded_by: str | None = Field(None, description="Number of the permit that renewed it")
    corrected_at: datetime | None = Field(None, description="Prints from before are void")
    verify_url: str = Field(description="The page that says whether it is good")


class Permits(Answer):
    permits: list[PermitEntry]
    next: str | None = Field(description="Address of the next page; null on the last")
    partly: bool = Field(description="The name was looked for among the latest permits only")


class ServiceEntry(Answer):
    slug: str
    title: Words
    summary: Words
    audience: Literal["enterprise", "person"]
    open: bool = Field(description="Takes applications at the moment")
    edition: int
    promised: str = Field(description="Working time: 3h is three working hours, 5d five working days")
    statutory: str
    url: str
    details: str = Field(description="Address of the service in this API")


class Services(Answer):
    services: list[ServiceEntry]


class Choice(Answer):
    value: str
    label: Words


class Question(Answer):
    key: str
    type: str
    label: Words
    help: Words | None = None
    required: bool
    required_if: str | None = Field(None, description="A condition over other answers")
    shown_if: str | None = None
    unit: Words | None = None
    minimum: int | float | date | None = None
    maximum: int | float | date | None = None
    max_length: int | None = None
    choices: list[Choice] = []
    fields: list[Question] = Field([], description="Of a group: what is asked for each row")
    max_rows: int | None = None


class FormSection(Answer):
    key: str
    title: Words
    help: Words | None = None
    fields: list[Question]


class MaterialAsked(Answer):
    key: str
    title: Words
    help: Words | None = None
    formats: list[str]
    required: bool
    required_if: str | None = None
    max_count: int
    max_mb: int
    on_record: bool = Field(description="Not asked for when the enterprise's record has it")
    deferrable: bool = Field(description="May be handed in after acceptance")
    pledge: bool = Field(description="A pledge may stand in its place")


class StageOfReview(Answer):
    key: str
    kind: str
    title: Words
    limit: str | None = None


class TimeLimits(Answer):
    """Working time, as in promised."""

    promised: str
    statutory: str
    acceptance: str
    correction: str
    objection: str


class Result(Answer):
    kind: str
    title: Words
    valid_days: int | None = None
    renewable_days: int | None = None
    in_register: list[str] = Field(description="What the public register shows of it; empty: nothing")


class ServiceDetails(ServiceEntry):
    legal_basis: Words
    decided_by: Words
    limits: TimeLimits
    outcome: Result
    sections: list[FormSection]
    materials: list[MaterialAsked]
    stages: list[StageOfReview]


class ParameterFault(Answer):
    parameter: str
    detail: str


class Problem(Answer):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[ParameterFault] = []
