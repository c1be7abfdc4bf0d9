"""What is done with a file, whoever's process it is: inspected, its roster read, small pictures and texts made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any

import pypdfium2
from django.utils import translation

from permits.definition import Requirement
from permits.intake import roster, sheet_copy, sheets
from permits.intake.derive import derive
from permits.intake.inspect import inspect
from permits.intake.looking.words import Refused
from permits.intake.making import page
from permits.intake.roster import RosterRefused

JOB, ANSWER, MADE = "job.json", "answer.json", "made"
LANGUAGES = ("zh-hans", "en")


def do(folder: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked for: a page drawn, a sheet's rows copied, or the file looked into."""
    if "page" in job:
        return draw(folder, job)
    return copy_rows(folder, job) if "headers" in job else look(folder, job)


def draw(folder: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    (folder / MADE).mkdir()
    try:
        made = page.drawn(folder / "file", int(job["page"]), folder / MADE)
    except pypdfium2.PdfiumError:
        made = None
    return {"content": made.name if made else None}


def copy_rows(folder: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    (folder / MADE).mkdir()
    made = folder / MADE / "rows"
    try:
        with open(folder / "file", "rb") as file, sheets.open_sheets(file) as found:
            return sheet_copy.write(found, job["headers"], int(job["rows"]), made) | {"content": made.name}
    except Refused as error:
        return {"refused": verdict(error)}


def look(folder: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    """``folder`` has the ``file``; what is made goes into ``made``. The answer is what ``sandbox`` reads: plain JSON."""
    requirement = Requirement.model_validate(job["requirement"])
    (folder / MADE).mkdir()
    with open(folder / "file", "rb") as file:
        try:
            inspection = inspect(file, name=job["name"], requirement=requirement)
            facts, warnings = dict(inspection.facts), list(inspection.warnings)
            if requirement.roster:
                checked, faults = _roster(file, requirement)
                if faults:
                    refused = verdict(RosterRefused(checked))
                    return {"refused": refused | {"faults": faults, "total": checked.total_faults}}
                facts["rows"] = checked.rows
            made = derive(file, inspection.extension.lstrip("."), folder=folder / MADE, facts=facts)
        except Refused as error:
            return {"refused": verdict(error)}
    if found := [_told(each.code, partial(str, each.message)) for each in (*warnings, *made.warnings)]:
        facts["warnings"] = found
    return {
        "media_type": made.media_type, "extension": made.extension, "facts": facts,
        "content": made.content.name if made.content else None, "thumbs": [path.name for path in made.thumbs],
        "texts": made.texts,
    }  # fmt: skip


def verdict(error: Refused) -> dict[str, Any]:
    """Why a file is refused, as ``Material.verdict`` keeps it."""
    return _told(str(error.code), lambda: str(error.messages[0]))


def _told(code: str, words: Callable[[], str]) -> dict[str, Any]:
    text = {}
    for language in LANGUAGES:
        with translation.override(language):
            text[language] = words()
    return {"code": code, "text": text}


def _roster(file: IO[bytes], requirement: Requirement) -> tuple[roster.Roster, dict[str, list[str]]]:
    """What is in it, and its faults in every language: they are put into words as they are found, so one that has some is read again."""
    faults = {}
    for language in LANGUAGES:
        with translation.override(language):
            checked = roster.read(file, requirement)
            if not checked.total_faults:
                break
            faults[language] = [str(fault) for fault in checked.faults]
    return checked, faults
