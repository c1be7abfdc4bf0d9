"""Statements that are made once: they say what the QuerySet says, and write what bulk_create writes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from permits.models import Application, Enterprise, Membership, Permit
from permits.ready import Ready, insert, insert_values, update
from reviews.models import Delegation, Department, Event, Notice, Official
from tests.reviews.steps import TUESDAY, submitted

pytestmark = pytest.mark.django_db


@Ready
def kinds_of(*, kinds: list[str], region: str) -> QuerySet:
    return Department.objects.filter(kind__in=kinds, region=region).order_by("kind").values_list("kind")


@Ready
def postings(*, user: int) -> QuerySet:
    return Official.objects.filter(user=user).select_related("department", "user").defer("user__mobile")


@Ready
def of_enterprise(*, enterprise: int | None) -> QuerySet:
    return Application.objects.filter(enterprise=enterprise).order_by("pk").values_list("pk", "public_id", "answers")


def test_lists_of_other_lengths_are_other_statements(cast):
    region = Official.objects.get(user=cast.street).department.region
    assert kinds_of(kinds=["street"], region=region) == [("street",)]
    assert kinds_of(kinds=["street", "nobody"], region=region) == [("street",)]
    assert kinds_of(kinds=["nobody"], region=region) == []
    assert kinds_of(kinds=["street"], region="000000") == []
    assert len(kinds_of.made) == 2


def test_objects_come_with_what_they_point_to_and_without_what_was_left_out(cast, django_assert_num_queries):
    postings(user=cast.street.pk)
    with django_assert_num_queries(1):
        (found,) = postings(user=cast.street.pk)
        assert found.user == cast.street and found.department.kind == "street"
        assert found.user.email == cast.street.email
    assert found.user.get_deferred_fields() == {"mobile"}
    assert not found._state.adding


def test_what_is_encrypted_or_kept_in_another_form_is_read_as_the_queryset_reads_it(cast):
    application = submitted(cast)
    for enterprise in (application.enterprise_id, None):
        asked = Application.objects.filter(enterprise=enterprise).order_by("pk")
        assert of_enterprise(enterprise=enterprise) == list(asked.values_list("pk", "public_id", "answers"))


def test_times_are_asked_for_as_they_are_given(cast):
    in_force = Ready(lambda at: Delegation.objects.in_force(at).values_list("pk"))
    post = Official.objects.get(user=cast.street)
    lent = Delegation.objects.create(
        official=post,
        delegate=cast.decider,
        starts_at=TUESDAY,
        ends_at=TUESDAY + timedelta(days=1),
        made_by=cast.street,
    )
    assert in_force(at=TUESDAY) == [(lent.pk,)]
    assert in_force(at=TUESDAY - timedelta(microseconds=1)) == []


def test_an_argument_that_the_query_does_not_ask_for_is_a_mistake(cast):
    with pytest.raises(ValueError, match="does not ask"):
        Ready(lambda user, other: Membership.objects.filter(user=user).values_list("pk"))(user=1, other=2)


def test_a_yes_or_no_would_be_asked_for_ever(cast):
    with pytest.raises(TypeError, match="belongs to the query"):
        Ready(lambda active: Membership.objects.filter(active=active).values_list("pk"))(active=True)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_lost_is_told_of_its_statements_again(cast):
    region = Official.objects.get(user=cast.street).department.region
    for _connection in range(2):
        assert kinds_of(kinds=["street"], region=region) == [("street",)]
        connection.close()


@pytest.mark.production
def test_behind_a_pooler_nothing_is_prepared(cast, monkeypatch):
    region = Official.objects.get(user=cast.street).department.region
    seen: list[str] = []
    with connection.execute_wrapper(lambda run, sql, *rest: seen.append(sql) or run(sql, *rest)):
        kinds_of(kinds=["street"], region=region)
        monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
        kinds_of(kinds=["street"], region=region)
    assert [sql.split()[0] for sql in seen] == ["EXECUTE", "SELECT"]


def test_new_rows_are_written_in_one_statement_and_have_their_keys(cast, django_assert_num_queries):
    rows = [Department(kind=f"new{n}", region="360924", name_zh="新", name_en="New") for n in range(3)]
    with django_assert_num_queries(1):
        insert(rows)
    assert list(Department.objects.filter(kind__startswith="new").order_by("kind")) == rows
    assert rows[0].active is True
    rows[0].name_en = "Renamed"
    rows[0].save()
    assert Department.objects.filter(kind__startswith="new").count() == 3


def test_a_row_takes_the_key_of_what_was_written_before_it(cast):
    office = Department(kind="new", region="360924", name_zh="新", name_en="New")
    posting = Official(user=cast.owner, department=office, role="reviewer")
    insert([office])
    insert([posting])
    assert Official.objects.get(pk=posting.pk).department == office


def test_more_rows_than_one_statement_takes_are_written_in_several(cast, monkeypatch):
    monkeypatch.setattr(connection.ops, "bulk_batch_size", lambda fields, rows: 2)
    rows = [Department(kind=f"new{n}", region="360924", name_zh="新", name_en="New") for n in range(5)]
    insert(rows)
    assert [Department.objects.get(pk=row.pk).kind for row in rows] == [row.kind for row in rows]


def test_rows_given_as_values_have_defaults_for_the_rest_and_encrypted_columns_are_encrypted(cast):
    application = submitted(cast)
    event, now, words = Event.objects.first(), timezone.now(), {"number": "演示"}
    names = ("event_id", "recipient_id", "channel", "kind", "params", "created_at", "next_attempt_at")
    rows = [(event.pk, cast.decider.pk, channel, "advised", words, now, now) for channel in ("inbox", "email")]
    keys = insert_values(Notice, names, rows)
    for key, channel in zip(keys, ("inbox", "email"), strict=True):
        notice = Notice.objects.get(pk=key)
        assert (notice.channel, notice.params, notice.state, notice.attempts) == (channel, words, "pending", 0)
        assert (notice.created_at, notice.application, notice.sent_at) == (now, None, None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT params FROM reviews_notice WHERE id = %s", [keys[0]])
        assert "演示" not in cursor.fetchone()[0]
    with pytest.raises(ValueError, match="no such"):
        insert_values(Notice, ("no such",), [(1,)])
    assert application.pk


def test_only_the_named_columns_are_written(cast):
    application = submitted(cast)
    stale = Application.objects.get(pk=application.pk)
    Application.objects.filter(pk=application.pk).update(industry="C13")
    stale.region, stale.answers = "360925", {"a": "乙"}
    update(stale, ("region", "answers"))
    fresh = Application.objects.get(pk=application.pk)
    assert (fresh.region, fresh.answers, fresh.industry) == ("360925", {"a": "乙"}, "C13")


def test_a_row_that_is_gone_is_not_written_in_silence(cast):
    gone = Enterprise.objects.get(pk=cast.enterprise.pk)
    gone.pk = 10**9
    with pytest.raises(LookupError, match="not there"):
        update(gone, ("name",))
    assert not Permit.objects.exists()
