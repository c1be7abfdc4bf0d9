"""The part of a definition that says how it is decided: stages, who handles them, time limits, what comes out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from permits.definition_parts import ExpressionText, Key, LimitText, Part, Slug, Text


class Handler(Part):
    """A department that handles a stage, always or when its condition holds."""

    department: Slug
    when: ExpressionText | None = None


class Stage(Part):
    """One step of the review. A countersign stage (会签) asks all its departments at once.

    ``agreement`` says what their opinions amount to. ``opinion``: they bind nobody, but the decider who approves
    against one has to say why. ``all``, ``any``, ``quorum``: unless so many agree, it can't be approved.
    """

    key: Key
    kind: Literal["precheck", "countersign", "decision", "record"]
    title: Text
    departments: tuple[Handler, ...] = Field(min_length=1)
    limit: LimitText | None = None
    agreement: Literal["opinion", "all", "any", "quorum"] = "opinion"
    quorum: int | None = Field(None, ge=1, description="how many departments have to agree")
    silence: Literal["waits", "agrees"] = Field("waits", description="默认同意: what a late department's silence means")
    refused_by: Literal["reviewer", "supervisor"] = Field("reviewer", description="the rank needed to refuse it here")

    @model_validator(mode="after")
    def _hangs_together(self) -> Stage:
        for fault in self._faults():
            raise ValueError(fault)
        return self

    def _faults(self) -> Iterator[str]:
        if self.kind != "countersign":
            if self.agreement != "opinion" or self.silence != "waits":
                yield "'agreement' and 'silence' belong to a stage of kind 'countersign'"
        elif self.silence == "agrees" and self.limit is None:
            yield "'silence' can only mean agreement after a 'limit'"
        if (self.agreement == "quorum") != (self.quorum is not None):
            yield "'quorum' belongs to the agreement 'quorum', and it needs it: how many departments have to agree"
        if self.quorum and self.quorum > len(self.departments):
            yield f"a quorum of {self.quorum} can't be reached by {len(self.departments)} departments"


class Limits(Part):
    """Time limits, all in working time: ``"3h"`` working hours, ``"5d"`` working days."""

    promised: LimitText
    statutory: LimitText
    acceptance: LimitText = "5d"  # Administrative Licensing Law art. 32: silent for longer means accepted
    correction: LimitText = "15d"
    claim: LimitText = Field("1d", description="a claimed task left alone for so long goes back to the queue")
    owed: LimitText = Field("5d", description="容缺: within this after acceptance, what was missing is handed in")
    extension: LimitText = Field(
        "10d", description="art. 42: by how much the head may extend the statutory limit, once"
    )
    objection: LimitText = Field("15d", description="for so long after a refusal its applicant may object")
    objection_review: LimitText = Field("10d", description="within this, somebody else looks at it again")


class KeepFiles(Part):
    """For how many days the files of an application are kept: after the last work on a draft, else after its end.

    What is left out here is as ``KEEP_FILES`` says for the whole portal.
    """

    draft: int | None = Field(None, ge=30, description="a draft that nobody goes on with")
    ended: int | None = Field(None, ge=30, description="not accepted, withdrawn, lapsed or terminated")
    rejected: int | None = Field(None, ge=180, description="refused; longer than an appeal to a court may take")
    closed: int | None = Field(None, ge=180, description="approved, or recorded")


# What the public register can show of a permit. Answers aren't among it: whatever is typed may name a person.
RegisterField = Literal["number", "issued", "holder", "uscc", "region", "office", "decision", "valid_until"]


class PassHolder(Part):
    """Whose pass it is: answers of the form, and a material. Of the ID number a pass has the last four characters."""

    name: Key = Field(description="a text: the person's real name")
    id_number: Key = Field(description="a resident_id")
    photo: Key = Field(description="the material that is their photo: one .jpg or .png, always asked for")
    consent: Key = Field(description="a yes/no: whether it may be logged where the pass is shown")


class Outcome(Part):
    kind: Literal["permit", "pass", "reply", "none"]
    title: Text
    number_prefix: str = Field("", pattern=r"^[A-Z]{0,6}$")
    valid_days: int | None = Field(None, ge=1)
    renewable_days: int | None = Field(None, ge=1, description="so many days before its end a permit may be renewed")
    statement: Text | None = None
    wording: dict[str, Text] = {}
    shown_fields: tuple[Key, ...] = Field((), description="answers that are printed on the permit, and so are public")
    in_register: tuple[RegisterField, ...] = Field((), description="what the public register shows of it; nothing: no entry")
    holder: PassHolder | None = Field(None, description="for a pass: the person who holds it")

    @model_validator(mode="after")
    def _hangs_together(self) -> Outcome:
        if self.is_issued and not (self.number_prefix and self.statement):
            raise ValueError(f"a {self.kind} needs 'number_prefix' and 'statement'")
        if (self.kind == "pass") != bool(self.holder):
            raise ValueError("'holder' belongs to an outcome of kind 'pass', and it needs it")
        if self.kind == "pass" and not self.valid_days:
            raise ValueError("a pass needs 'valid_days': nobody passes for ever")
        if self.renewable_days and not self.valid_days:
            raise ValueError("only a permit with 'valid_days' can be renewed")
        if self.in_register and self.kind != "permit":
            raise ValueError("'in_register' belongs to an outcome of kind 'permit'")
        if self.in_register and not {"number", "issued"} <= set(self.in_register):
            raise ValueError("'in_register' needs 'number' and 'issued': an entry is found and checked by them")
        return self

    @property
    def is_issued(self) -> bool:
        """Whether an approval gives a numbered, signed document."""
        return self.kind in ("permit", "pass")

    @property
    def printed_fields(self) -> tuple[Key, ...]:
        """The answers that stand on the document, and in which a slip can be put right."""
        holder = self.holder
        return (holder.name, holder.id_number, *self.shown_fields) if holder else self.shown_fields


class Pledge(Part):
    """告知承诺: a signed pledge stands in place of a material; what it says is checked afterwards."""

    text: Text = Field(description="what the applicant pledges, word for word")
    department: Slug = Field(description="the department that checks it after approval")
    within: LimitText = "30d"
