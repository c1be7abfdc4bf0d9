"""A task: one stage of one application in the hands of one department; and the decision that ends it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from permits.models import Application
from reviews.models.department import Department


class TaskQuerySet(models.QuerySet["Task"]):
    def visible_to(self, user) -> TaskQuerySet:
        """Those of the departments that ``user`` is posted to."""
        return self.filter(department__officials__user=user, department__officials__active=True)

    def open(self) -> TaskQuerySet:
        return self.filter(state=Task.State.OPEN)


class Task(models.Model):
    class State(models.TextChoices):
        OPEN = "open", _("Open")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="tasks", verbose_name=_("application"))
    stage = models.CharField(_("Stage"), max_length=60)
    kind = models.CharField(max_length=20)
    department = models.ForeignKey(Department, models.PROTECT, related_name="tasks", verbose_name=_("department"))
    state = models.CharField(_("State"), max_length=10, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField(_("Opened"))
    due_at = models.DateTimeField(_("Due"))
    closed_at = models.DateTimeField(_("Closed"), null=True)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("claimed by")
    )
    claimed_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        indexes = [
            models.Index(fields=["department", "state", "due_at"], name="task_queue"),
            models.Index(fields=["state", "due_at"], name="task_by_due_time"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "stage", "department"],
                condition=Q(state="open"),
                name="one_open_task_per_stage_and_department",
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None) | (~Q(state="open") & Q(closed_at__gte=F("opened_at"))),
                name="task_closed_when_not_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application} · {self.stage_label}"

    @property
    def stage_label(self) -> str:
        stage = self.application.definition.stage(self.stage)
        return str(stage.title) if stage else self.stage


class Decision(models.Model):
    """What an official decided on a task; one a task, for ever."""

    class Outcome(models.TextChoices):
        ACCEPT = "accept", _("Accept")
        CORRECT = "correct", _("Notify of corrections")
        DECLINE = "decline", _("Decline to accept")
        AGREE = "agree", _("Agree")
        DISAGREE = "disagree", _("Disagree")
        APPROVE = "approve", _("Approve")
        REJECT = "reject", _("Reject")
        ACKNOWLEDGE = "acknowledge", _("Seen to")

    task = models.OneToOneField(Task, models.PROTECT, related_name="decision")
    official = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="decisions")
    outcome = models.CharField(_("Outcome"), max_length=12, choices=Outcome.choices)
    reason = models.TextField(_("Reason"), blank=True)
    decided_at = models.DateTimeField(_("Decided"))

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        constraints = [models.CheckConstraint(condition=Q(outcome__in=[
            "accept", "correct", "decline", "agree", "disagree", "approve", "reject", "acknowledge"]), name="decision_outcome_known")]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.task}: {self.get_outcome_display()}"
