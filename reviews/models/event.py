"""The audit log: what happened, in order, append-only; and the words that may be erased while it stays valid."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from permits.models import Application


class Event(models.Model):
    """One step. Written by ``reviews.audit.log.record`` only; triggers refuse UPDATE and DELETE."""

    stream = models.CharField(
        _("Stream"), max_length=60, help_text=_("What it happened to: application:…, service:…")
    )
    seq = models.PositiveIntegerField(_("No. in the stream"))
    # No index of their own for these two: one below begins with each.
    application = models.ForeignKey(Application, models.PROTECT, null=True, related_name="events", db_index=False)
    action = models.CharField(_("Action"), max_length=40)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("actor"), db_index=False
    )
    role = models.CharField(_("Role"), max_length=80)
    at = models.DateTimeField(_("Time"))
    before = models.CharField(_("Before"), max_length=40, blank=True)
    after = models.CharField(_("After"), max_length=40, blank=True)
    payload = models.TextField(_("Content"), help_text=_("Canonical JSON (RFC 8785): what the hash is taken over"))
    prev_hash = models.CharField(_("Hash before it"), max_length=64, blank=True)
    hash = models.CharField(_("Hash"), max_length=64)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("audit log")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["stream", "seq"], name="event_chain_has_no_fork")]
        indexes = [
            models.Index(fields=["application", "seq"], name="event_by_application"),
            # What the auditor filters by, each in the order of the pages.
            models.Index(fields=["actor", "at", "id"], name="event_by_actor_and_time"),
            models.Index(fields=["action", "at", "id"], name="event_by_action_and_time"),
            models.Index(fields=["at", "id"], name="event_by_time_and_id"),
        ]

    def __str__(self) -> str:
        return f"{self.stream} #{self.seq} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("an event never changes")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("an event is never deleted")


class EventNote(models.Model):
    """The words that go with an event, such as a reason. The event holds only their salted digest, so that they can
    be erased when the law asks for it, and the log stays valid and blind."""

    # No constraint: the words stay, and can be erased, where an archived event's row is gone.
    event = models.OneToOneField(Event, models.PROTECT, related_name="note", db_constraint=False)
    salt = models.CharField(max_length=32)
    text = models.TextField()

    def __str__(self) -> str:
        return self.text[:60]
