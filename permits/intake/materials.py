"""Materials come in, go out and are counted here, and nowhere else. Who may upload, and when, is the caller's to say.

A file comes in in one of two ways. ``take_in`` keeps it to be checked, which ``checking`` does a moment later in a worker:
only what was found fine counts as handed in (``Material.objects.current()``). ``add_material`` checks it at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Sum
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from permits.definition import Definition, Requirement, expression
from permits.forms import values_of
from permits.intake import checking, keeping, sandbox, scanner, storage
from permits.intake.blob_lock import lock_blob
from permits.intake.inspect import MB, MEDIA_TYPES, Refused, glance, refuse_size
from permits.intake.keeping import Made, discard, put_aside
from permits.intake.left import left_files, throw_away
from permits.intake.roster import RosterRefused
from permits.intake.storage import Stored
from permits.intake.upload import safe_name
from permits.models import Application, Check, Material, MaterialPart, Promise, Status, User

__all__ = [
    "Refused",
    "RequirementState",
    "RosterRefused",
    "add_material",
    "copied",
    "discard",
    "remove_material",
    "requirement_state",
    "take_from_record",
    "take_in",
]

log = logging.getLogger(__name__)


def always(application: Application) -> bool:
    return True


def take_in(
    *,
    application: Application,
    requirement_key: str,
    upload: UploadedFile,
    user: User,
    may_change: Callable[[Application], bool] = always,
) -> Material:
    """Keep one file for a requirement, to be checked by a worker, or raise ``Refused`` for what shows at once.

    The same file again for the same requirement gives the material that is there already: a retry does no
    harm. ``may_change`` is asked under the application's lock, for it may be sent while a file is on its way.
    """
    requirement = _asked_for(application, requirement_key, upload)
    glance(upload, name=upload.name or "", requirement=requirement)
    upload.seek(0)
    stored = storage.put(upload)
    with keeping.discarded_when_refused([stored.sha256]):
        return _keep(application, requirement, upload, stored, None, user, may_change)


def add_material(
    *,
    application: Application,
    requirement_key: str,
    upload: UploadedFile,
    user: User,
    may_change: Callable[[Application], bool] = always,
) -> Material:
    """Take in one file and check it at once: raise ``Refused`` (``RosterRefused`` for a roster with faults), and
    ``scanner.Down`` where nobody can say whether there is a virus in it. Else as ``take_in``.
    """
    requirement = _asked_for(application, requirement_key, upload)
    scanner.scan(upload)
    try:
        with sandbox.looked_into(upload, name=upload.name or "", requirement=requirement) as looked:
            upload.seek(0)
            received = storage.digest_of(upload)
            made = keeping.made_of(looked, upload)
            with keeping.discarded_when_refused(made.digests):
                return _keep(application, requirement, upload, received, made, user, may_change)
    except sandbox.Failed as error:
        raise sandbox.unreadable() from error


def remove_material(*, material: Material, user: User, may_change: Callable[[Application], bool] = always) -> None:
    """Take a file back: gone from a draft, kept on record as replaced in a submitted application."""
    with transaction.atomic():
        application = keeping.locked(material.application)
        refuse_when_sent(application, may_change)
        here = application.materials.shown() | left_files(application)
        there = here.filter(pk=material.pk).first()
        if there is None:
            return  # somebody was faster
        put_aside(application, there)
        log.info("material %s removed by user %s", material.public_id, user.pk)


def _asked_for(application: Application, key: str, upload: UploadedFile) -> Requirement:
    requirement = application.definition.requirement(key)
    if requirement is None:
        raise Refused("unknown_requirement", _("This service doesn't ask for such a material. Reload the page."))
    refuse_size(upload.size or 0, min(requirement.max_mb * MB, settings.UPLOAD_MAX_BYTES))
    return requirement


def _keep(
    application: Application,
    requirement: Requirement,
    upload: UploadedFile,
    received: Stored,
    made: Made | None,
    user: User,
    may_change: Callable[[Application], bool],
) -> Material:
    """Write the row, under the application's lock: fine, or with nothing ``made`` yet to be checked."""
    with transaction.atomic():
        application = keeping.locked(application)
        refuse_when_sent(application, may_change)
        shown = list(application.materials.shown().filter(requirement=requirement.key))
        there = next((each for each in shown if each.received_sha256 == received.sha256), None)
        if there and (there.check_state == Check.FINE or (made is None and there.check_state != Check.REFUSED)):
            return there
        if made and (
            same := next((each for each in shown if each.sha256 == made.stored.sha256 and each.is_fine), None)
        ):
            return same  # the same picture, sent in two ways
        one = requirement.max_count == 1
        # One takes another's place only when it is fine; what was not, goes at once.
        replaced = [each for each in shown if each is there or (one and (made or each.check_state != Check.FINE))]
        left = [each for each in shown if each not in replaced and each.check_state != Check.REFUSED]
        if not one:
            _refuse_too_many(requirement, len(left))
        size = made.stored.size if made else received.size
        _refuse_too_much(application, size - sum(each.size for each in replaced if each.check_state != Check.REFUSED))
        if made:
            keeping.hold(made)
        else:
            lock_blob(received.sha256)
            if not storage.exists(received.sha256):  # thrown away by another request since, with its last row
                upload.seek(0)
                storage.put(upload)
        for each in replaced:
            put_aside(application, each)
        material = Material(
            application=application, requirement=requirement.key, media_type="",
            original_name=(upload.name or "") if made else safe_name(upload.name or ""),
            size=received.size, sha256="" if made else received.sha256, received_sha256=received.sha256, uploaded_by=user,
            check_state=Check.CHECKING, position=max((each.position for each in shown), default=-1) + 1,
        )  # fmt: skip
        if made:
            keeping.write(material, made)
            return material
        material.save()
        transaction.on_commit(lambda: checking.kick(material.pk), robust=True)
        return material


