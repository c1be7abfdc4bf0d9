"""An opinion from another department, or from one person there. It is heard, and decides nothing."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from permits.models import User
from reviews import lifecycle, policy
from reviews.models import Advice, Department, Official, Task
from reviews.workflow.errors import NotSensible, ReasonNeeded
from reviews.workflow.step import check_open, on_task

LIMIT = "2d"
AT_MOST = 5  # open questions for one task


def ask_advice(
    task_id: int, *, official: User, department: Department, question: str, expert: User | None = None,
    now: datetime | None = None,
) -> Task:  # fmt: skip
    """Put a question to a department, or to one official of it. The same question again gives the task that is open."""
    with on_task(task_id, doing="ask_advice", now=now) as step:
        task, application = step.task, step.application
        check_open(task)
        post = policy.check_decide(official, task, step.now)
        if task.kind not in policy.STAGES:
            raise NotSensible(_("An opinion is asked for at a stage of the review."))
        question = question.strip()
        if not question:
            raise ReasonNeeded(_("Write what you want to know."))
        asked = Advice.objects.filter(asked_for=task, task__state=Task.State.OPEN)
        same = (
            asked.filter(task__department=department, expert=expert, question=question).select_related("task").first()
        )
        if same:
            return same.task
        if asked.count() >= AT_MOST:
            raise NotSensible(_("Enough questions are open: wait for an answer, or decide without it."))
        if department.pk == task.department_id and expert is None:
            raise NotSensible(_("Ask another department, or name the person."))
        if expert and not Official.objects.filter(user=expert, department=department, active=True).exists():
            raise NotSensible(_("%(name)s is not posted to that department.") % {"name": expert})
        lifecycle.transition("advise", application.status, step.stage_kind, task="advice")
        step.by(official, post)
        step.record(
            "advice_asked", reason=question,
            data={"stage": task.stage, "asked": department.kind} | post.data
            | ({"expert": str(expert.public_id)} if expert else {}),
        )  # fmt: skip
        made = step.new_task(task.stage, "advice", department, step.limit(LIMIT))
        if expert:
            made.claimed_by, made.claimed_at = expert, step.now
        step.open_tasks([made])
        Advice.objects.create(
            task=made, asked_for=task, asked_by=official, expert=expert, question=question, asked_at=step.now
        )
        return made
