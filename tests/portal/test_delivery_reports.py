"""Where providers report what became of a message: signed, in time, bounded, and the same again changes nothing."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from django.test import Client

from reviews import workflow
from reviews.models import DeliveryReport, Notice
from reviews.notices.channels import signing
from tests.cast import filled
from tests.fakes import provider as fakes

ADDRESS = "/notices/report/sms/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _connected(settings):
    how = dict.fromkeys(("url", "key_id", "sign_name", "templates"), "") | {"secret": "s", "report_secret": "theirs"}
    settings.NOTICE_PROVIDERS = {"sms": how}


def reported(said: object, *, secret="theirs", age=0, address=ADDRESS, key="report-1", **headers):
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    timestamp = str(int(time.time()) - age)
    given = {"X-Timestamp": timestamp, "Idempotency-Key": key,
             "X-Signature": fakes.signature(secret, timestamp, key, body)} | headers  # fmt: skip
    client = Client(enforce_csrf_checks=True)
    return client.post(address, body, content_type="application/json", headers=given)


@pytest.fixture
def notice(cast) -> Notice:
    workflow.submit(filled(cast).pk, applicant=cast.owner)
    notice = Notice.objects.filter(recipient=cast.owner, channel="email").get()
    notice.channel, notice.state, notice.provider_id = "sms", "sent", "their-1"
    notice.save()
    return notice


DELIVERED = {"id": "their-1", "status": "delivered", "at": "2020-02-10T09:30:00+08:00"}


def test_ten_times_the_same_report_is_one(notice):
    assert [reported(DELIVERED, key=f"k{time_}").status_code for time_ in range(10)] == [202] + [200] * 9
    notice.refresh_from_db()
    assert notice.delivered_at == datetime(2020, 2, 10, 1, 30, tzinfo=UTC)
    assert DeliveryReport.objects.count() == 1 and notice.tries.count() == 0


def test_a_failure_is_shown_with_the_notice(notice):
    assert reported({"id": "their-1", "status": "failed", "code": "UNREACHABLE"}).status_code == 202
    notice.refresh_from_db()
    assert notice.state == "dead" and "UNREACHABLE" in notice.tries.get().detail


def test_a_message_that_nobody_knows_is_kept_and_what_is_not_final_is_not(notice):
    assert reported(DELIVERED | {"id": "their-2"}).status_code == 202
    assert DeliveryReport.objects.get().notice is None
    assert reported(DELIVERED | {"status": "on its way"}).status_code == 202
    assert DeliveryReport.objects.count() == 1


def test_what_is_unsigned_late_too_long_or_no_report_changes_nothing(notice):
    before = Notice.objects.values().get(pk=notice.pk)
    assert reported(DELIVERED, secret="s").status_code == 401  # the secret of the other direction
    assert reported(DELIVERED, secret="").status_code == 401
    assert reported(DELIVERED, age=signing.AGE + 10).status_code == 401
    assert reported(DELIVERED, age=-signing.AGE - 10).status_code == 401
    assert reported(DELIVERED, **{"X-Signature": "v1=ß"}).status_code == 401
    assert reported(b" " * 20_000).status_code == 413
    for said in (
        b"",
        b"{",
        b"\xff",
        [],
        1,
        {"id": "x"},
        {"id": "", "status": "failed"},
        {"id": "a\0b", "status": "failed"},
    ):
        assert reported(said).status_code == 400
    assert reported(DELIVERED | {"at": "yesterday"}, address="/notices/report/wechat/").status_code == 404
    assert Client().get(ADDRESS).status_code == 405
    assert not DeliveryReport.objects.exists() and Notice.objects.values().get(pk=notice.pk) == before


def test_a_time_that_makes_no_sense_is_now(notice):
    assert reported(DELIVERED | {"at": "2020-13-45"}).status_code == 202
    notice.refresh_from_db()
    assert notice.delivered_at is not None and notice.delivered_at.year >= 2026


def test_a_provider_reports_by_a_real_connection(notice, live_server):
    with fakes.running("theirs") as (there, _url):
        notice.provider_id = there.id_of("some-key")
        notice.save()
        assert there.report(live_server.url + ADDRESS, "some-key", "delivered", times=2) == [202, 200]
    notice.refresh_from_db()
    assert notice.delivered_at is not None
