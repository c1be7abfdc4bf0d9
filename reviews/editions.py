"""A draft edition is published, now or at a set time: what was looked at is what is published, or nothing is."""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits import definition_file
from permits.definition import Definition
from permits.models import EditionDraft, Service, ServiceVersion, User
from reviews import publishing, roles, told
from reviews.audit import log
from reviews.drafting import check_open, locked, slug_of
from reviews.models import Event, RoleGrant
from reviews.notices import choosing, outbox

logger = logging.getLogger(__name__)
BATCH = 100
FURTHEST = timedelta(days=366)
LATE = timedelta(minutes=5)


class NotPublished(Exception):
    """It isn't published; the message says why, and what to do."""

    def __init__(self, message: Any, **params: Any) -> None:
        self.message, self.params = message, params
        super().__init__(message, params)

    def __str__(self) -> str:
        return str(self.message) % self.params


class LookAgain(NotPublished):
    """The draft, or the edition in force, is not what was looked at."""


@transaction.atomic
def publish_draft(draft_id: int, *, by: User, revision: int, against: int | None) -> ServiceVersion:
    """Publish the draft as it was seen: its ``revision``, and ``against`` which edition (its id) it was compared.

    Safe to call twice. Raise ``DefinitionError`` for faults, ``NotPublished``, ``Closed``.
    """
    draft = locked(draft_id)
    if draft.published_version is not None:
        return draft.published_version
    check_open(draft)
    _check_seen(draft, revision)
    return _publish(draft, by=by, role=roles.acting_as(by), against=against)


@transaction.atomic
def schedule(
    draft_id: int, *, by: User, revision: int, against: int | None, at: datetime, now: datetime | None = None
) -> EditionDraft:
    """Set the time at which the draft, as it was seen, is published. It can't be changed until this is cancelled.

    Raise ``DefinitionError`` for faults, ``NotPublished``, ``Closed``; ``ValueError`` for a time that can't be.
    """
    now = now or timezone.now()
    draft = locked(draft_id)
    if draft.scheduled and draft.publish_at == at:
        return draft
    check_open(draft)
    _check_seen(draft, revision)
    if at <= now:
        raise ValueError(_("This time is past; choose a later one, or publish now."))
    if at > now + FURTHEST:
        raise ValueError(_("This is more than a year away; choose an earlier time."))
    definition, service = _checked(draft, against)
    draft.publish_at, draft.scheduled_by, draft.scheduled_against = at, by, service.current if service else None
    draft.refused_at, draft.refused_reason = None, {}
    draft.save()
    _record(draft, "edition_scheduled", definition.slug, by=by, at=now, before=_edition(service), after=_stamp(at))
    return draft


@transaction.atomic
def cancel_schedule(draft_id: int, *, by: User) -> EditionDraft:
    """Safe to call twice. Raise ``NotPublished`` when it was published meanwhile."""
    draft = locked(draft_id)
    if draft.published_version_id is not None:
        raise NotPublished(_("It was published meanwhile. An earlier edition can be put in force again."))
    if draft.publish_at is None:
        return draft
    before = _stamp(draft.publish_at)
    draft.publish_at = draft.scheduled_by = draft.scheduled_against = None
    draft.save()
    slug = draft.service.slug if draft.service else slug_of(draft.source)
    _lock_service(slug)
    _record(draft, "edition_unscheduled", slug, by=by, at=timezone.now(), before=before)
    return draft


def due(now: datetime) -> Any:
    return EditionDraft.objects.filter(published_version=None, publish_at__lte=now).order_by("publish_at", "pk")


def publish_due(now: datetime | None = None) -> dict[str, int]:
    """Publish what is due, each in a transaction of its own; one that fails doesn't stop the others.

    Safe to run twice, and by several workers at once: who comes second finds it done.
    """
    now = now or timezone.now()
    done = {"published": 0, "refused": 0}
    for pk in list(due(now).values_list("pk", flat=True)[:BATCH]):
        try:
            outcome = _publish_one(pk, now)
        except Exception:
            logger.exception("draft edition %s could not be published", pk)
            continue
        if outcome:
            done[outcome] += 1
    return done


@transaction.atomic
def _publish_one(draft_id: int, now: datetime) -> str:
    draft = locked(draft_id)
    if draft.published_version_id is not None or draft.publish_at is None or draft.publish_at > now:
        return ""
    by = draft.scheduled_by
    assert by is not None  # the database holds it to that
    try:
        with transaction.atomic():
            if not roles.holds(by, RoleGrant.Role.SERVICE_OWNER):
                raise NotPublished(_("%(name)s, who set the time, may no longer publish services."), name=by.name)
            version = _publish(draft, by=by, role="schedule", against=draft.scheduled_against_id)
    except (definition_file.DefinitionError, NotPublished) as error:
        _refuse(draft, error, now)
        return "refused"
    event = Event.objects.filter(stream=f"service:{version.service.slug}").order_by("-seq")[0]
    title = version.definition.title
    _tell(event, by, "edition_published", draft, {"zh": title.zh, "en": title.en}, edition=version.edition)
    return "published"


