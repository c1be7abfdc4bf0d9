"""An official's day without a mouse: from the desk's first page through twenty tasks until the queue is empty."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.steps import manage
from tests.journeys.test_queue import come_in, looks_right
from tests.journeys.test_viewer import drawn

pytestmark = pytest.mark.journey
# A small town: who pre-checks for the street also decides for the bureau, of other applications. Half of the day is this,
# half is that.
SCENES = """
from datetime import timedelta
from types import SimpleNamespace
from django.utils import timezone
from portal import demo
from reviews import workflow
from reviews.models import Department, Official
from tests.cast import filled
from tests.parts import give_file
from tests.reviews.many import tasks_at_decision
people = demo.ensure_cast()
cast = SimpleNamespace(owner=people["owner"], enterprise=demo.enterprise_of(people["owner"], demo.RECORD))
Official.objects.create(user=people["street"], department=Department.objects.get(kind="bureau", region="360924"))
names = {"business_licence": "business_licence.jpg", "epidemic_plan": "epidemic_plan.pdf", "roster": "roster.xlsx",
         "signed_pledge": "pledge.jpg", "canteen_plan": "canteen_plan.pdf"}
for _n in range(10):
    draft = filled(cast)
    for file in draft.materials.all():
        give_file(file, names[file.requirement], **({"pages": 4} if file.requirement == "epidemic_plan" else {}))
    workflow.submit(draft.pk, applicant=people["owner"])
tasks_at_decision(cast, 10, first=500, due=lambda i: timezone.now() + timedelta(days=20, minutes=i))
"""
# In the order in which they come: the most urgent first, so the pre-checks before the decisions.
PLAN = [*["accept"] * 6, "correct", "decline", "correct", "accept", *["approve"] * 4, "return", *["approve"] * 5]
WHAT_CAME_OF_IT = """
import json
from collections import Counter
from reviews.models import Decision, Task
done = Decision.objects.filter(official__email="street@demo.invalid").values_list("outcome", flat=True)
print(json.dumps({"decided": Counter(done), "in_hand": Task.objects.open().filter(claimed_by__isnull=False).count()}))
"""
MOST_TABS = 12  # from a choice to the button that sends it, whatever lies between


@pytest.fixture(scope="module")
def desk(portal):
    """The address of the queue, with twenty tasks in it."""
    base, mail = portal
    manage(mail.parent, "shell", "-c", SCENES)
    return f"{base}/admin/reviews/task/"


def tab_to(page: Page, selector: str, most: int = MOST_TABS) -> None:
    for _press in range(most):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is more than {most} tabs away")


def choose(page: Page, outcome: str) -> None:
    """``a`` goes to the choices; the arrow keys to the one that is meant."""
    page.keyboard.press("a")
    for _press in range(6):
        if page.locator("[name=outcome]:checked").get_attribute("value") == outcome:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"{outcome} can't be chosen here")


def press(page: Page, key: str) -> None:
    """A key that leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(key)


def handle(page: Page, outcome: str) -> None:
    """Decide, and go on to the next task."""
    choose(page, outcome)
    if outcome == "correct":
        tab_to(page, "[name=fix][value=field-masks]", most=60)
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        page.keyboard.type("口罩数量与照片不符，请核对")
        looks_right(page, "day-correct")
        press(page, "Enter")  # a line is sent as it is
        press(page, "n")
        return
    if outcome == "return":
        tab_to(page, "#to_stage")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        assert page.input_value("#to_stage") == "countersign"
    if outcome in ("return", "decline"):
        tab_to(page, "#reason")
        page.keyboard.type("返岗人员名单与首批人数不符")
    tab_to(page, "[name=then][value=next]")
    press(page, "Enter")


def test_an_official_works_off_twenty_tasks_by_keyboard_alone(desk, portal, chromium):
    page = come_in(chromium, desk, "street")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_init_script("addEventListener('mousedown', () => { throw new Error('a mouse') }, true)")
    page.goto(desk.replace("reviews/task/", ""))
    tiles = page.locator(".rv-tile strong")
    assert tiles.nth(0).inner_text() == "0" and tiles.nth(1).inner_text() == "20"
    looks_right(page, "day-begins")

    press(page, "n")
    drawn(page, "business_licence.jpg")
    page.keyboard.press("]")
    drawn(page, "epidemic_plan.pdf")
    page.keyboard.press("v")
    page.keyboard.press(".")
    drawn(page, "第 2 页，共 4 页")
    looks_right(page, "day-material")

    numbers = []
    for outcome in PLAN:
        numbers.append(page.locator(".rv-head .rv-number").inner_text())
        handle(page, outcome)
    assert len(set(numbers)) == 20

    page.wait_for_url("**/reviews/task/**")
    expect(page.locator(".rv-q-empty")).to_be_visible()
    looks_right(page, "day-ends")
    page.goto(desk.replace("reviews/task/", ""))
    assert [tile.inner_text() for tile in page.locator(".rv-tile strong").all()] == ["0"] * 5
    found = json.loads(manage(portal[1].parent, "shell", "-c", WHAT_CAME_OF_IT).splitlines()[-1])
    assert found == {"decided": dict(Counter(PLAN)), "in_hand": 0}
    assert complaints == []
    page.context.close()
