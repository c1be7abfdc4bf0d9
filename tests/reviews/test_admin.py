"""The review desk, as officials use it."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import localtime
from lxml.html import document_fromstring

from permits.models import Application, Permit, Status
from reviews import workflow
from reviews.models import CorrectionItem, Decision, Department, Official, Rating, Task
from tests.cast import Cast, filled, person, task_of
from tests.reviews.steps import countersigned

pytestmark = pytest.mark.django_db
QUEUE = "/admin/reviews/task/"


def desk_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def review(task: Task) -> str:
    return reverse("admin:reviews_task_review", args=[task.pk])


def submitted(cast: Cast, **changes) -> Application:
    return workflow.submit(filled(cast, **changes).pk, applicant=cast.owner)


def at_decision(cast: Cast) -> Task:
    application = submitted(cast)
    workflow.decide(task_of(application, "street").pk, official=cast.street, outcome="accept")
    workflow.decide(task_of(application, "health").pk, official=cast.health, outcome="agree")
    workflow.decide(task_of(application, "industry").pk, official=cast.industry, outcome="agree")
    return task_of(application, "bureau")


def text_of(response) -> str:
    return html.unescape(response.content.decode())


def test_the_queue_shows_ones_own_departments_tasks_and_no_other(cast):
    application = submitted(cast)
    assert application.number in text_of(desk_of(cast.street).get(QUEUE))
    for other in (cast.health, cast.other_street, cast.decider):
        response = desk_of(other).get(QUEUE)
        assert response.status_code == 200 and application.number not in text_of(response)


@pytest.mark.parametrize(
    ("language", "words"), [("zh-hans", "{0.year}年{0.month}月{0.day}日 {0:%H:%M}"), ("en", "{0.day} {0:%B} {0.year}, {0:%H:%M}")]
)  # fmt: skip
def test_a_page_says_when_in_the_readers_words_and_a_list_in_figures(cast, language, words):
    task = submitted(cast).tasks.get()
    due = localtime(task.due_at)
    desk = desk_of(cast.street)
    desk.cookies["django_language"] = language
    cast.street.language = language
    cast.street.save()
    page = text_of(desk.get(review(task)))
    assert f"{words.format(due)}</time>" in page and f"{due:%Y-%m-%d %H:%M}</time>" not in page
    assert f"{due:%Y-%m-%d %H:%M}</time>" in text_of(desk.get(QUEUE))


def test_ops_without_a_posting_see_an_empty_queue(cast):
    application = submitted(cast)
    ops = person("ops", is_staff=True, is_superuser=True)
    response = desk_of(ops).get(QUEUE)
    assert response.status_code == 200 and application.number not in text_of(response)
    assert desk_of(ops).get(review(task_of(application, "street"))).status_code == 404


def test_an_ended_posting_shuts_the_desk(cast):
    task = task_of(submitted(cast), "street")
    Official.objects.filter(user=cast.street).update(active=False)
    desk = desk_of(cast.street)
    assert desk.get(QUEUE).status_code == 403
    assert desk.get(review(task)).status_code == 404


@pytest.mark.parametrize("which", ["todo", "mine", "unclaimed", "closed"])
def test_each_view_of_the_queue_opens(cast, which):
    task = task_of(submitted(cast), "street")
    workflow.claim(task.pk, official=cast.street)
    shown = task.application.number in text_of(desk_of(cast.street).get(QUEUE, {"which": which}))
    assert shown == (which in {"todo", "mine"})


def test_the_queue_asks_as_many_queries_for_many_rows_as_for_one(cast, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    desk = desk_of(cast.street)
    submitted(cast)
    desk.get(QUEUE)
    with CaptureQueriesContext(connection) as one:
        desk.get(QUEUE)
    for _n in range(5):
        submitted(cast)
    with django_assert_num_queries(len(one)):
        desk.get(QUEUE)


def test_nothing_is_added_changed_or_deleted_by_the_queues_own_pages(cast):
    task = task_of(submitted(cast), "street")
    desk = desk_of(cast.street)
    assert desk.get(f"{QUEUE}add/").status_code == 403
    assert desk.post(f"{QUEUE}{task.pk}/delete/", {"post": "yes"}).status_code == 403
    assert desk.get(f"{QUEUE}{task.pk}/change/").headers["Location"] == review(task)


def test_the_review_page_of_another_departments_task_is_not_found(cast):
    task = task_of(submitted(cast), "street")
    for other in (cast.health, cast.other_street):
        desk = desk_of(other)
        assert desk.get(review(task)).status_code == 404
        assert desk.post(review(task), {"outcome": "accept"}).status_code == 404
        assert desk.post(reverse("admin:reviews_task_claim", args=[task.pk])).status_code == 404
    assert not Decision.objects.exists()


def test_the_review_page_shows_the_form_and_masks_personal_numbers(cast):
    task = task_of(submitted(cast), "street")
    page = text_of(desk_of(cast.street).get(review(task)))
    application = task.application
    assert cast.enterprise.name in page and application.answers["legal_name"] in page
    assert application.answers["legal_id_number"] not in page
    assert application.answers["legal_mobile"] not in page


def test_a_double_click_on_approve_gives_one_decision(cast):
    task = at_decision(cast)
    desk = desk_of(cast.decider)
    first = desk.post(review(task), {"outcome": "approve"})
    second = desk.post(review(task), {"outcome": "approve"})
    assert first.headers["Location"] == second.headers["Location"] == QUEUE
    assert Decision.objects.filter(task=task).count() == Permit.objects.count() == 1
    said = text_of(desk.get(QUEUE))
    assert task.application.number in said


def test_the_second_of_two_officials_is_told_who_and_when_and_keeps_what_was_typed(cast):
    task = at_decision(cast)
    desk_of(cast.decider).post(review(task), {"outcome": "approve"})
    decision = Decision.objects.get(task=task)
    seen = f"open::{Status.IN_REVIEW}"
    answer = {"outcome": "reject", "reason": "材料不足以证明", "seen": seen}
    response = desk_of(cast.supervisor).post(review(task), answer)
    page = text_of(response)
    assert response.status_code == 409
    assert str(cast.decider) in page and f"{localtime(decision.decided_at):%Y-%m-%d}" in page
    assert "材料不足以证明" in page
    assert Decision.objects.get(task=task) == decision


def test_a_claimed_task_is_not_decided_by_another(cast):
    task = at_decision(cast)
    desk_of(cast.decider).post(reverse("admin:reviews_task_claim", args=[task.pk]))
    response = desk_of(cast.supervisor).post(review(task), {"outcome": "approve", "reason": "同意"})
    assert response.status_code == 409 and str(cast.decider) in text_of(response) and "同意" in text_of(response)
    assert not Decision.objects.filter(task=task).exists()


def test_a_supervisor_releases_what_somebody_claimed(cast):
    task = at_decision(cast)
    workflow.claim(task.pk, official=cast.decider)
    desk_of(cast.supervisor).post(reverse("admin:reviews_task_release", args=[task.pk]))
    task.refresh_from_db()
    assert task.claimed_by is None


def test_a_rejection_without_a_reason_is_refused_and_keeps_the_choice(cast):
    task = at_decision(cast)
    response = desk_of(cast.decider).post(review(task), {"outcome": "reject", "reason": "  "})
    page = text_of(response)
    assert response.status_code == 422
    assert 'value="reject" checked' in page
    assert not Decision.objects.filter(task=task).exists()


def test_corrections_without_words_keep_the_items_that_have_them(cast):
    task = task_of(submitted(cast), "street")
    desk = desk_of(cast.street)
    typed = {
        "outcome": "correct",
        "fix": ["field-masks", "material-roster"],
        "text-material-roster": "请补充返岗日期",
        "text-other-1": "请补盖公章",
        "reason": "总体可行",
    }
    response = desk.post(review(task), typed)
    page = text_of(response)
    assert response.status_code == 422
    assert "请补充返岗日期" in page and "请补盖公章" in page and "总体可行" in page
    assert 'value="field-masks" checked' in page
    response = desk.post(review(task), {**typed, "text-field-masks": "请核对口罩数量"})
    assert response.status_code == 302
    items = CorrectionItem.objects.order_by("kind").values_list("kind", "key")
    assert list(items) == [("field", "masks"), ("material", "roster"), ("other", "")]


def test_answered_corrections_show_the_previous_value_beside_the_new_one(cast):
    application = submitted(cast, masks=7411)
    fix = {"outcome": "correct", "fix": ["field-masks", "material-roster"], "text-field-masks": "请核对",
           "text-material-roster": "请核对"}  # fmt: skip
    desk = desk_of(cast.street)
    desk.post(review(task_of(application, "street")), fix)
    application.refresh_from_db()
    application.answers["masks"] = 7512
    application.save()
    roster = application.correction_notices.get().items.get(key="roster")
    workflow.answer_corrections(application.pk, applicant=cast.owner, answers={str(roster.public_id): "已核对"})
    page = text_of(desk.get(review(task_of(application, "street"))))
    assert "7411" in page and "7512" in page
    masks, files = page.partition("已核对")[0].split("补正前")[1:3]
    assert "未修改" not in masks and "未修改" in files, "the same file stands there as before"


def test_the_one_who_prechecked_is_told_that_another_decides(cast):
    task = at_decision(cast)
    Official.objects.create(user=cast.street, department=task.department)
    desk = desk_of(cast.street)
    assert 'name="outcome"' not in text_of(desk.get(review(task)))
    assert desk.post(review(task), {"outcome": "approve"}).status_code == 409
    assert not Decision.objects.filter(task=task).exists()


def test_an_unknown_outcome_is_refused_in_words(cast):
    task = task_of(submitted(cast), "street")
    desk = desk_of(cast.street)
    assert desk.post(review(task), {"outcome": "approve"}).status_code == 409
    assert desk.post(review(task), {}).status_code == 422


def test_a_permit_is_revoked_by_a_supervisor_with_a_reason(cast):
    task = at_decision(cast)
    workflow.decide(task.pk, official=cast.decider, outcome="approve")
    permit = Permit.objects.get()
    page = reverse("admin:permits_permit_revoke", args=[permit.pk])
    assert desk_of(cast.decider).post(page, {"text": "x"}).status_code == 404
    desk = desk_of(cast.supervisor)
    assert desk.post(page, {"text": ""}).status_code == 422
    assert desk.post(page, {"text": "提供虚假材料"}).status_code == 302
    permit.refresh_from_db()
    assert permit.state == Permit.State.REVOKED


def test_a_bad_rating_is_followed_up_and_its_rater_is_never_named(cast):
    task = at_decision(cast)
    workflow.decide(task.pk, official=cast.decider, outcome="approve")
    rating = workflow.rate(task.application_id, applicant=cast.owner, score=1, comment="等了太久")
    desk = desk_of(cast.supervisor)
    ratings = reverse("admin:reviews_rating_changelist")
    assert "等了太久" in text_of(desk.get(ratings)) and cast.owner.email not in text_of(desk.get(ratings))
    assert desk_of(cast.street).get(ratings).status_code == 403
    desk.post(reverse("admin:reviews_rating_follow_up", args=[rating.pk]), {"text": "已电话回访并致歉"})
    assert Rating.objects.get().follow_up == "已电话回访并致歉"


@pytest.mark.parametrize(
    "model", ["permits.application", "permits.permit", "reviews.rating", "permits.service", "permits.serviceversion",
              "reviews.department", "reviews.official", "reviews.notice", "reviews.event", "permits.user",
              "permits.enterprise", "reviews.calendarday", "reviews.rolegrant"],
)  # fmt: skip
def test_ops_open_every_list_and_an_applicant_none(cast, model):
    submitted(cast)
    ops = desk_of(person("ops", is_staff=True, is_superuser=True))
    page = reverse(f"admin:{model.replace('.', '_')}_changelist")
    response = ops.get(page)
    assert response.status_code == 200
    assert ops.get(page, {"q": "竹"}).status_code in (200, 302)
    assert desk_of(cast.owner).get(page).status_code in (302, 403)


@pytest.mark.parametrize(
    "model", ["permits.application", "permits.permit", "reviews.task", "reviews.rating", "reviews.department",
              "reviews.official", "reviews.notice", "reviews.event", "permits.user", "permits.enterprise"],
)  # fmt: skip
def test_every_list_heads_its_columns_in_chinese(cast, model):
    task = at_decision(cast)
    workflow.decide(task.pk, official=cast.decider, outcome="approve")
    workflow.rate(task.application_id, applicant=cast.owner, score=1)
    submitted(cast)
    readers = {"permits.application": cast.decider, "permits.permit": cast.decider, "reviews.task": cast.street,
               "reviews.rating": cast.supervisor}  # fmt: skip
    user = readers.get(model) or person("ops", is_staff=True, is_superuser=True)
    response = desk_of(user).get(reverse(f"admin:{model.replace('.', '_')}_changelist"))
    heads = document_fromstring(response.content.decode()).xpath("//thead//th")
    words = [re.sub("arrow_circle_(up|down)|cancel", "", head.text_content()).strip() for head in heads]  # icons
    assert [word for word in words if re.search("[\u4e00-\u9fff]", word)]
    assert not [word for word in words if re.search("[A-Za-z]{2}", word)]


@pytest.mark.parametrize("name", ["user", "enterprise", "service", "serviceversion"])
def test_ops_open_each_record_and_personal_numbers_are_masked(cast, name):
    from django.apps import apps

    record = apps.get_model("permits", name).objects.first()
    ops = desk_of(person("ops", is_staff=True, is_superuser=True))
    response = ops.get(reverse(f"admin:permits_{name}_change", args=[record.pk]))
    assert response.status_code == 200
    assert cast.enterprise.legal_id_number not in text_of(response)


def test_ops_make_an_account_that_can_log_in(cast, mailoutbox, django_capture_on_commit_callbacks):
    ops = desk_of(person("ops", is_staff=True, is_superuser=True))
    with django_capture_on_commit_callbacks(execute=True):
        response = ops.post(reverse("admin:permits_user_add"), {"email": "New@test.invalid", "name": "新人"})
    assert response.status_code == 302, text_of(response)[-3000:]
    [mail] = mailoutbox
    assert mail.to == ["new@test.invalid"]
    [link] = re.findall(r"http://[^/]+(/\S+)", mail.body)
    theirs, password = Client(), "一个很长的口令-2020-x"
    form = theirs.get(link, follow=True).redirect_chain[-1][0]
    theirs.post(form, {"password1": password, "password2": password})
    assert Client().login(email="new@test.invalid", password=password)
    assert "password1" not in text_of(Client().get(link, follow=True)), "the link opens once"


def test_an_officials_search_finds_only_what_their_department_handled(cast):
    application = submitted(cast)
    page = reverse("admin:permits_application_changelist")
    assert application.number in text_of(desk_of(cast.street).get(page, {"q": application.number}))
    found = desk_of(cast.other_street).get(page, {"q": application.number})
    assert review(task_of(application, "street")) not in text_of(found)
    change = reverse("admin:permits_application_change", args=[application.pk])
    assert desk_of(cast.other_street).get(change).status_code == 404
    assert desk_of(cast.street).get(change).status_code == 302


def test_only_the_admins_pages_may_evaluate_what_alpine_needs(cast):
    policy = desk_of(cast.street).get(QUEUE).headers["Content-Security-Policy"]
    assert "'unsafe-eval'" in policy and "script-src 'self' 'unsafe-eval';" in policy + ";"
    assert "unsafe-eval" not in Client().get(reverse("account_login")).headers["Content-Security-Policy"]


def test_the_page_says_who_reads_the_words(cast):
    application = countersigned(cast)
    bureau = task_of(application, "bureau")
    assert "退回的理由仅内部可见" in text_of(desk_of(cast.decider).get(review(bureau)))
    health = Department.objects.get(kind="health")
    asked = workflow.ask_advice(bureau.pk, official=cast.decider, department=health, question="通风是否达标？")
    page = desk_of(cast.health)
    assert "记录在案，不告知申请人" in text_of(page.get(review(asked)))
    assert "请填写内容，将记录在案" in text_of(page.post(review(asked), {"outcome": "advise", "reason": ""}))
