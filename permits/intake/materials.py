"""Materials come in, go out and are counted here, and nowhere else.

The order is what keeps rows and blobs together: the blob is whole in the storage before its row is written,
and a blob is thrown away only after the last row that used it is gone. Killed at any point, a blob without
a row may be left, which costs space; never a row without its blob. Who may upload, and when, is the
caller's to say.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from permits.definition import Definition, Requirement, expression
from permits.forms import values_of
from permits.intake import roster, storage, uses
from permits.intake.blob_lock import lock_blob
from permits.intake.inspect import MB, MEDIA_TYPES, Inspection, Refused, inspect, refuse_size
from permits.intake.roster import RosterRefused
from permits.intake.storage import Stored
from permits.intake.upload import safe_name
from permits.models import (
    Application,
    Material,
    Promise,
    Status,
    User,
)

__all__ = [
    "Refused",
    "RequirementState",
    "RosterRefused",
    "add_material",
    "discard",
    "remove_material",
    "requirement_state",
    "take_from_record",
]

log = logging.getLogger(__name__)


def always(application: Application) -> bool:
    return True


def add_material(
    *,
    application: Application,
    requirement_key: str,
    upload: UploadedFile,
    user: User,
    may_change: Callable[[Application], bool] = always,
) -> Material:
    """Take in one file for a requirement, or raise ``Refused`` (``RosterRefused`` for a roster with
    faults).

    The same file again for the same requirement gives the material that is there already: a retry does no
    harm. ``may_change`` is asked under the application's lock, for it may be sent while a file is on its way.
    """
    requirement = application.definition.requirement(requirement_key)
    if requirement is None:
        raise Refused("unknown_requirement", _("This service doesn't ask for such a material. Reload the page."))
    refuse_size(upload.size or 0, min(requirement.max_mb * MB, settings.UPLOAD_MAX_BYTES))
    inspection = inspect(upload, name=upload.name or "", requirement=requirement)
    if requirement.roster:
        checked = roster.read(upload, requirement)
        if checked.total_faults:
            raise RosterRefused(checked)
        inspection.facts["rows"] = checked.rows
    stored = storage.put(upload)
    try:
        return _keep(application, requirement, upload, inspection, stored, user, may_change)
    except Refused:
        discard(stored.sha256)
        raise


def remove_material(*, material: Material, user: User, may_change: Callable[[Application], bool] = always) -> None:
    """Take a file back: gone from a draft, kept on record as replaced in a submitted application."""
    with transaction.atomic():
        application = locked(material.application)
        refuse_when_sent(application, may_change)
        current = application.materials.current().filter(pk=material.pk).first()
        if current is None:
            return  # somebody was faster
        _put_aside(application, current)
        log.info("material %s removed by user %s", material.public_id, user.pk)


def discard(sha256: str) -> None:
    """Delete the blob unless a row uses it."""
    with transaction.atomic():
        lock_blob(sha256)
        if uses.is_used(sha256):
            return
        try:
            storage.delete_blob(sha256)
        except storage.StorageUnavailable:
            log.warning("blob %s is not used any more and could not be deleted", sha256, exc_info=True)


def _keep(
    application: Application,
    requirement: Requirement,
    upload: UploadedFile,
    inspection: Inspection,
    stored: Stored,
    user: User,
    may_change: Callable[[Application], bool],
) -> Material:
    """Write the row, under the application's lock."""
    with transaction.atomic():
        application = locked(application)
        refuse_when_sent(application, may_change)
        current = list(application.materials.current().filter(requirement=requirement.key))
        if there := next((material for material in current if material.sha256 == stored.sha256), None):
            return there
        replaced = current if requirement.max_count == 1 else []
        _refuse_too_many(requirement, len(current) - len(replaced))
        _refuse_too_much(application, stored.size - sum(material.size for material in replaced))
        lock_blob(stored.sha256)
        if not storage.exists(stored.sha256):  # thrown away by another request since, with its last row
            upload.seek(0)
            storage.put(upload)
        for material in replaced:
            _put_aside(application, material)
        return Material.objects.create(
            application=application,
            requirement=requirement.key,
            original_name=safe_name(upload.name or "", extension=inspection.extension),
            media_type=inspection.media_type,
            size=stored.size,
            sha256=stored.sha256,
            position=max((material.position for material in current), default=-1) + 1,
            received_sha256=stored.sha256,
            facts=inspection.facts,
            uploaded_by=user,
        )


def locked(application: Application) -> Application:
    return Application.objects.select_for_update(of=("self",)).select_related("version").get(pk=application.pk)


def refuse_when_sent(application: Application, may_change: Callable[[Application], bool]) -> None:
    if not may_change(application):
        raise Refused("sent", _("This application was sent; its materials can't be changed now."))


def _put_aside(application: Application, material: Material) -> None:
    if application.is_draft:
        material.delete()
        # A plain function: Django names a robust one that fails, and a partial has no name.
        transaction.on_commit(lambda: discard(material.sha256), robust=True)
        return
    material.replaced_at = timezone.now()
    material.save(update_fields=["replaced_at"])


