"""The same file in the filing of another enterprise is a fact that the reviewer is told."""

from __future__ import annotations

import pytest

from permits.models import Application, Material
from reviews import workflow
from reviews.admin import same_files
from tests.cast import Cast, filled, task_of
from tests.reviews.test_admin import desk_of, review, text_of

pytestmark = pytest.mark.django_db
SENT = "5" * 64


def with_plan(application: Application, sha256: str = SENT) -> Application:
    application.materials.filter(requirement="epidemic_plan").update(received_sha256=sha256)
    return application


def another(cast: Cast) -> Application:
    application = with_plan(filled(cast))
    Application.objects.filter(pk=application.pk).update(enterprise=cast.other_enterprise, applicant=cast.outsider)
    return application


@pytest.fixture
def other(cast: Cast) -> Application:
    return workflow.submit(another(cast).pk, applicant=cast.outsider)


def test_the_reviewer_is_told_which_other_enterprise_sent_the_same_file(cast, other):
    mine = workflow.submit(with_plan(filled(cast)).pk, applicant=cast.owner)
    shown = text_of(desk_of(cast.street).get(review(task_of(mine, "street"))))
    assert str(cast.other_enterprise) in shown and other.number in shown and "epidemic_plan.pdf" in shown
    assert review(task_of(other, "street")) in shown


def test_whose_filing_it_is_only_that_filings_department_is_told(cast, other):
    mine = workflow.submit(with_plan(filled(cast)).pk, applicant=cast.owner)
    workflow.decide(task_of(mine, "street").pk, official=cast.street, outcome="accept")
    shown = text_of(desk_of(cast.health).get(review(task_of(mine, "health"))))
    assert "不属于你部门" in shown
    assert str(cast.other_enterprise) not in shown and other.number not in shown


def test_ones_own_earlier_filing_a_draft_and_another_file_are_nothing_to_tell(cast):
    workflow.submit(with_plan(filled(cast)).pk, applicant=cast.owner)
    another(cast)  # never sent
    workflow.submit(with_plan(another(cast), "6" * 64).pk, applicant=cast.outsider)
    mine = filled(cast)
    files = list(with_plan(mine).materials.current())
    assert same_files.elsewhere(mine, files, cast.street) == {}


def test_it_costs_three_queries_however_many_sent_the_same(cast, django_assert_num_queries):
    for _each in range(3):
        workflow.submit(another(cast).pk, applicant=cast.outsider)
    mine = with_plan(filled(cast))
    Material.objects.filter(application=mine, requirement="roster").update(received_sha256="7" * 64)
    files = list(mine.materials.current())
    with django_assert_num_queries(3):
        found = same_files.elsewhere(mine, files, cast.street)
        assert len(found["epidemic_plan"]) == 3 and all(each.task for each in found["epidemic_plan"])
        assert {str(each.application.enterprise) for each in found["epidemic_plan"]} == {str(cast.other_enterprise)}
