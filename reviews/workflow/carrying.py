"""What a draft has besides its answers, judged by the edition that it is carried over to: promises and files."""

from __future__ import annotations

from django.utils.translation import gettext as _

from permits.comparing import Leftover
from permits.definition import Definition, Requirement
from permits.intake.left import leave_behind
from permits.models import Application, Promise
from reviews.workflow import promises
from reviews.workflow.errors import NotSensible


def carry_promises(application: Application, before: Definition) -> list[Leftover]:
    """Drop the promises that could not be made any more, and say which. The draft is on its new edition already."""
    left = []
    for promise in application.promises.order_by("pk"):
        if not _holds(application, promise):
            left.append(_leftover(before, promise.requirement, _promised(promise.kind)))
            promise.delete()
    return left


def carry_files(application: Application, before: Definition) -> list[Leftover]:
    """Put aside the files that it doesn't take, and say which could not even be kept aside."""
    return [_leftover(before, file.requirement, file.original_name) for file in leave_behind(application, before)]


def _holds(application: Application, promise: Promise) -> bool:
    asked = application.definition.requirement(promise.requirement)
    try:
        promises.checked(application, asked, promise.kind)
    except NotSensible:
        return False
    # Other words are another pledge: nobody has given it yet.
    return promise.kind != Promise.Kind.PLEDGE or promise.text in _words(asked)


def _words(asked: Requirement | None) -> set[str]:
    return {asked.pledge.text.zh, asked.pledge.text.en} if asked and asked.pledge else set()


def _promised(kind: str) -> str:
    if kind == Promise.Kind.LATER:
        return _("to be handed in later: this does not hold any more")
    return _("your pledge in its place: it does not hold any more")


def _leftover(before: Definition, key: str, value: str) -> Leftover:
    asked = before.requirement(key)
    label = {"zh": asked.title.zh, "en": asked.title.en} if asked else {"zh": key, "en": key}
    return Leftover(key, label, value)
