"""Writes that nobody waits for, on both engines: they travel together, and nothing that is asked overtakes them."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from permits.models import Application, Enterprise
from permits.models.mobile_tag import MobileTag
from permits.ready import insert, update
from permits.together import together
from tests.reviews.steps import submitted

pytestmark = pytest.mark.django_db


def renamed(enterprise: Enterprise, name: str) -> None:
    enterprise.name = name
    update(enterprise, ("name",))


def test_what_waits_travels_with_the_next_statement(cast, engine):
    application = submitted(cast)
    with CaptureQueriesContext(connection) as seen, together():
        renamed(cast.enterprise, "甲%s厂")
        insert([MobileTag(application=application, tag="a" * 32)], keys=False)
        assert not seen.captured_queries
        assert Application.objects.filter(pk=application.pk, enterprise__name="甲%s厂").exists()
    assert len(seen) == (1 if engine == "postgresql" else 3)
    assert MobileTag.objects.filter(tag="a" * 32).count() == 1


def test_the_last_ones_are_written_at_the_end(cast, engine):
    with CaptureQueriesContext(connection) as seen, together():
        renamed(cast.enterprise, "甲")
        renamed(cast.enterprise, "乙")
    assert len(seen) == (1 if engine == "postgresql" else 2)
    cast.enterprise.refresh_from_db()
    assert cast.enterprise.name == "乙"


def test_a_statement_without_parameters_finds_what_was_written(cast):
    with together():
        renamed(cast.enterprise, "甲")
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM permits_enterprise WHERE name LIKE '甲%'")
            assert cursor.fetchone() == (1,)


def test_a_savepoint_that_is_rolled_back_takes_no_more_with_it_than_it_should(cast):
    with transaction.atomic(), together():
        renamed(cast.enterprise, "甲")
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            renamed(cast.enterprise, "乙")
            cast.enterprise.refresh_from_db()
            raise ZeroDivisionError
    cast.enterprise.refresh_from_db()
    assert cast.enterprise.name == "甲"


def test_within_another_it_is_that_one(cast, engine):
    with CaptureQueriesContext(connection) as seen, together():
        renamed(cast.enterprise, "甲")
        with together():
            renamed(cast.enterprise, "乙")
        assert not seen.captured_queries
    cast.enterprise.refresh_from_db()
    assert cast.enterprise.name == "乙"


def test_a_step_that_fails_leaves_nothing_waiting_for_the_next(cast):
    name = cast.enterprise.name
    with pytest.raises(ZeroDivisionError), together():
        renamed(cast.enterprise, "甲")
        raise ZeroDivisionError
    with together():
        assert Enterprise.objects.get(pk=cast.enterprise.pk).name == name
    assert Enterprise.objects.get(pk=cast.enterprise.pk).name == name


@pytest.mark.django_db(transaction=True)
def test_a_write_that_the_database_refuses_fails_the_transaction(cast):
    application = submitted(cast)
    with pytest.raises(DatabaseError), transaction.atomic(), together():
        renamed(cast.enterprise, "甲")
        insert([MobileTag(application=application, tag="a" * 32) for _twice in range(2)], keys=False)
        Application.objects.count()
    cast.enterprise.refresh_from_db()
    assert cast.enterprise.name != "甲"