def refuse_when_sent(application: Application, may_change: Callable[[Application], bool]) -> None:
    if not may_change(application):
        raise Refused("sent", _("This application was sent; its materials can't be changed now."))


def _refuse_too_many(requirement: Requirement, count: int) -> None:
    if count >= requirement.max_count:
        message = ngettext_lazy(
            "At most %(count)d file is taken here. Remove it first.",
            "At most %(count)d files are taken here. Remove one first.",
            requirement.max_count,
        )
        raise Refused("too_many", message % {"count": requirement.max_count})


def _refuse_too_much(application: Application, added: int) -> None:
    total = application.materials.shown().exclude(check_state=Check.REFUSED).aggregate(total=Sum("size"))["total"] or 0
    limit = application.definition.total_mb
    if total + added > limit * MB:
        message = _("The materials of one application may have {limit} MB in all. Upload smaller files.")
        raise Refused("total_too_large", format_lazy(message, limit=limit))


# --- What is there and what is missing ----------------------------------------------------------------------


@dataclass(frozen=True)
class RequirementState:
    requirement: Requirement
    required: bool
    files: list[Material]  # found fine
    on_record: bool  # the enterprise's record has it, so it isn't asked for again
    promise: Promise | None = None  # it comes later, or a pledge stands in its place
    others: list[Material] = field(default_factory=list)  # being checked, waiting for the scanner, or refused

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
    others: dict[str, list[Material]] = {}
    for material in application.materials.shown():
        material.application = application
        found = files if material.check_state == Check.FINE else others
        found.setdefault(material.requirement, []).append(material)
    promises = {promise.requirement: promise for promise in application.promises.all()}
    record = _record(application, [r for r in requirements if r.on_record and not files[r.key]])
    return [
        RequirementState(
            requirement=requirement,
            required=_is_required(requirement, values),
            files=files[requirement.key],
            on_record=requirement.key in record,
            promise=promises.get(requirement.key),
            others=others.get(requirement.key, []),
        )
        for requirement in requirements
    ]


def hidden_materials(definition: Definition, values: Mapping[str, Any]) -> set[str]:
    """Keys of the materials that are taken in by a question of the form which is not shown."""
    conditions = [(field.material, expression(field.shown_if)) for field in definition.fields() if field.material]
    return {key for key, shown in conditions if shown and not shown.holds(values, when_unanswered=False)}


def take_from_record(application: Application) -> list[Material]:
    """At submission: the materials on the enterprise's record become materials of this application too, and files of
    questions that aren't shown any more, and those that its edition doesn't take, are taken out of it."""
    definition = application.definition
    throw_away(application)
    if not any(asked.on_record for asked in definition.materials) and not any(f.material for f in definition.fields()):
        return []
    with transaction.atomic():
        application = keeping.locked(application)
        hidden = hidden_materials(application.definition, values_of(application.definition, application.answers))
        if application.is_draft and hidden:
            for material in application.materials.shown().filter(requirement__in=hidden):
                put_aside(application, material)
        here = set(application.materials.current().values_list("requirement", flat=True))
        asked = [r for r in application.definition.materials if r.on_record and r.key not in here | hidden]
        found = _record(application, asked)
        parts = MaterialPart.objects.filter(material__in=[each.pk for each in found.values()])
        for sha256 in sorted({*(each.sha256 for each in found.values()), *parts.values_list("sha256", flat=True)}):
            lock_blob(sha256)  # from now on nobody erases it by the rule of retention; who was faster is seen below
        there = Material.objects.filter(pk__in=[each.pk for each in found.values()], erased_at=None)
        return [copied(application, each) for each in there.order_by("pk")]


def copied(application: Application, found: Material, *, from_record: bool = True) -> Material:
    """A file that was found fine elsewhere, for the same requirement of this application too: the same blobs, other rows."""
    material = Material.objects.create(
        application=application,
        requirement=found.requirement,
        original_name=found.original_name,
        media_type=found.media_type,
        size=found.size,
        sha256=found.sha256,
        received_sha256=found.received_sha256,
        facts=found.facts,
        uploaded_by_id=found.uploaded_by_id,
        check_state=Check.FINE,
        checked_at=found.checked_at,
        from_record=from_record,
    )
    parts = list(found.parts.all())
    for part in parts:
        part.pk, part.material = None, material
    MaterialPart.objects.bulk_create(parts)
    return material


def _is_required(requirement: Requirement, values: Mapping[str, Any]) -> bool:
    condition = expression(requirement.required_if)
    return requirement.required or (condition is not None and condition.holds(values, when_unanswered=False))


def _record(application: Application, requirements: list[Requirement]) -> dict[str, Material]:
    if application.enterprise_id is None:
        return {}
    return on_record(application.enterprise_id, requirements, but=application.pk)


def on_record(enterprise_id: int, requirements: Sequence[Requirement], *, but: int | None = None) -> dict[str, Material]:
    """The latest file for each requirement on an approved application of the enterprise; not on application ``but``."""
    if not requirements:
        return {}
    formats = {requirement.key: {MEDIA_TYPES[kind] for kind in requirement.formats} for requirement in requirements}
    candidates = Material.objects.current().filter(
        requirement__in=formats,
        erased_at=None,
        application__enterprise=enterprise_id,
        application__status=Status.APPROVED,
    )
    found: dict[str, Material] = {}
    candidates = candidates.select_related("application").defer("application__answers", "application__left_over")
    for material in candidates.exclude(application=but).order_by("-pk")[:200]:
        if material.media_type in formats[material.requirement]:
            found.setdefault(material.requirement, material)
    return found
