"""On-line guidance: the thread of an application with the reviewing office, calls asked for, saved answers, consents.

A draft may be thrown away by its owner, and its thread goes with it: so all of it hangs on the application by CASCADE, and
its events stand in a stream beside the application's (``reviews.guidance.stream_of``), which stays.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from permits.models import Application
from permits.models.fields import EncryptedTextField
from reviews.models.department import Department


class Side(models.TextChoices):
    APPLICANT = "applicant", _("Applicant")
    OFFICE = "office", _("Office")


class Thread(models.Model):
    """One an application, made with the first thing that is said or asked for."""

    application = models.OneToOneField(Application, models.CASCADE, primary_key=True, related_name="thread")
    # The office that answers: where the open task lies, or where a draft would be sent.
    department = models.ForeignKey(Department, models.PROTECT, related_name="threads", verbose_name=_("department"))
    # By when the earliest question without an answer should have one; nothing while none waits.
    due_at = models.DateTimeField(_("Answer expected"), null=True)
    last_at = models.DateTimeField(_("Last message"))
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("claimed by")
    )
    claimed_until = models.DateTimeField(null=True)
    # When each side was last told of something new: not twice an hour while it is unread.
    applicant_told_at = models.DateTimeField(null=True)
    office_told_at = models.DateTimeField(null=True)
    # When the supervisors were told that an answer is late: of the question that was due before then.
    escalated_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("thread")
        verbose_name_plural = _("messages and call-backs")
        indexes = [
            models.Index(fields=["department", "due_at"], condition=Q(due_at__isnull=False), name="thread_waiting"),
            models.Index(fields=["department", "-last_at"], name="thread_by_last"),
            models.Index(fields=["claimed_by", "due_at"], condition=Q(due_at__isnull=False), name="thread_claimed"),
            models.Index(fields=["last_at"], condition=Q(erased_at=None), name="thread_to_erase"),
        ]

    def __str__(self) -> str:
        return str(self.application)

    def is_claimed(self, at: datetime) -> bool:
        return self.claimed_by_id is not None and self.claimed_until is not None and self.claimed_until > at


class Message(models.Model):
    """What one side wrote, or what the office put down of a call. The log holds the salted digest of its words."""

    class Kind(models.TextChoices):
        WRITTEN = "written", _("Written")
        PHONE = "phone", _("By phone")
        MISSED = "missed", _("Called, not reached")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="messages")
    side = models.CharField(max_length=10, choices=Side.choices)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.WRITTEN)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="+")  # of the office's side
    text = EncryptedTextField(_("Text"), blank=True)
    salt = models.CharField(max_length=32, blank=True)
    # Of the form that it was typed into: sent twice, it is one message.
    key = models.CharField(max_length=36)
    at = models.DateTimeField(_("Time"))
    spoken_at = models.DateTimeField(_("Spoken"), null=True)
    read_at = models.DateTimeField(null=True)  # by the other side

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["thread", "author", "key"], name="message_sent_once"),
            models.CheckConstraint(
                condition=Q(side="applicant", department=None) | Q(side="office", department__isnull=False),
                name="message_of_an_office_names_it",
            ),
        ]
        indexes = [models.Index(fields=["thread", "side"], condition=Q(read_at=None), name="message_unread")]

    def __str__(self) -> str:
        return f"{self.thread_id} · {self.at:%Y-%m-%d %H:%M}"


class CallbackRequest(models.Model):
    class State(models.TextChoices):
        OPEN = "open", _("To be called")
        DONE = "done", _("Done")
        MISSED = "missed", _("Not reached")
        CANCELLED = "cancelled", _("Cancelled")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    application = models.ForeignKey(Application, models.CASCADE, related_name="callbacks")
    department = models.ForeignKey(Department, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("Asked"))
    mobile = EncryptedTextField(_("Mobile number"), blank=True)
    # When one wants to be called: half a day of working time.
    starts_at = models.DateTimeField(_("From"))
    ends_at = models.DateTimeField(_("Until"))
    state = models.CharField(_("State"), max_length=10, choices=State.choices, default=State.OPEN)
    handled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    handled_at = models.DateTimeField(null=True)
    note = EncryptedTextField(_("Note"), blank=True)
    key = models.CharField(max_length=36)

    class Meta:
        verbose_name = _("call-back")
        verbose_name_plural = _("call-backs")
        constraints = [
            models.UniqueConstraint(fields=["application"], condition=Q(state="open"), name="one_open_callback"),
            models.UniqueConstraint(fields=["application", "asked_by", "key"], name="callback_asked_once"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="callback_window_has_length"),
            models.CheckConstraint(
                condition=Q(state="open", handled_at=None) | (~Q(state="open") & Q(handled_at__isnull=False)),
                name="callback_handled_when_not_open",
            ),
        ]
        indexes = [models.Index(fields=["department", "starts_at"], condition=Q(state="open"), name="callback_open")]

    def __str__(self) -> str:
        return f"{self.application_id} · {self.starts_at:%Y-%m-%d %H:%M}"


class GuidanceConsent(models.Model):
    """The applicant lets the office look at a draft until then. ``revoked_at`` ends it earlier."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="consents")
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    given_at = models.DateTimeField()
    until = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application"], condition=Q(revoked_at=None), name="one_consent_at_a_time"),
            models.CheckConstraint(condition=Q(until__gt=F("given_at")), name="consent_has_length"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} · {self.until:%Y-%m-%d}"


class SavedAnswer(models.Model):
    """Words that are needed often: of a department, kept by its supervisors, or somebody's own."""

    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    title = models.CharField(_("Title"), max_length=80)
    text_zh = models.TextField(_("Text in Chinese"), max_length=2000, blank=True)
    text_en = models.TextField(_("Text in English"), max_length=2000, blank=True)
    active = models.BooleanField(_("Active"), default=True)

    class Meta:
        verbose_name = _("saved answer")
        verbose_name_plural = _("saved answers")
        constraints = [
            models.CheckConstraint(
                condition=Q(department=None, owner__isnull=False) | Q(department__isnull=False, owner=None),
                name="saved_answer_is_somebodys",
            ),
            models.CheckConstraint(condition=~Q(text_zh="", text_en=""), name="saved_answer_says_something"),
        ]

    def __str__(self) -> str:
        return self.title

    def text(self, language: str) -> str:
        """In the language, or in the one that there is."""
        first, other = (self.text_zh, self.text_en) if language.startswith("zh") else (self.text_en, self.text_zh)
        return first or other
