"""What the applicant sees of the rarer turns of a review: the clock that stands still, a return, an end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from permits.models import Application, Permit
from reviews import limits, workflow
from reviews.models import Pause
from tests.cast import Cast, post, task_of
from tests.portal import steps
from tests.portal.browser import at, page, words
from tests.reviews.steps import edition


def progress(cast: Cast, application: Application) -> list[str]:
    """What has happened, then the stages, a line for each."""
    response = at(cast.owner).get(application.get_absolute_url())
    rows = [
        *page(response).xpath("//ol[@class='timeline']/li"),
        *page(response).xpath("//ol[contains(@class, 'stages')]/li"),
    ]
    return [" ".join(row.text_content().split()) for row in rows]


def head(cast: Cast, application: Application) -> str:
    (found,) = page(at(cast.owner).get(application.get_absolute_url())).xpath("//*[@class='page-header']")
    return " ".join(found.text_content().split())


def line(cast: Cast, application: Application, title: str) -> str:
    (found,) = [row for row in progress(cast, application) if title in row]
    return found


def suspended(cast: Cast) -> Application:
    application = steps.countersigned(cast)
    task = task_of(application, "bureau")
    workflow.suspend(task.pk, official=cast.decider, kind=Pause.Kind.EXPERTS, reason="请专家论证")
    application.refresh_from_db()
    return application


def test_a_special_procedure_names_itself_and_stops_the_clock(cast: Cast) -> None:
    application = suspended(cast)
    row = line(cast, application, "Special procedure begun")
    assert "Expert review" in row and "请专家论证" in row
    assert "Clock stopped" in head(cast, application)
    assert "The clock stands still" in progress(cast, application)[-1]
    assert "Special procedure: Expert review" in words(at(cast.owner).get(application.get_absolute_url()))
    assert "the clock stands still" in words(at(cast.owner).get("/applications/"))


def test_when_it_ends_the_clock_goes_on(cast: Cast) -> None:
    application = suspended(cast)
    workflow.resume(application.pk, official=cast.decider)
    application.refresh_from_db()
    assert "Expert review" in line(cast, application, "Special procedure ended")
    assert "Clock stopped" not in head(cast, application) and "Due" in head(cast, application)


def test_while_corrections_are_asked_for_the_clock_is_stopped(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, ("field", "masks", "数量不符"))
    assert "Clock stopped" in head(cast, application)
    found = at().get(
        "/track/", {"number": application.number, "mobile_last4": application.answers["epidemic_lead_mobile"][-4:]}
    )
    assert "Clock stopped" in words(found)


def test_an_extension_is_told_with_its_reason(cast: Cast) -> None:
    application = steps.countersigned(cast)
    workflow.extend(task_of(application, "bureau").pk, official=cast.supervisor, reason="需现场核查")
    assert "需现场核查" in line(cast, application, "Statutory limit extended")


def test_a_return_is_told_kindly_and_without_the_offices_words(cast: Cast) -> None:
    application = steps.countersigned(cast)
    steps.decide(cast, application, "bureau", "return", reason="预审漏看了宿舍", to_stage="countersign")
    text = " ".join(progress(cast, application))
    assert "there is nothing for you to do" in text and "漏看" not in text
    assert "Countersign" in progress(cast, application)[-2]


def test_silence_that_counts_as_agreement_is_told(cast: Cast) -> None:
    edition(countersign='silence = "agrees"')
    application = steps.in_review(cast)
    limits.keep(timezone.now() + timedelta(days=10))
    assert "Deemed to agree: no answer in time" in " ".join(progress(cast, application))


def test_a_refusal_keeps_its_words_while_an_objection_runs(cast: Cast) -> None:
    application = steps.rejected(cast)
    workflow.object_to(application.pk, applicant=cast.owner, text="已整改")
    application.refresh_from_db()
    rows = progress(cast, application)
    assert any(row.startswith("Filing refused") for row in rows) and "已整改" in line(
        cast, application, "Objection filed"
    )
    assert rows[-1].startswith("Somebody who had no part in the decision")
    assert "Due" not in head(cast, application) and "Clock" not in head(cast, application)


@pytest.mark.parametrize(("outcome", "said"), [("uphold", "Decision upheld"), ("overturn", "Decision set aside")])
def test_what_came_of_an_objection_is_in_the_timeline(cast: Cast, outcome: str, said: str) -> None:
    application = steps.rejected(cast)
    workflow.object_to(application.pk, applicant=cast.owner, text="已整改")
    workflow.decide(task_of(application, "bureau").pk, official=cast.supervisor, outcome=outcome, reason="复核结论")
    application.refresh_from_db()
    assert "复核结论" in line(cast, application, said)
    last = progress(cast, application)[-1]
    assert last.startswith("Decision by the approval bureau")
    assert ("At work since" in last) == (outcome == "overturn") and ("Refused" in last) == (outcome == "uphold")
    if outcome == "overturn":
        third = post("third", "bureau")
        workflow.decide(task_of(application, "bureau").pk, official=third, outcome="approve")
        rows = progress(cast, application)
        assert any(r.startswith("Filing refused") for r in rows) and any(r.startswith("Filing recorded") for r in rows)


def test_a_corrected_permit_is_told(cast: Cast) -> None:
    application = steps.approved(cast)
    permit = Permit.objects.get(application=application)
    workflow.correct_permit(permit.pk, official=cast.supervisor, changes={"first_batch": "110"}, reason="人数有误")
    assert "人数有误" in line(cast, application, "Permit corrected")
