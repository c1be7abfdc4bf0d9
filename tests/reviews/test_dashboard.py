"""The desk's first page: each role finds what is theirs there, and nothing of others."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reviews import workflow
from reviews.models import Heartbeat
from tests.cast import filled, holder, post, task_of
from tests.reviews.steps import submitted
from tests.reviews.test_admin import desk_of

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def tiles(user):
    """Label: number, as the page's context has it."""
    parts = desk_of(user).get("/admin/").context["parts"]
    return {part.key: {tile.label: tile for tile in part.tiles} for part in parts}


def test_an_official_finds_their_own_work_and_what_is_late(cast):
    late, now = submitted(cast), workflow.submit(filled(cast).pk, applicant=cast.owner)
    workflow.claim(task_of(now, "street").pk, official=cast.street)
    work = tiles(cast.street)["work"]
    by_url = {tile.url.rpartition("?")[2]: tile for tile in work.values()}
    assert [by_url[query].value for query in ("which=mine", "which=unclaimed", "due=overdue")] == [1, 1, 1]
    assert by_url["due=overdue"].tone == "bad"
    page = desk_of(cast.street).get("/admin/").content.decode()
    assert now.number in page and late.number not in page and "<svg" in page
    assert len(desk_of(cast.street).get(by_url["due=overdue"].url).context["rows"]) == 1


def test_nothing_of_another_office_is_on_it(cast):
    submitted(cast)
    work = tiles(cast.other_street)["work"]
    assert {tile.value for tile in work.values()} == {0}


def test_a_supervisor_sees_what_is_late_in_whose_hands_and_the_share_on_time(cast):
    chief = post("chief", "street", supervisor=True)
    late, done = submitted(cast), workflow.submit(filled(cast).pk, applicant=cast.owner)
    workflow.claim(task_of(late, "street").pk, official=cast.street)
    workflow.decide(task_of(done, "street").pk, official=cast.street, outcome="accept")
    page = desk_of(chief).get("/admin/").content.decode()
    assert late.number in page and "100.0 %" in page
    assert "近 30 天按时率" not in desk_of(cast.street).get("/admin/").content.decode()


@pytest.mark.parametrize(
    ("role", "parts"),
    [("system_admin", {"running"}), ("security_admin", {"accounts"}), ("audit_admin", {"log"}), ("service_owner", {"services"})],
)  # fmt: skip
def test_each_administrator_sees_what_is_theirs_and_nothing_else(cast, role, parts):
    submitted(cast)
    assert set(tiles(holder(role))) == parts


def test_the_system_administrator_sees_a_worker_that_is_gone(cast):
    ops = holder("system_admin")
    assert tiles(ops)["running"]["后台进程"].tone == "bad"
    Heartbeat.objects.create(name="worker", at=timezone.now())
    assert tiles(ops)["running"]["后台进程"].tone == "ok"


def test_it_takes_as_many_queries_for_many_tasks_as_for_one(cast):
    chief, counts = post("chief", "street", supervisor=True), []
    client = desk_of(chief)
    for _ in range(2):
        for _more in range(3):
            workflow.claim(task_of(submitted(cast), "street").pk, official=chief)
        with CaptureQueriesContext(connection) as queries:
            client.get("/admin/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
