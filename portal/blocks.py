"""What the pages need to show one material requirement and to take files for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from permits.definition import Requirement
from permits.edition_files import downloads, what_is_taken
from permits.forms import values_of
from permits.intake import direct
from permits.intake.left import left_files
from permits.intake.materials import RequirementState, requirement_state
from permits.models import Application, Check, Material
from portal.words import limit_in_words
from reviews import lifecycle

# A phone's HEIC photo is taken as the JPEG that intake makes of it.
ACCEPT = {"pdf": ".pdf", "jpg": ".jpg,.jpeg,.heic,.heif", "png": ".png", "docx": ".docx", "xlsx": ".xlsx"}


def block(application: Application, state: RequirementState) -> dict[str, Any]:
    requirement = state.requirement
    return {
        "state": state, "requirement": requirement, "multiple": requirement.max_count > 1,
        "accept": ",".join(ACCEPT[kind] for kind in requirement.formats),
        "max_bytes": requirement.max_mb * 1024 * 1024,
        "help": what_is_taken(requirement), **downloads(application.version, requirement),
        "action": reverse("material_add", args=[application.public_id, requirement.key]),
        "uploads": reverse("uploads", args=[application.public_id, requirement.key]),
        "direct": reverse("direct_uploads", args=[application.public_id, requirement.key]) if direct.wanted() else "",
        "photo": bool({"jpg", "png"} & set(requirement.formats)),
        "files": [(file, remove_url(file), move_url(file, requirement)) for file in (*state.files, *state.others)],
        "waits": any(file.waits for file in state.others),
        "label": _("Replace the file") if state.files and requirement.max_count == 1 else "",
        **_instead(application, state),
    }  # fmt: skip


def owed_blocks(application: Application) -> list[dict[str, Any]]:
    """The materials that were accepted as missing and are still to come, each with its date."""
    if application.status in lifecycle.FINAL or not (owed := list(application.promises.owed())):
        return []
    until = {promise.requirement: promise.due_at for promise in owed}
    states = requirement_state(application, values_of(application.definition, application.answers))
    # Several files are sent together, by a plain form: with the first of them the material would be there.
    return [
        block(application, state) | {"owed_until": until[key], "whole": state.requirement.max_count > 1}
        for state in states
        if (key := state.requirement.key) in until
    ]


def refresh_after(states: Iterable[RequirementState]) -> int | None:
    """Without script a page comes anew by itself while a file is checked: after so many seconds."""
    others = {file.check_state for state in states for file in state.others}
    return 4 if Check.CHECKING in others else 30 if Check.HELD in others else None


def _instead(application: Application, state: RequirementState) -> dict[str, Any]:
    """What a draft's applicant can do instead of uploading, and what of it they did."""
    requirement = state.requirement
    there = state.files or state.on_record or any(file.waits for file in state.others)
    if not application.is_draft or there or not (state.required or state.promise):
        return {}
    open_to_it = not (application.enterprise and application.enterprise.bad_credit)
    return {
        "promise": state.promise, "deferrable": requirement.deferrable and open_to_it,
        "pledge": requirement.pledge if open_to_it else None,
        "promise_url": reverse("material_promise", args=[application.public_id, requirement.key]),
        "owed_within": limit_in_words(application.definition.limits.owed),
    }  # fmt: skip


def left_rows(application: Application) -> list[tuple[Material, str]]:
    """The files that a draft's edition doesn't take, each with the address that removes it."""
    files = list(left_files(application))
    for file in files:
        file.application = application
    return [(file, remove_url(file)) for file in files]


def remove_url(material: Material) -> str:
    return reverse("material_remove", args=[material.application.public_id, material.public_id])


def move_url(material: Material, requirement: Requirement) -> str:
    """Where one of several files is put into another place; nothing where there is one only, or the file doesn't count yet."""
    if requirement.max_count == 1 or not material.is_fine:
        return ""
    return reverse("material_move", args=[material.application.public_id, material.public_id])