def _publish(draft: EditionDraft, *, by: User, role: str, against: int | None) -> ServiceVersion:
    _checked(draft, against)
    version = publishing.publish(draft.source, by=by, role=role, files_of=draft).version
    draft.published_version, draft.service = version, version.service
    draft.refused_at, draft.refused_reason = None, {}
    draft.save()
    return version


def _checked(draft: EditionDraft, against: int | None) -> tuple[Definition, Service | None]:
    """The draft's definition and the service, locked; raise for what stands against publishing it."""
    definition = definition_file.parse(draft.source)
    service = _lock_service(definition.slug)
    if draft.service is not None and draft.service.slug != definition.slug:
        raise NotPublished(
            _("The draft is one of “%(service)s”, but its slug says “%(slug)s”: put the slug back."),
            service=draft.service.slug, slug=definition.slug,
        )  # fmt: skip
    if (service.current_id if service else None) != against:
        raise LookAgain(
            _("Another edition came into force meanwhile (%(edition)s). Look at what this draft would change in it."),
            edition=service.current if service else "—",
        )
    if service and service.current and _is_in_force(draft, service.current):
        raise NotPublished(_("This very text is in force already; there is nothing to publish."))
    return definition, service


def _is_in_force(draft: EditionDraft, current: ServiceVersion) -> bool:
    """Its very text, and no file that was uploaded for it is another than the edition's."""
    if current.digest != hashlib.sha256(draft.source.encode()).hexdigest():
        return False
    uploaded = set(draft.files.values_list("name", "sha256"))
    return uploaded <= set(current.files.values_list("name", "sha256"))


def _check_seen(draft: EditionDraft, revision: int) -> None:
    if draft.revision != revision:
        raise LookAgain(
            _("%(name)s changed the draft meanwhile. Look at what it says now."), name=_name(draft.saved_by)
        )


def _lock_service(slug: str) -> Service | None:
    """Without the edition in force, which is read once the row is held: see ``publishing.publish``."""
    return Service.objects.select_for_update().filter(slug=slug).first()


def _refuse(draft: EditionDraft, error: Exception, now: datetime) -> None:
    """Not published: the reason stands on the draft, in the log, and is told to the one who set the time."""
    by, planned = draft.scheduled_by, draft.publish_at
    assert by is not None and planned is not None
    reason = told.in_both(lambda: _words(error))
    draft.publish_at = draft.scheduled_by = draft.scheduled_against = None
    draft.refused_at, draft.refused_reason = now, reason
    draft.save()
    slug = draft.service.slug if draft.service else slug_of(draft.source)
    _lock_service(slug)
    event = _record(draft, "edition_refused", slug, by=by, at=now, before=_stamp(planned), reason=reason["zh"])
    title = draft.base.definition.title if draft.base else None
    name = {"zh": title.zh, "en": title.en} if title else {"zh": slug, "en": slug}
    _tell(event, by, "edition_refused", draft, name, reason=reason, planned_at=planned.isoformat())


def _words(error: Exception) -> str:
    if not isinstance(error, definition_file.DefinitionError):
        return str(error)
    return _("Its definition has faults:\n%(faults)s") % {"faults": "\n".join(error.faults[:10])}


def _record(
    draft: EditionDraft, action: str, slug: str, *, by: User, at: datetime, before: str, after: str = "", reason: str = ""
) -> Event:  # fmt: skip
    digest = hashlib.sha256(draft.source.encode()).hexdigest()
    return log.record(
        action=action, actor=by, role="schedule" if action == "edition_refused" else roles.acting_as(by), at=at,
        stream=f"service:{slug}", before=before, after=after, reason=reason,
        data={"draft": draft.pk, "revision": draft.revision, "digest": digest},
    )  # fmt: skip


def _tell(event: Event, by: User, kind: str, draft: EditionDraft, service: dict[str, str], **params: Any) -> None:
    address = f"/admin/permits/editiondraft/{draft.pk}/change/"
    outbox.write(outbox.compose(event, [choosing.reader(by)], kind, {"service": service, "path": address, **params}))


def _edition(service: Service | None) -> str:
    return str(service.current.edition) if service and service.current else ""


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _name(user: User | None) -> str:
    return user.name if user else "—"
