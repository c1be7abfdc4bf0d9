"""What a step can answer with instead of being taken; besides: ``policy.Refused``, ``lifecycle.NotPossible``."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from permits import checks
from reviews import times
from reviews.models import Decision, Task


class Incomplete(Exception):
    """The application can't be sent yet; ``problems`` says what is missing, each with its place."""

    def __init__(self, problems: list[checks.Problem]) -> None:
        self.problems = problems
        super().__init__(_("The application is not complete yet."))


class AlreadyDecided(Exception):
    """Somebody was first. ``decision`` says who, when, and what."""

    def __init__(self, task: Task, decision: Decision | None) -> None:
        self.task, self.decision = task, decision
        if decision and decision.official:
            when = times.moment(decision.decided_at)
            message: Any = _("%(name)s has decided this task already: “%(outcome)s”, %(time)s. Nothing was changed.") % {
                "name": decision.official, "outcome": decision.get_outcome_display(), "time": when,
            }  # fmt: skip
        elif decision:
            message = _("Nobody answered in time, so your department is deemed to agree. Nothing was changed.")
        else:
            message = _("This task is closed: the application was withdrawn or has moved on. Nothing was changed.")
        super().__init__(message)


class ReasonNeeded(Exception):
    """A step that is never taken without words was asked for without them."""


class NotSensible(Exception):
    """What was asked for contradicts itself, or what is on record; the message says how to ask for it rightly."""
