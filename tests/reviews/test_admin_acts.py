"""What an official does beside the decision, and what the review page shows of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from permits.models import Status
from reviews import limits, workflow
from reviews.audit import log
from reviews.models import Advice, Decision, Delegation, Department, Interest, Official, Task
from tests.cast import post, task_of
from tests.reviews.steps import accepted, edition
from tests.reviews.test_admin import at_decision, desk_of, review, submitted, text_of

pytestmark = pytest.mark.django_db


def act(user, task, name, **said):
    return desk_of(user).post(review(task), {"act": name, **said})


def test_another_departments_opinion_is_asked_for_and_read(cast):
    task = at_decision(cast)
    health = Department.objects.get(kind="health")
    assert act(cast.decider, task, "ask_advice", choice=str(health.pk), text="通风是否达标").status_code == 302
    asked = Task.objects.get(kind="advice")
    page = text_of(desk_of(cast.health).get(review(asked)))
    assert "通风是否达标" in page and str(cast.decider) in page
    assert desk_of(cast.health).post(review(asked), {"outcome": "advise", "reason": "达标"}).status_code == 302
    assert "达标" in text_of(desk_of(cast.decider).get(review(task)))


def test_a_question_without_words_is_refused_and_keeps_its_choice(cast):
    task = at_decision(cast)
    health = Department.objects.get(kind="health")
    response = act(cast.decider, task, "ask_advice", choice=str(health.pk), text=" ")
    assert response.status_code == 422 and f'value="{health.pk}" selected' in text_of(response)
    assert not Advice.objects.exists()


def test_who_answers_after_the_department_was_deemed_to_agree_is_told_so(cast):
    edition(countersign='silence = "agrees"')
    application = accepted(cast)
    late = task_of(application, "industry")
    limits.keep(late.due_at)
    said = text_of(desk_of(cast.industry).get(review(late)))
    assert "逾期无人答复，按“视为同意”处理" in said and "None" not in said
    refused = desk_of(cast.industry).post(review(late), {"outcome": "disagree", "reason": "通风不足"})
    assert refused.status_code == 409 and "贵部门逾期未答复，已视为同意，您的操作未生效。" in text_of(refused)


def test_a_special_procedure_begins_and_ends(cast):
    task = at_decision(cast)
    assert act(cast.decider, task, "suspend", choice="experts", text="需专家评审").status_code == 302
    task.application.refresh_from_db()
    assert task.application.status == Status.SUSPENDED
    assert 'value="approve"' not in text_of(desk_of(cast.decider).get(review(task)))
    act(cast.decider, task, "resume", text="")
    task.application.refresh_from_db()
    assert task.application.status == Status.IN_REVIEW


def test_a_supervisor_gives_a_task_to_somebody_else_and_a_reviewer_can_not(cast):
    task = at_decision(cast)
    assert act(cast.decider, task, "reassign", choice=str(cast.supervisor.pk), text="x").status_code == 409
    assert act(cast.supervisor, task, "reassign", choice=str(cast.decider.pk), text="请承办").status_code == 302
    task.refresh_from_db()
    assert task.claimed_by == cast.decider


def test_only_supervisors_read_what_a_rule_refused(cast):
    task = at_decision(cast)
    act(cast.decider, task, "reassign", choice=str(cast.supervisor.pk), text="x")
    assert task.application.events.filter(action="refused").exists()
    with translation.override("zh-hans"):
        words = log.label("refused")
    shown = [text_of(desk_of(user).get(review(task))) for user in (cast.supervisor, cast.decider)]
    assert [words in page for page in shown] == [True, False]


def test_an_application_goes_back_to_an_earlier_stage(cast):
    task = at_decision(cast)
    desk = desk_of(cast.decider)
    assert desk.post(review(task), {"outcome": "return", "reason": "请重新核对"}).status_code == 409
    first = task.application.definition.stages[0].key
    desk.post(review(task), {"outcome": "return", "reason": "请重新核对", "to_stage": first})
    task.application.refresh_from_db()
    assert task.application.status == Status.SUBMITTED


def test_a_row_of_a_list_is_named_by_its_number(cast):
    task = task_of(submitted(cast), "street")
    typed = {"outcome": "correct", "number-row-roster-1": "第17行", "text-row-roster-1": "身份证号有误"}
    assert desk_of(cast.street).post(review(task), typed).status_code == 302
    item = Decision.objects.get(task=task).task.correction_notice.items.get()
    assert (item.kind, item.key, item.row, item.message) == ("row", "roster", 17, "身份证号有误")


def test_a_second_notice_is_asked_for_and_allowed(cast):
    head = post("head", "street", supervisor=True)
    application = submitted(cast)
    fix = {"outcome": "correct", "text-other-1": "请补充"}
    desk_of(cast.street).post(review(task_of(application, "street")), fix)
    answers = {str(i.public_id): "已说明" for i in application.correction_notices.get().items.all()}
    workflow.answer_corrections(application.pk, applicant=cast.owner, answers=answers)
    task = task_of(application, "street")
    page = text_of(desk_of(cast.street).get(review(task)))
    assert 'value="correct"' not in page and "ask_second_round" in page
    assert act(cast.street, task, "ask_second_round", text="还缺一项").status_code == 302
    for reader in (cast.street, head):
        assert "已申请再次告知补正" in text_of(desk_of(reader).get(review(task))), reader
    assert act(head, task, "allow_second_round", text="情况属实").status_code == 302
    page = text_of(desk_of(cast.street).get(review(task)))
    assert 'value="correct"' in page and "已申请再次告知补正" not in page


def test_a_decision_in_somebodys_place_says_so(cast):
    task = at_decision(cast)
    posting = Official.objects.get(user=cast.decider)
    made = {"official": posting.pk, "to": cast.supervisor.pk, "starts_at": "2020-01-01T09:00",
            "ends_at": f"{timezone.now().year + 1}-01-01T09:00", "reason": "年休假"}  # fmt: skip
    url = reverse("admin:reviews_delegation_add")
    response = desk_of(cast.decider).post(url, made)
    assert response.status_code == 422 and "年休假" in text_of(response)  # longer than a year
    made["starts_at"] = timezone.localtime().strftime("%Y-%m-%dT00:00")
    made["ends_at"] = (timezone.localtime() + timedelta(days=5)).strftime("%Y-%m-%dT00:00")
    assert desk_of(cast.decider).post(url, made).status_code == 302
    delegation = Delegation.objects.get()
    Official.objects.filter(user=cast.supervisor).update(active=False)
    other = post("elsewhere", "commerce2")
    Delegation.objects.filter(pk=delegation.pk).update(delegate=other)
    desk_of(other).post(review(task), {"outcome": "approve"})
    assert Decision.objects.get(task=task).on_behalf_of == cast.decider
    page = text_of(desk_of(cast.decider).get(review(task)))
    assert page.count("rv-tag") >= 2 and str(other) in page
    desk_of(cast.decider).post(reverse("admin:reviews_delegation_end", args=[delegation.pk]))
    delegation.refresh_from_db()
    assert delegation.ended_at


def test_a_declared_interest_keeps_an_official_from_deciding_and_is_ended_by_somebody_else(cast):
    task = at_decision(cast)
    said = {"official": cast.decider.pk, "uscc": cast.enterprise.uscc, "note": "配偶持股"}
    url = reverse("admin:reviews_interest_add")
    assert [desk_of(cast.decider).post(url, said).status_code for _n in range(2)] == [302, 302]
    made = Interest.objects.get()
    assert 'value="approve"' not in text_of(desk_of(cast.decider).get(review(task)))
    end = reverse("admin:reviews_interest_end", args=[made.pk])
    assert desk_of(cast.decider).post(end).status_code == 422
    assert desk_of(cast.supervisor).post(end).status_code == 302
    made.refresh_from_db()
    assert made.ended_at


def test_a_slip_in_a_permit_is_put_right(cast):
    task = at_decision(cast)
    desk_of(cast.decider).post(review(task), {"outcome": "approve"})
    permit = task.application.permit
    url = reverse("admin:permits_permit_correct", args=[permit.pk])
    assert desk_of(cast.decider).get(url).status_code == 404
    desk = desk_of(cast.supervisor)
    page = text_of(desk.get(url))
    printed = task.application.definition.outcome.shown_fields
    response = desk.post(url, {"reason": "笔误"})
    assert response.status_code == 422 and "笔误" in text_of(response)  # nothing would change
    assert printed and all(f'name="{each}"' in page for each in printed)
    key = next(k for k in printed if isinstance(task.application.answers.get(k), int))
    wrong = task.application.answers[key]
    assert desk.post(url, {"reason": "笔误", key: str(wrong + 1)}).status_code == 302
    task.application.refresh_from_db()
    assert task.application.answers[key] == wrong + 1 and permit.corrections.count() == 1


def test_the_review_page_asks_as_many_queries_however_much_happened(cast):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    task = at_decision(cast)
    desk = desk_of(cast.decider)
    desk.get(review(task))
    health, industry = (Department.objects.get(kind=kind) for kind in ("health", "industry"))
    act(cast.decider, task, "ask_advice", choice=str(health.pk), text="一")
    with CaptureQueriesContext(connection) as one:
        desk.get(review(task))
    act(cast.decider, task, "ask_advice", choice=str(health.pk), text="二")
    act(cast.decider, task, "ask_advice", choice=str(industry.pk), text="三")
    with CaptureQueriesContext(connection) as more:
        desk.get(review(task))
    assert len(more) <= len(one)
