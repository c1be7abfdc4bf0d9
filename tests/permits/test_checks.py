"""Is an application complete? What the check page lists."""

from __future__ import annotations

from permits import checks
from permits.models import Application
from tests.cast import filled


def problem_keys(application: Application) -> list[str]:
    return [problem.key for problem in checks.problems(application)]


def test_a_complete_draft_has_no_problem(cast):
    assert problem_keys(filled(cast)) == []


def test_a_roster_with_fewer_rows_than_the_form_says_is_told_with_both_numbers(cast):
    application = filled(cast)
    roster = application.materials.get(requirement="roster")
    roster.facts = {"rows": 119}
    roster.save()
    [problem] = checks.problems(application)
    assert (problem.place, problem.key) == ("material", "roster")
    assert "119" in problem.message and "120" in problem.message


def test_a_missing_roster_is_asked_for_and_not_counted(cast):
    application = filled(cast)
    application.materials.filter(requirement="roster").delete()
    [problem] = checks.problems(application)
    assert "119" not in problem.message and problem.key == "roster"


def test_a_count_that_is_still_wrong_itself_is_not_compared(cast):
    application = filled(cast)
    application.answers = {**application.answers, "first_batch": "viele"}
    application.save()
    assert "roster" not in problem_keys(application)
