"""A task: one stage of one application in the hands of one department; and the decision that ends it."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from permits.models import Application
from reviews.models.department import Delegation, Department, Official


class TaskQuerySet(models.QuerySet["Task"]):
    def visible_to(self, user) -> TaskQuerySet:
        """Those of the departments that ``user`` is posted to, or stands in for somebody of just now.

        The departments are looked up at once, in one query: a list of ids is what an index serves.
        """
        return self.filter(department__in=Department.objects.ids_of(user))

    def open(self) -> TaskQuerySet:
        return self.filter(state=Task.State.OPEN)

    def held_by_nobody_there(self, at: datetime) -> TaskQuerySet:
        """Claims of people who neither have a post in the task's department any more, nor stand in for one who has."""
        posted = Official.objects.filter(
            user=OuterRef("claimed_by"), department=OuterRef("department"), active=True, user__is_active=True
        )
        lent = Delegation.objects.in_force(at).filter(
            delegate=OuterRef("claimed_by"), official__department=OuterRef("department")
        )
        return self.exclude(claimed_by=None).exclude(lease_until=None).exclude(Exists(posted)).exclude(Exists(lent))


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
    # A claim is a lease: left alone until then, the task goes back to the queue.
    lease_until = models.DateTimeField(null=True)
    # The next reminder: at half of its time, then at four fifths; at the whole it is escalated.
    remind_at = models.DateTimeField(null=True)
    reminded = models.PositiveSmallIntegerField(default=0, help_text="Per cent of the time at the last reminder")
    escalated_at = models.DateTimeField(null=True)
    # When its department's silence means something: 默认同意 in a countersign, 逾期不告知即为受理 in a pre-check.
    silent_at = models.DateTimeField(null=True)
    returned = models.BooleanField(_("Returned"), default=False)
    round = models.PositiveSmallIntegerField(default=1)
    # A second notice of corrections needs a supervisor's word: asked for, and given.
    second_round_asked_at = models.DateTimeField(null=True)
    second_round_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        indexes = [
            models.Index(fields=["department", "state", "due_at"], name="task_queue"),
            models.Index(fields=["state", "due_at"], name="task_by_due_time"),
            models.Index(fields=["department", "state", "closed_at"], name="task_by_closing"),
            models.Index(fields=["remind_at"], condition=Q(state="open"), name="task_to_remind"),
            models.Index(fields=["lease_until"], condition=Q(state="open"), name="task_claimed_until"),
            models.Index(fields=["silent_at"], condition=Q(state="open"), name="task_silent"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "stage", "department"],
                condition=Q(state="open") & ~Q(kind="advice"),
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
        """The stage's title; for a task beside the stages, what it is."""
        if self.kind == "aftercheck":
            material = self.application.definition.requirement(self.stage.removeprefix("aftercheck:"))
            return f"{BESIDE[self.kind]}: {material.title}" if material else str(BESIDE[self.kind])
        stage = self.application.definition.stage(self.stage)
        title = str(stage.title) if stage else self.stage
        return f"{BESIDE[self.kind]}: {title}" if self.kind in BESIDE else title


# Tasks that are no stage of the process.
BESIDE = {"advice": _("Opinion"), "objection": _("Objection"), "aftercheck": _("Check of a pledge")}


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
        RETURN = "return", _("Return to an earlier stage")
        SILENT = "silent", _("Deemed to agree")
        ADVISE = "advise", _("Give an opinion")
        UPHOLD = "uphold", _("Uphold the decision")
        OVERTURN = "overturn", _("Set the decision aside")
        CONFIRM = "confirm", _("The pledge holds")
        FOUND_FALSE = "found_false", _("The pledge is false")

    task = models.OneToOneField(Task, models.PROTECT, related_name="decision")
    # Nobody, when a department's silence counted as its agreement.
    official = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="decisions")
    on_behalf_of = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(_("Outcome"), max_length=12, choices=Outcome.choices)
    reason = models.TextField(_("Reason"), blank=True)
    decided_at = models.DateTimeField(_("Decided"))

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    outcome__in=[
                        "accept", "correct", "decline", "agree", "disagree", "approve", "reject", "acknowledge",
                        "return", "silent", "advise", "uphold", "overturn", "confirm", "found_false",
                    ]
                ),
                name="decision_outcome_known",
            ),
            models.CheckConstraint(
                condition=Q(official__isnull=False) | Q(outcome="silent"), name="decision_has_its_official"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.task}: {self.get_outcome_display()}"
