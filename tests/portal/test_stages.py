"""An application drawn as its service's stages: who, when, how long, side by side, and the promise as it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from permits.models import Application, Status
from portal import stages
from portal.words import span_in_words
from reviews import clock, workflow
from tests.cast import Cast
from tests.portal import steps
from tests.portal.browser import at, page

MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # nine in the morning in Shanghai


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def states(application: Application) -> list[str]:
    return [stage["state"] for stage in stages.drawn(application)["stages"]]


def test_each_stage_has_its_state(cast: Cast) -> None:
    sent = steps.submitted(cast)
    assert states(sent) == ["done", "current", "todo", "todo"]
    steps.in_review(cast, sent)
    assert states(sent) == ["done", "done", "current", "todo"]
    assert states(steps.approved(cast)) == ["done"] * 4
    assert states(steps.rejected(cast)) == ["done", "done", "done", "error"]
    workflow.withdraw(sent.pk, applicant=cast.owner)
    sent.refresh_from_db()
    assert states(sent) == ["done", "done", "skipped", "skipped"]


def test_offices_that_are_asked_at_once_stand_side_by_side_each_with_its_state(cast: Cast) -> None:
    application = steps.in_review(cast)
    steps.decide(cast, application, "health", "agree")
    (stage,) = [one for one in stages.drawn(application)["stages"] if one.get("parallel")]
    assert {office["state"] for office in stage["offices"]} == {"done", "current"}
    response = at(cast.owner).get(application.get_absolute_url())
    (listed,) = page(response).xpath("//ul[contains(@class, 'side-by-side')]")
    rows = [" ".join(row.text_content().split()) for row in listed]
    assert any("Agreed" in row for row in rows) and any("At work since" in row for row in rows)


def test_what_a_stage_took_is_working_time(cast: Cast) -> None:
    application = steps.in_review(cast)
    application.tasks.filter(kind="precheck").update(
        opened_at=MONDAY, closed_at=MONDAY + timedelta(hours=5)
    )  # over lunch
    assert stages.drawn(application)["stages"][1]["took"] == "3 h 30 min"


def test_time_for_corrections_is_not_the_offices(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, ("field", "masks", "数量不符"))
    assert states(application) == ["done", "current", "todo", "todo"]
    (here,) = [one for one in stages.drawn(application)["stages"] if one["state"] == "current"]
    assert "Waits for your corrections" in here["note"]
    assert stages.drawn(application)["promise"]["state"] == "stopped"
    spans = [(MONDAY, MONDAY + timedelta(hours=3))]
    stops = [
        (MONDAY + timedelta(hours=1), MONDAY + timedelta(hours=2)),
        (MONDAY + timedelta(minutes=90), MONDAY + timedelta(days=3)),
    ]
    assert stages._worked(application, [*spans, *spans], stops) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("now", "state", "counts"), [(MONDAY + timedelta(hours=1), "ok", True), (MONDAY + timedelta(hours=3, minutes=30), "ok", False)]
)  # fmt: skip
def test_the_promise_counts_down_while_offices_work(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, now: datetime, state: str, counts: bool
) -> None:
    application = steps.submitted(cast)
    application.submitted_at, application.due_at = MONDAY, MONDAY + timedelta(days=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    promise = stages.drawn(application)["promise"]
    assert promise["state"] == state and ("open" in promise) == counts
    if counts:
        assert (promise["left"], promise["open"], promise["span"]) == (6 * 3600, 2 * 3600, "6 h")
    else:
        assert promise["opens"] == MONDAY + timedelta(hours=4, minutes=30)


def test_what_was_decided_too_late_is_said_to_be_late(cast: Cast) -> None:
    application = steps.approved(cast)
    assert stages.drawn(application)["promise"]["state"] == "kept"
    application.due_at = application.closed_at - timedelta(days=9)
    assert "later than was promised" in stages.drawn(application)["promise"]["words"]
    application.status = Status.WITHDRAWN
    assert stages.drawn(application)["promise"] is None


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=20), "less than a minute"), (timedelta(minutes=59), "59 min"), (timedelta(hours=1, minutes=5), "1 h 5 min"),
        (timedelta(hours=7), "1 working day"), (timedelta(hours=16), "2 working days 2 h"), (timedelta(hours=6, minutes=59, seconds=50), "1 working day"),
    ],
)  # fmt: skip
def test_working_time_in_words(span: timedelta, said: str) -> None:
    assert span_in_words(span) == said


@pytest.mark.parametrize(
    ("hours", "until"), [(-1, None), (0, 3), (2.99, 3), (3, None), (4.49, None), (4.5, 8.5), (8.5, None), (-24, None)]
)  # fmt: skip
def test_offices_are_open_until_noon_and_until_the_evening(hours: float, until: float | None) -> None:
    end = clock.open_until(MONDAY + timedelta(hours=hours), clock.WorkCalendar())
    assert end == (MONDAY + timedelta(hours=until) if until is not None else None)
