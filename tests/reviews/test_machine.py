"""Whatever anybody does in whatever order: the process stays within its table (Hypothesis, stateful)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from permits.models import Application, Permit, ServiceVersion, Status, User
from reviews import lifecycle, policy, workflow
from reviews.audit.log import EVENT_OF
from reviews.lifecycle import FINAL, TRANSITIONS
from reviews.models import CorrectionNotice, Decision, Department, Event, Pause, Task
from tests.cast import Cast, filled, make_cast, post
from tests.reviews.audit.honest import check_told
from tests.reviews.situations import ONE_CORRECTION
from tests.reviews.steps import PLEDGE, TUESDAY, edition

pytestmark = pytest.mark.django_db
ANSWERS = (
    policy.Refused, lifecycle.NotPossible, workflow.AlreadyDecided, workflow.ReasonNeeded, workflow.NotSensible,
    workflow.Incomplete,
)  # fmt: skip
MOVES = {(EVENT_OF.get(row.action, row.action), row.source, row.target) for row in TRANSITIONS} | {
    ({"submit": "submitted", "answer_corrections": "corrections_answered", "withdraw": "withdrawn", "lapse": "lapsed",
      "deem_accepted": "deemed_accepted", "deem_agreed": "deemed_agreed", "suspend": "suspended", "resume": "resumed",
      "terminate": "terminated", "object": "objected"}.get(row.action, ""), row.source, row.target)
    for row in TRANSITIONS
}  # fmt: skip
RULES = [('agreement = "all"', "agrees"), ('agreement = "any"', "waits"), ('agreement = "quorum"\nquorum = 2', "agrees"),
         ('agreement = "opinion"', "agrees")]  # fmt: skip
IN_HAND = {Status.SUBMITTED, Status.CORRECTED, Status.IN_REVIEW, Status.SUSPENDED, Status.OBJECTED}
OUTCOMES = sorted({row.action for row in TRANSITIONS})
who = st.sampled_from([
    "owner", "colleague", "outsider", "street", "street_two", "street_chief", "health", "industry", "decider",
    "decider_two", "supervisor", "other_street", "money",
])  # fmt: skip
words = st.sampled_from(["", "  ", "理由"])


class Process(RuleBasedStateMachine):
    """One application, and everybody at it. Each rule is one thing that somebody might try, sensible or not."""

    cast: Cast
    people: dict[str, User]
    editions: list[ServiceVersion]  # one for each rule by which departments agree

    @initialize(later=st.booleans(), pledged=st.booleans(), number=st.integers(0, 3))
    def begin(self, later: bool, pledged: bool, number: int) -> None:
        self.now = TUESDAY
        draft = filled(self.cast)
        draft.version = self.editions[number]
        draft.save(update_fields=["version"])
        for requirement, kind, wanted in (("canteen_plan", "later", later), ("epidemic_plan", "pledge", pledged)):
            if wanted:
                draft.materials.filter(requirement=requirement).delete()
                workflow.promise_material(draft.pk, applicant=self.cast.owner, requirement=requirement, kind=kind)
        self.pk = draft.pk
        self.seen = 0

    @property
    def application(self) -> Application:
        return Application.objects.select_related("version", "enterprise", "applicant").get(pk=self.pk)

    def attempt(self, call: Any, *args: Any, **kwargs: Any) -> None:
        """Done, or refused in words that somebody wrote; anything else is a fault. A refusal changes nothing."""
        before = Application.objects.filter(pk=self.pk).values("status", "stage", "round", "due_at").get()
        try:
            call(*args, **kwargs)
        except ANSWERS as answer:
            assert str(answer)
            assert Application.objects.filter(pk=self.pk).values("status", "stage", "round", "due_at").get() == before

    def a_task(self, number: int) -> Task | None:
        tasks = list(Task.objects.filter(application=self.pk).order_by("-state", "-pk"))
        return tasks[number % len(tasks)] if tasks else None

    @rule(name=who)
    def submit(self, name: str) -> None:
        self.attempt(workflow.submit, self.pk, applicant=self.people[name], now=self.now)

    @rule(name=who, number=st.integers(0, 3), outcome=st.sampled_from(OUTCOMES), reason=words,
          stage=st.sampled_from(["precheck", "countersign", "decision", ""]))  # fmt: skip
    def decide(self, name: str, number: int, outcome: str, reason: str, stage: str) -> None:
        if task := self.a_task(number):
            self.attempt(workflow.decide, task.pk, official=self.people[name], outcome=outcome, reason=reason,
                         corrections=ONE_CORRECTION if reason.strip() else (), to_stage=stage, now=self.now)  # fmt: skip

    @rule(choice=st.integers(0, 50), reason=st.just("理由"))
    def decide_as_one_should(self, choice: int, reason: str) -> None:
        """Somebody of the task's own department takes a decision that is on the page: gets far into the process."""
        tasks = list(Task.objects.open().filter(application=self.pk).select_related("department").order_by("pk"))
        if not tasks:
            return
        task = tasks[choice % len(tasks)]
        task.application = self.application
        stage = task.application.definition.stage(task.application.stage)
        rows = lifecycle.outcomes(task.application.status, stage.kind if stage else "none", task.kind)
        staff = list(User.objects.filter(postings__department=task.department).order_by("pk"))
        if not rows or not staff:
            return
        row = rows[choice % len(rows)]
        stages = {"precheck": "precheck", "countersign": "countersign"}
        self.attempt(workflow.decide, task.pk, official=staff[choice % len(staff)], outcome=row.action, reason=reason,
                     corrections=ONE_CORRECTION, to_stage=stages.get(row.to or "", ""), now=self.now)  # fmt: skip

    @rule(name=who, number=st.integers(0, 3), act=st.sampled_from(["claim", "release", "keep_claim", "expire_claim"]))
    def take_in_hand(self, name: str, number: int, act: str) -> None:
        if task := self.a_task(number):
            by = {} if act == "expire_claim" else {"official": self.people[name]}
            self.attempt(getattr(workflow, act), task.pk, now=self.now, **by)

    @rule(name=who)
    def next_task(self, name: str) -> None:
        task = workflow.claim_next(
            official=self.people[name], among=lambda tasks: tasks.filter(application=self.pk), now=self.now
        )
        if task:
            assert (task.application_id, task.state, task.claimed_by) == (self.pk, Task.State.OPEN, self.people[name])
            policy.check_decide(self.people[name], task, self.now)  # nobody is given what they may not decide

    @rule(name=who, to=who, number=st.integers(0, 3), reason=words)
    def reassign(self, name: str, to: str, number: int, reason: str) -> None:
        if task := self.a_task(number):
            self.attempt(workflow.reassign, task.pk, official=self.people[name], to=self.people[to], reason=reason,
                         now=self.now)  # fmt: skip

    @rule(name=who, number=st.integers(0, 3), question=words)
    def ask(self, name: str, number: int, question: str) -> None:
        if task := self.a_task(number):
            self.attempt(workflow.ask_advice, task.pk, official=self.people[name], question=question,
                         department=Department.objects.get(kind="finance"), now=self.now)  # fmt: skip

    @rule(name=who, number=st.integers(0, 3), reason=words,
          act=st.sampled_from(["suspend", "extend", "ask_second_round", "allow_second_round"]))  # fmt: skip
    def about_a_task(self, name: str, number: int, reason: str, act: str) -> None:
        if task := self.a_task(number):
            kind = {"kind": Pause.Kind.HEARING} if act == "suspend" else {}
            self.attempt(
                getattr(workflow, act), task.pk, official=self.people[name], reason=reason, now=self.now, **kind
            )

    @rule(name=who)
    def resume(self, name: str) -> None:
        self.attempt(workflow.resume, self.pk, official=self.people[name], now=self.now)

    @rule(name=who, reason=words, act=st.sampled_from(["withdraw", "object_to", "material_arrived", "rate"]))
    def applicant_acts(self, name: str, reason: str, act: str) -> None:
        more = {"withdraw": {"reason": reason}, "object_to": {"text": reason}, "rate": {"score": 2}}.get(act, {})
        self.attempt(getattr(workflow, act), self.pk, applicant=self.people[name], now=self.now, **more)

    @rule(name=who, said=words)
    def answer(self, name: str, said: str) -> None:
        notice = CorrectionNotice.objects.filter(application=self.pk).order_by("-pk").first()
        items = {str(item.public_id): said for item in notice.items.all()} if notice else {}
        self.attempt(workflow.answer_corrections, self.pk, applicant=self.people[name], answers=items, now=self.now)

    @rule(hours=st.sampled_from([1, 5, 30, 24 * 6, 24 * 25]))
    def time_passes(self, hours: int) -> None:
        """What ``limits.keep`` would do to this application, in its order."""
        self.now += timedelta(hours=hours)
        for task in Task.objects.filter(application=self.pk):
            for act in (workflow.remind, workflow.escalate, workflow.expire_claim, workflow.deem_agreed):
                act(task.pk, now=self.now)
        workflow.deem_accepted(self.pk, now=self.now)
        for notice in CorrectionNotice.objects.filter(application=self.pk):
            workflow.warn_of_lapse(notice.pk, now=self.now)
        workflow.lapse(self.pk, now=self.now)
        for promise in self.application.promises.all():
            workflow.remind_owing(promise.pk, now=self.now)
        workflow.terminate(self.pk, now=self.now)

    @invariant()
    def every_new_move_stands_in_the_table_and_no_stage_is_skipped(self) -> None:
        for event in Event.objects.filter(application=self.pk, seq__gt=self.seen).order_by("seq"):
            self.seen = event.seq
            if event.action == "stage_opened":
                keys = [stage.key for stage in self.application.definition.stages]
                assert keys.index(event.after) - keys.index(event.before) <= 1, (event.before, event.after)
            elif event.after in Status.values:
                assert (event.action, event.before, event.after) in MOVES, (event.action, event.before, event.after)

    @invariant()
    def the_status_is_what_the_last_event_left(self) -> None:
        application = self.application
        moves = Event.objects.filter(application=self.pk, after__in=Status.values).exclude(action="stage_opened")
        last = moves.order_by("seq").last()
        assert application.status == (last.after if last else Status.DRAFT)

    @invariant()
    def somebody_has_it_in_hand_or_it_is_over(self) -> None:
        application = self.application
        tasks = list(application.tasks.open())
        if application.status in IN_HAND:
            assert [task for task in tasks if task.kind != "advice"], application.status
            assert application.closed_at is None
        elif application.status == Status.NEEDS_CORRECTION:
            assert not tasks and application.correction_notices.filter(answered_at=None).count() == 1
        else:
            assert {task.kind for task in tasks} <= {"aftercheck"}, (application.status, tasks)
            assert (application.status in FINAL) == (application.closed_at is not None)
        assert (application.status == Status.SUSPENDED) == application.pauses.filter(ended_at=None).exists()

    @invariant()
    def nobody_decided_what_they_must_not(self) -> None:
        decided = Decision.objects.filter(task__application=self.pk).select_related("task", "official")
        by_person: dict[int, set[str]] = {}
        for decision in decided:
            assert decision.task.state == Task.State.DONE
            if decision.official and decision.task.kind in policy.STAGES:
                by_person.setdefault(decision.official.pk, set()).add(decision.task.stage)
        assert all(len(stages) == 1 for stages in by_person.values()), by_person
        approvals = [decision for decision in decided if decision.outcome == "approve"]
        assert len(approvals) == Permit.objects.filter(application=self.pk).count() <= 1
        assert not self.application.promises.owed().exists() or not approvals

    def teardown(self) -> None:
        if hasattr(self, "pk"):
            application = self.application
            check_told(application)
            assert application.events.count() == application.last_seq
            for event in application.events.all():
                assert json.loads(event.payload)["seq"] == event.seq


def test_no_sequence_of_actions_leaves_the_table(published):
    Process.cast = cast = make_cast()
    Process.editions = [
        edition(
            canteen_plan="deferrable = true", epidemic_plan=PLEDGE, countersign=f'{agreement}\nsilence = "{silence}"',
            limits='claim = "2h"',
        )
        for agreement, silence in RULES
    ]  # fmt: skip
    Process.people = {name: getattr(cast, name) for name in (
        "owner", "colleague", "outsider", "street", "health", "industry", "decider", "supervisor", "other_street",
    )} | {
        "street_two": post("street_two", "street"), "street_chief": post("street_chief", "street", supervisor=True),
        "decider_two": post("decider_two", "bureau"), "money": post("money", "finance"),
    }  # fmt: skip
    run_state_machine_as_test(
        Process,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
