"""A supervisor's morning: the department's load, work moved with a reason, a second notice allowed, leave covered, figures taken along."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.journeys.steps import manage
from tests.journeys.test_desk import act
from tests.journeys.test_queue import come_in, looks_right

pytestmark = pytest.mark.journey
# The street's supervisor is on their way; three tasks wait for the bureau, one of them late and in hand; one was decided.
# A pre-check came back from its corrections, and its reviewer asks to send a second notice.
SCENES = """
from datetime import timedelta
from types import SimpleNamespace
from django.utils import timezone
from portal import demo
from reviews import workflow
from reviews.models import Department, Official
from reviews.workflow import Correction
from tests.cast import filled
from tests.reviews.many import tasks_at_decision
people = demo.ensure_cast()
owner, street = people["owner"], people["street"]
cast = SimpleNamespace(owner=owner, enterprise=demo.enterprise_of(owner, demo.RECORD))
Official.objects.filter(user=people["supervisor"]).update(role="supervisor")
Official.objects.create(
    user=people["supervisor"], department=Department.objects.get(kind="street", region="360924"), role="supervisor"
)
late, _next, _last, done = tasks_at_decision(cast, 4, first=500, due=lambda i: timezone.now() + timedelta(hours=i - 1))
workflow.claim(late.pk, official=people["decider"])
workflow.claim(done.pk, official=people["decider"])
workflow.decide(done.pk, official=people["decider"], outcome="approve")
draft = filled(cast)
application = workflow.submit(draft.pk, applicant=owner)
fix = [Correction("field", "masks", "与照片不符")]
workflow.decide(application.tasks.get().pk, official=street, outcome="correct", corrections=fix)
application.refresh_from_db()
workflow.answer_corrections(
    application.pk, applicant=owner, answers={str(item.public_id): "已核对，无误" for item in
    application.correction_notices.get().items.all()},
)
back = application.tasks.open().get()
workflow.ask_second_round(back.pk, official=street, reason="补正材料中出现了新的问题")
other = workflow.submit(filled(cast).pk, applicant=owner)
print(back.pk, other.tasks.get().pk)
"""


@pytest.fixture(scope="module")
def scene(portal):
    """The address of the queue, the task whose second notice is asked for, and a fresh one of the street."""
    base, mail = portal
    printed = manage(mail.parent, "shell", "-c", SCENES)
    return f"{base}/admin/reviews/task/", *printed.split()[-2:]


def taken(page: Page, name: str, folder: Path) -> Path:
    """The sheet behind a link, saved."""
    with page.expect_download() as download:
        page.get_by_role("link", name=name).click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


def test_a_supervisor_sees_the_load_and_gives_a_late_task_to_somebody_else(scene, chromium):
    queue, *_tasks = scene
    page = come_in(chromium, queue, "supervisor")
    page.goto(queue.replace("reviews/task/", ""))
    late = page.locator(".rv-card", has_text="已超期（从最早起）")
    looks_right(page, "supervisor-begins")
    expect(page.locator("[aria-labelledby=first-load] table")).to_contain_text("企业复工复产备案")
    late.locator("a.rv-number").first.click()
    page.wait_for_url("**/review/")
    reassign = page.locator("#act-reassign")
    reassign.locator("summary").click()
    reassign.locator("button[data-act]").click()
    expect(reassign.locator("[role=alert]")).to_be_visible()  # neither to whom nor why
    reassign.locator("summary").click()
    act(page, "reassign")
    expect(page.locator(".rv-history")).to_contain_text("需要专家到现场核实")
    looks_right(page, "supervisor-reassigned")
    page.context.close()


def test_a_supervisor_allows_a_second_notice_and_the_reviewer_sends_it(scene, chromium):
    queue, task, _other = scene
    page = come_in(chromium, queue, "supervisor")
    page.goto(f"{queue}{task}/review/")
    looks_right(page, "supervisor-second-round")
    act(page, "allow_second_round")
    expect(page.locator("#act-allow_second_round")).to_have_count(0)
    page.context.close()

    reviewer = come_in(chromium, queue, "street", width=360)
    reviewer.goto(f"{queue}{task}/review/")
    reviewer.locator("[name=outcome][value=correct]").check()
    reviewer.locator("[name=fix][value=field-masks]").check()
    reviewer.fill("[name='text-field-masks']", "请补充防疫物资清单")
    looks_right(reviewer, "supervisor-second-notice")
    reviewer.locator(".rv-decide .rv-button-main").click()
    reviewer.wait_for_url("**/reviews/task/")
    expect(reviewer.locator("body")).to_contain_text("告知补正")
    reviewer.context.close()


def test_somebody_stands_in_during_leave_and_decides_in_their_place(scene, chromium):
    queue, _task, other = scene
    page = come_in(chromium, queue, "supervisor", language="en")
    page.goto(queue.replace("task/", "delegation/add/"))
    on_leave = page.locator("[name=official] option", has_text="陈溪")
    page.select_option("[name=official]", value=on_leave.get_attribute("value"))
    page.select_option("[name=to]", label="林平")
    now = datetime.now()
    page.fill("[name=starts_at]", f"{now - timedelta(days=1):%Y-%m-%dT%H:%M}")
    page.fill("[name=ends_at]", f"{now + timedelta(days=5):%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Record it").click()
    expect(page.locator("[role=alert]").first).to_be_visible()  # the reason is asked for, and what was chosen stays
    expect(page.locator("[name=to] option:checked")).to_have_text("林平")
    looks_right(page, "supervisor-leave-refused")
    page.fill("[name=reason]", "年假")
    page.get_by_role("button", name="Record it").click()
    page.wait_for_url("**/delegation/")
    expect(page.locator("#result_list")).to_contain_text("年假")
    looks_right(page, "supervisor-leaves")

    stand_in = come_in(chromium, queue, "decider", language="en")
    stand_in.goto(f"{queue}{other}/review/")
    stand_in.locator("[name=outcome][value=accept]").check()
    stand_in.locator(".rv-decide .rv-button-main").click()
    stand_in.wait_for_url("**/reviews/task/")
    stand_in.goto(f"{queue}{other}/review/")
    expect(stand_in.locator(".rv-decide")).to_contain_text("陈溪")
    looks_right(stand_in, "supervisor-in-place-of")
    stand_in.context.close()

    page.locator("#result_list").get_by_role("link", name="End").click()
    page.get_by_role("button", name="End").click()
    expect(page.locator("#result_list")).to_contain_text("ended early")
    page.context.close()


def test_the_figures_are_taken_along_and_open(scene, chromium, tmp_path):
    queue, *_tasks = scene
    page = come_in(chromium, queue, "supervisor", language="en")
    page.goto(f"{queue}board/")
    looks_right(page, "supervisor-board")
    rows = list(csv.reader(io.StringIO(taken(page, "The tasks behind it (CSV)", tmp_path).read_text("utf-8-sig"))))
    sheet = load_workbook(taken(page, "The tasks behind it (XLSX)", tmp_path), read_only=True).active
    same = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert len(rows) > 1 and len({len(row) for row in rows}) == 1, "a head, and a line a task"
    assert [row[0] for row in rows] == [row[0] for row in same]
    for name in page.locator(".rv-board-parts .rv-board-links a").evaluate_all(
        "all => all.map(each => each.getAttribute('aria-label'))"
    ):
        file = taken(page, name, tmp_path)
        if file.suffix == ".xlsx":
            assert load_workbook(file).active.max_row > 1, name
        else:
            assert len(list(csv.reader(io.StringIO(file.read_text("utf-8-sig"))))) > 1, name
    page.context.close()
