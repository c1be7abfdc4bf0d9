"""What is done with a file, whoever's process it is: inspected, its roster read, small pictures and texts made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pypdfium2
from django.utils import translation

from permits.definition import Requirement
from permits.intake import roster
from permits.intake.derive import derive
from permits.intake.inspect import inspect
from permits.intake.looking.words import Refused, Warned
from permits.intake.making import page
from permits.intake.roster import RosterRefused

JOB, ANSWER, MADE = "job.json", "answer.json", "made"
LANGUAGES = ("zh-hans", "en")


def do(folder: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked for: a page drawn, or the file looked into."""
    return draw(folder, job) if "page" in job else look(folder, job)


def draw(folder: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    (folder / MADE).mkdir()
    try:
        made = page.drawn(folder / "file", int(job["page"]), folder / MADE)
    except pypdfium2.PdfiumError:
        made = None
    return {"content": made.name if made else None}


def look(folder: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    """``folder`` has the ``file``; what is made goes into ``made``. The answer is what ``sandbox`` reads: plain JSON."""
    requirement = Requirement.model_validate(job["requirement"])
    (folder / MADE).mkdir()
    with open(folder / "file", "rb") as file:
        try:
            inspection = inspect(file, name=job["name"], requirement=requirement)
            facts, warnings = dict(inspection.facts), list(inspection.warnings)
            if requirement.roster:
                checked = roster.read(file, requirement)
                if checked.total_faults:
                    raise RosterRefused(checked)
                facts["rows"] = checked.rows
            made = derive(file, inspection.extension.lstrip("."), folder=folder / MADE, facts=facts)
        except RosterRefused as error:
            return {"refused": _faults(error, lambda: roster.read(file, requirement))}
        except Refused as error:
            return {"refused": {"code": error.code, "text": in_both(error)}}
    if found := [_warning(each) for each in (*warnings, *made.warnings)]:
        facts["warnings"] = found
    return {
        "media_type": made.media_type, "extension": made.extension, "facts": facts,
        "content": made.content.name if made.content else None, "thumbs": [path.name for path in made.thumbs],
        "texts": made.texts,
    }  # fmt: skip


def in_both(error: Refused) -> dict[str, str]:
    found = {}
    for language in LANGUAGES:
        with translation.override(language):
            found[language] = error.messages[0]
    return found


def _warning(warned: Warned) -> dict[str, Any]:
    found = {}
    for language in LANGUAGES:
        with translation.override(language):
            found[language] = str(warned.message)
    return {"code": warned.code, "text": found}


def _faults(error: RosterRefused, again: Callable[[], roster.Roster]) -> dict[str, Any]:
    """The faults are put into words as they are found, so for each language they are found once more."""
    faults = {}
    for language in LANGUAGES:
        with translation.override(language):
            faults[language] = [str(fault) for fault in again().faults]
    return {"code": error.code, "text": in_both(error), "faults": faults, "total": error.total}
