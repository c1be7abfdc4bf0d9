"""Text messages by a real HTTP provider on loopback: signed, once for each key, tried again or given up as it answers."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from reviews import workflow
from reviews.models import ChannelState, DeliveryReport, Event, Notice
from reviews.notices import delivery, hours, outbox, reports
from reviews.notices.channels import kinds, provider, signing
from tests import servers
from tests.cast import filled, holder
from tests.fakes import provider as fakes
from tests.run import free_port

MOBILE = "13812345678"
SEND = "reviews.notices.channels.provider.send"


@pytest.fixture(scope="module")
def running():
    with fakes.running() as (there, url):
        yield there, url


@pytest.fixture
def fake(running, settings, monkeypatch):
    there, url = running
    there.then, there.sent, there.strangers = [], {}, 0
    there.calls.clear()
    connect(settings, url)
    monkeypatch.setattr(hours, "DISTURBING", frozenset())  # or the tests would sleep at night
    return there


def connect(settings, url, secret="shared", templates=""):
    how = {"url": url, "key_id": "portal", "secret": secret, "report_secret": secret, "sign_name": "政务办件",
           "templates": templates}  # fmt: skip
    settings.NOTICE_PROVIDERS = {"sms": how}
    settings.NOTICE_CHANNELS = {**settings.NOTICE_CHANNELS, "sms": SEND}


@pytest.fixture
def notice(db, cast, fake):
    cast.owner.mobile = MOBILE
    cast.owner.save()
    workflow.submit(filled(cast).pk, applicant=cast.owner)
    return Notice.objects.get(kind="submitted", channel="sms")


def tried(notice: Notice) -> Notice:
    Notice.objects.filter(pk=notice.pk).update(next_attempt_at=timezone.now())
    ChannelState.objects.update(open_until=None)
    delivery.deliver([notice.pk])
    return Notice.objects.get(pk=notice.pk)


def test_a_text_message_is_handed_over_once_signed_and_in_its_readers_language(notice, fake):
    found = tried(notice)
    [(key, message)] = fake.sent.items()
    assert found.state == "sent" and found.provider_id == fake.id_of(key) == found.tries.get().provider_id
    assert key == kinds.key_of(notice) and fake.strangers == 0
    assert (message["to"], message["sign_name"], message["language"]) == ("+8613812345678", "政务办件", "zh")
    assert notice.application.number in message["params"]["text"]
    assert message["report_url"].endswith("/notices/report/sms/")


def test_templates_are_chosen_by_kind_and_language_and_say_which_values_they_take(notice, fake, settings, tmp_path):
    file = tmp_path / "templates.toml"
    file.write_text(
        '[default]\nzh = {id = "SMS_1"}\nen = {id = "SMS_2"}\n[submitted]\nzh = {id = "SMS_9", params = ["number", "link"]}\n'
    )
    connect(settings, settings.NOTICE_PROVIDERS["sms"]["url"], templates=str(file))
    tried(notice)
    [message] = fake.sent.values()
    assert message["template"] == "SMS_9" and set(message["params"]) == {"number", "link"}
    notice.recipient.language = "en"
    how = settings.NOTICE_PROVIDERS["sms"]
    assert provider._message(notice, how, MOBILE)["template"] == "SMS_2"
    file.with_name("other.toml").write_text('[submitted]\nen = {id = "SMS_9", params = ["colour"]}\n')
    with pytest.raises(kinds.Rejected, match="asks for colour"):
        provider._message(notice, how | {"templates": str(file.with_name("other.toml"))}, MOBILE)
    file.with_name("bad.toml").write_text("submitted = 1\n")
    with pytest.raises(ImproperlyConfigured, match="no file of templates"):
        provider.templates(str(file.with_name("bad.toml")))


def test_an_answer_that_is_lost_does_not_make_a_second_message(notice, fake):
    fake.then = ["drop"]
    assert tried(notice).state == "pending"
    found = tried(notice)
    assert found.state == "sent" and list(fake.calls.values()) == [2] and len(fake.sent) == 1
    assert [attempt.ok for attempt in found.tries.order_by("pk")] == [False, True]


@pytest.mark.parametrize("how", ["fail", "refuse:401", "refuse:403", "nonsense", "away"])
def test_what_may_go_better_another_time_is_tried_again(notice, fake, how):
    fake.then = [how]
    assert tried(notice).state == "pending"
    assert ChannelState.objects.get(pk="sms").failures == 1


def test_a_provider_that_is_too_slow_or_not_there_is_tried_again(notice, fake, settings, monkeypatch):
    fake.then = ["slow:0.5"]
    quick = urllib3.PoolManager(retries=False, timeout=0.1)
    monkeypatch.setattr(provider, "_pool", lambda: quick)
    assert tried(notice).state == "pending"
    servers.wait_until(lambda: fake.sent, "the message is taken when nobody waits for the answer any more")
    connect(settings, f"http://127.0.0.1:{free_port()}/")
    assert tried(notice).state == "pending"


def test_a_provider_that_asks_to_wait_is_waited_for(notice, fake):
    fake.then = ["busy:600"]
    found = tried(notice)
    assert timedelta(seconds=590) < found.next_attempt_at - timezone.now() < timedelta(seconds=640)
    assert found.state == "pending"


def test_retry_after_is_seconds_or_a_date():
    now = datetime(2026, 11, 26, 13, 0, tzinfo=UTC)
    assert provider.seconds_of("120") == 120
    assert provider.seconds_of("Thu, 26 Nov 2026 13:02:00 GMT", now) == 120
    assert provider.seconds_of("Thu, 26 Nov 2026 12:00:00 GMT", now) == 0
    for nonsense in (None, "", "soon", "-5", "²"):
        assert provider.seconds_of(nonsense) == 0


def test_a_refused_number_is_given_up_and_stands_in_no_log(notice, fake, caplog):
    fake.then = ["refuse:400"]
    with caplog.at_level(logging.DEBUG):
        found = tried(notice)
    detail = found.tries.get().detail
    assert found.state == "dead" and "400 (MOBILE_NUMBER_ILLEGAL)" in detail
    assert MOBILE not in detail + caplog.text and notice.application.number not in detail
    assert not ChannelState.objects.filter(failures__gt=0).exists()  # the channel is not to blame


@pytest.mark.parametrize("code", [MOBILE, f"no_{MOBILE}", "收件人 张三", "x" * 61, None])
def test_a_code_in_which_somebody_could_stand_is_left_out(code):
    assert provider.code_of({"code": code}) in ("", "None")


def test_who_has_no_mobile_gets_no_text_message(notice):
    notice.recipient.mobile = ""
    notice.recipient.save()
    found = tried(notice)
    assert found.state == "dead" and "the account has no mobile number" in found.tries.get().detail


def test_delivered_ten_times_is_delivered_once(notice, fake):
    found = tried(notice)
    at = datetime(2020, 2, 10, 1, 30, tzinfo=UTC)
    assert [reports.take("sms", found.provider_id, "delivered", at) for _time in range(10)] == [True] + [False] * 9
    found.refresh_from_db()
    assert found.delivered_at == at and found.state == "sent" and DeliveryReport.objects.count() == 1
    reports.take("sms", found.provider_id, "failed", at)  # it arrived; what comes behind is wrong
    found.refresh_from_db()
    assert found.state == "sent" and found.delivered_at == at


def test_reported_as_failed_it_is_given_up_and_goes_anew_under_another_key(
    notice, fake, caplog, django_capture_on_commit_callbacks
):
    found = tried(notice)
    with django_capture_on_commit_callbacks(execute=True):
        for _time in range(10):
            reports.take("sms", found.provider_id, "failed", timezone.now(), "UNREACHABLE")
    found.refresh_from_db()
    assert found.state == "dead" and found.tries.filter(ok=False).count() == 1
    assert caplog.text.count("is given up") == 1 and "UNREACHABLE" in caplog.text
    assert outbox.revive(Notice.objects.filter(pk=found.pk)) == [found.pk]
    assert tried(found).state == "sent"
    assert sorted(fake.sent) == [kinds.key_of(notice), f"{kinds.key_of(notice)}.1"]


def test_what_is_reported_as_delivered_after_all_does_not_go_a_second_time(notice, fake):
    found = tried(notice)
    reports.take("sms", found.provider_id, "failed", timezone.now(), "UNREACHABLE")
    assert outbox.revive(Notice.objects.filter(pk=found.pk)) == [found.pk]
    assert reports.take("sms", found.provider_id, "delivered", timezone.now())
    assert delivery.deliver([found.pk]) == 0 and found.pk not in outbox.left_behind()
    found.refresh_from_db()
    assert found.state == "sent" and found.delivered_at and len(fake.sent) == 1


def test_a_report_that_comes_before_we_know_the_message_is_kept_for_it(notice, fake):
    early = fake.id_of(kinds.key_of(notice))
    assert reports.take("sms", early, "delivered", timezone.now())
    assert reports.settle() == 0
    found = tried(notice)
    assert found.delivered_at is None
    assert reports.settle() == 1 and reports.settle() == 0
    found.refresh_from_db()
    assert found.delivered_at is not None


def test_a_signature_is_of_its_moment_and_of_every_byte():
    now = str(int(timezone.now().timestamp()))
    good = signing.sign("s", now, "k", b"body")
    assert good == fakes.signature("s", now, "k", b"body")
    signing.verify("s", now, "k", b"body", good)
    for secret, timestamp, key, body, given in (
        ("t", now, "k", b"body", good), ("s", now, "l", b"body", good), ("s", now, "k", b"Body", good), ("s", now, "k", b"body", ""),
        ("", now, "k", b"body", signing.sign("", now, "k", b"body")), ("s", "soon", "k", b"body", signing.sign("s", "soon", "k", b"body")),
        *(("s", old, "k", b"", signing.sign("s", old, "k", b"")) for old in (str(int(now) - 310), str(int(now) + 310))),
    ):  # fmt: skip
        with pytest.raises(signing.BadSignature):
            signing.verify(secret, timestamp, key, body, given)


@pytest.mark.django_db(transaction=True)
def test_a_process_of_ours_sends_by_a_process_of_theirs(notice, tmp_path):
    """As WeChat message, which goes at night too."""
    long_ago = timezone.now() - timedelta(minutes=1)
    Notice.objects.exclude(pk=notice.pk).update(state="sent")
    Notice.objects.filter(pk=notice.pk).update(channel="wechat", created_at=long_ago, next_attempt_at=long_ago)
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    ours = {"DATABASE_URL": servers.database_url(connection.settings_dict), "WECHAT_URL": url, "WECHAT_SECRET": "other",
            "DJANGO_SETTINGS_MODULE": "portal.settings"}  # fmt: skip
    with servers.process(["tests.fakes.provider", str(port), "other"], {}, tmp_path / "theirs.log"):
        servers.wait_until(lambda: answers(url), "the provider")
        command = [sys.executable, "manage.py", "deliver_notices"]
        done = subprocess.run(command, cwd=servers.ROOT, env=os.environ | ours, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        assert answers(url) == {"sent": 1, "calls": 1, "strangers": 0, "keys": [kinds.key_of(notice)]}
    notice.refresh_from_db()
    assert notice.state == "sent"


def answers(url: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(urllib3.request("GET", url, retries=False, timeout=2).data)
    except urllib3.exceptions.HTTPError:
        return {}
    return found


def test_whoever_writes_a_text_message_gets_it_on_their_own_mobile(fake, settings, cast):
    owner = holder("service_owner", "texts")
    address = reverse("admin:reviews_noticetext_text", args=["approved-sms"])
    client = Client()
    client.force_login(owner)
    words = {"zh": "您的办件 {{ number }} 已办结。{{ link }}", "en": "{{ number }} is decided. {{ link }}", "seen_zh": 0, "seen_en": 0}
    assert "没有手机" in client.post(address, words | {"do": "test"}).content.decode() and not fake.sent  # by mail, and says so
    owner.mobile = MOBILE
    owner.save()
    cache.clear()
    client.post(address, words | {"do": "test"})
    sent = {message["language"]: message for message in fake.sent.values()}
    assert set(sent) == {"zh", "en"} and all(message["to"] == f"+86{MOBILE}" for message in sent.values())
    assert "360924-20200210-000001-C" in sent["zh"]["params"]["text"] and "decided" in sent["en"]["params"]["text"]
    for _more in range(12):
        answer = client.post(address, words | {"do": "test"})
    assert "每小时最多" in answer.content.decode() and len(fake.sent) == 2 * 10
    assert not Notice.objects.exists()  # a test is no notice
    tests = Event.objects.filter(action="notice_text_tested", stream="notice_text:approved.sms").order_by("pk")
    assert tests.count() == 1 + 10
    sent_by = [json.loads(event.payload)["data"]["sent"] for event in tests[:2]]
    assert sent_by == [["email zh", "email en"], ["sms zh", "sms en"]]