def _refuse_too_many(requirement: Requirement, count: int) -> None:
    if count >= requirement.max_count:
        message = ngettext_lazy(
            "At most %(count)d file is taken here. Remove it first.",
            "At most %(count)d files are taken here. Remove one first.",
            requirement.max_count,
        )
        raise Refused("too_many", message % {"count": requirement.max_count})


def _refuse_too_much(application: Application, added: int) -> None:
    total = application.materials.current().aggregate(total=Sum("size"))["total"] or 0
    limit = application.definition.total_mb
    if total + added > limit * MB:
        message = _("The materials of one application may have {limit} MB in all. Upload smaller files.")
        raise Refused("total_too_large", format_lazy(message, limit=limit))


# --- What is there and what is missing ----------------------------------------------------------------------


@dataclass(frozen=True)
class RequirementState:
    requirement: Requirement
    required: bool
    files: list[Material]
    on_record: bool  # the enterprise's record has it, so it isn't asked for again
    promise: Promise | None = None  # it comes later, or a pledge stands in its place

    @property
    def satisfied(self) -> bool:
        promised = self.promise is not None and self.promise.met_at is None
        return bool(self.files) or self.on_record or promised or not self.required

    @property
    def rows(self) -> int:
        """How many rows the files' rosters have in all."""
        return sum(material.facts.get("rows", 0) for material in self.files)


def requirement_state(
    application: Application, values: Mapping[str, Any], *, with_hidden: bool = False
) -> list[RequirementState]:
    """What is asked for with these answers, and what of it is there; three queries however many there are.

    A material whose question is not shown is not asked for; ``with_hidden`` gives it all the same, for the browser may show it.
    """
    hidden = hidden_materials(application.definition, values)
    requirements = [each for each in application.definition.materials if with_hidden or each.key not in hidden]
    if not requirements:
        return []
    files: dict[str, list[Material]] = {requirement.key: [] for requirement in requirements}
    for material in application.materials.current():
        material.application = application
        files.setdefault(material.requirement, []).append(material)
    promises = {promise.requirement: promise for promise in application.promises.all()}
    record = _record(application, [r for r in requirements if r.on_record and not files[r.key]])
    return [
        RequirementState(
            requirement=requirement,
            required=_is_required(requirement, values),
            files=files[requirement.key],
            on_record=requirement.key in record,
            promise=promises.get(requirement.key),
        )
        for requirement in requirements
    ]


def hidden_materials(definition: Definition, values: Mapping[str, Any]) -> set[str]:
    """Keys of the materials that are taken in by a question of the form which is not shown."""
    conditions = [(field.material, expression(field.shown_if)) for field in definition.fields() if field.material]
    return {key for key, shown in conditions if shown and not shown.holds(values, when_unanswered=False)}


def take_from_record(application: Application) -> list[Material]:
    """At submission: the materials on the enterprise's record become materials of this application too, and files of
    questions that aren't shown any more are taken out of it."""
    definition = application.definition
    if not any(asked.on_record for asked in definition.materials) and not any(f.material for f in definition.fields()):
        return []
    with transaction.atomic():
        application = locked(application)
        hidden = hidden_materials(application.definition, values_of(application.definition, application.answers))
        if application.is_draft and hidden:
            for material in application.materials.current().filter(requirement__in=hidden):
                _put_aside(application, material)
        here = set(application.materials.current().values_list("requirement", flat=True))
        asked = [r for r in application.definition.materials if r.on_record and r.key not in here | hidden]
        record = _record(application, asked)
        for sha256 in sorted({found.sha256 for found in record.values()}):
            lock_blob(sha256)  # from now on nobody erases it by the rule of retention
        there = Material.objects.filter(pk__in=[found.pk for found in record.values()], erased_at=None)
        kept = set(there.values_list("pk", flat=True))
        return [
            Material.objects.create(
                application=application,
                requirement=found.requirement,
                original_name=found.original_name,
                media_type=found.media_type,
                size=found.size,
                sha256=found.sha256,
                received_sha256=found.received_sha256,
                facts=found.facts,
                uploaded_by_id=found.uploaded_by_id,
                from_record=True,
            )
            for found in record.values()
            if found.pk in kept
        ]


def _is_required(requirement: Requirement, values: Mapping[str, Any]) -> bool:
    condition = expression(requirement.required_if)
    return requirement.required or (condition is not None and condition.holds(values, when_unanswered=False))


def _record(application: Application, requirements: list[Requirement]) -> dict[str, Material]:
    """The latest file for each requirement on an approved application of the same enterprise."""
    if not requirements or application.enterprise_id is None:
        return {}
    formats = {requirement.key: {MEDIA_TYPES[kind] for kind in requirement.formats} for requirement in requirements}
    candidates = Material.objects.current().filter(
        requirement__in=formats,
        erased_at=None,
        application__enterprise=application.enterprise_id,
        application__status=Status.APPROVED,
    )
    found: dict[str, Material] = {}
    for material in candidates.exclude(application=application.pk).order_by("-pk")[:200]:
        if material.media_type in formats[material.requirement]:
            found.setdefault(material.requirement, material)
    return found
