"""What an operator sees of the outbox: on the command line, in Prometheus, in the review desk."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from reviews import workflow
from reviews.models import Attempt, ChannelState, Notice
from reviews.notices import delivery, state
from tests import servers
from tests.cast import filled, holder

pytestmark = pytest.mark.django_db


@pytest.fixture
def application(cast):
    return workflow.submit(filled(cast).pk, applicant=cast.owner)


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("notices", *arguments, stdout=out)
    return out.getvalue()


def email() -> state.ChannelFigures:
    return {each.channel: each for each in state.figures()}["email"]


def test_what_waits_what_was_given_up_and_what_was_tried_is_counted(application, django_assert_num_queries):
    long_ago = timezone.now() - timedelta(minutes=10)
    first, second = Notice.objects.filter(channel="email")
    Notice.objects.filter(pk=first.pk).update(created_at=long_ago, next_attempt_at=long_ago)
    with django_assert_num_queries(3):
        found = email()
    assert (found.waiting, found.overdue, found.dead, found.tried) == (2, 1, 0, 0) and 600 <= found.oldest < 660
    delivery.deliver([first.pk])
    Attempt.objects.create(notice=second, at=timezone.now(), ok=False, seconds=2.0)
    Attempt.objects.create(notice=second, at=timezone.now() - timedelta(hours=2), ok=False, seconds=9.0)
    Notice.objects.filter(pk=second.pk).update(state="dead")
    found = email()
    assert (found.waiting, found.overdue, found.dead, found.tried, found.failed) == (0, 0, 1, 2, 1)
    assert found.oldest == 0 and found.slowest == 2.0 and found.seconds > 1


def test_the_command_says_what_stands_against_it_and_what_mends_it(application):
    assert "manage.py" not in said()
    past = timezone.now() - timedelta(minutes=10)
    Notice.objects.filter(channel="email").update(created_at=past, next_attempt_at=past)
    assert "10 min" in said() and "start the Celery worker" in said()
    Notice.objects.filter(channel="email").update(state="dead")
    assert "manage.py resend_notices --channel email" in said()
    ChannelState.objects.create(channel="email", open_until=timezone.now() + timedelta(minutes=1))
    assert "left alone until" in said()
    Notice.objects.filter(channel="email").update(channel="sms")
    assert "sms" in said() and "not set up" in said()
    assert {each["channel"]: each["dead"] for each in json.loads(said("--json"))["channels"]} == {"inbox": 0, "email": 0, "sms": 2}


class TestPrometheus:
    def read(self, key: str | None) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = Client().get("/metrics", headers=headers)
        return answer.status_code, answer.content.decode()

    def test_reads_with_its_key_only(self, application, settings):
        assert self.read("anything")[0] == 404  # none is set: there is no such page
        settings.METRICS_TOKEN = "s3cret"
        assert self.read(None)[0] == self.read("other")[0] == 404
        status, text = self.read("s3cret")
        assert status == 200 and 'portal_notices_waiting{channel="email"} 2.0' in text

    def test_sees_a_channel_that_is_left_alone(self, application, settings):
        settings.METRICS_TOKEN = "s3cret"
        ChannelState.objects.create(channel="email", open_until=timezone.now() + timedelta(minutes=1))
        text = self.read("s3cret")[1]
        assert 'portal_notice_channel_closed{channel="email"} 1.0' in text
        assert 'portal_notice_channel_closed{channel="inbox"} 0.0' in text


def test_the_system_administrator_sees_it_and_tries_again_what_was_given_up(application, cast):
    dead = Notice.objects.get(kind="submitted", channel="email")
    Notice.objects.filter(pk=dead.pk).update(state="dead", attempts=10)
    client = Client()
    client.force_login(holder("system_admin", "ops"))
    page = client.get(reverse("admin:reviews_notice_changelist"), headers={"Accept-Language": "en"}).content.decode()
    assert "Some were given up" in page or "有已放弃的" in page
    found = f"{reverse('admin:reviews_notice_changelist')}?q={application.number}"  # joins the application to them
    assert application.number in client.get(found).content.decode()
    with servers.broker("memory://localhost"):
        client.post(found, {"action": "try_again", "_selected_action": [dead.pk]})
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == ("pending", 0)


def test_every_word_of_a_notices_page_is_in_the_administrators_language(application, cast):
    notice = Notice.objects.get(kind="submitted", channel="email")
    delivery.deliver([notice.pk])
    client = Client()
    client.force_login(holder("system_admin", "ops"))
    client.cookies["django_language"] = "zh-hans"
    page = client.get(reverse("admin:reviews_notice_change", args=[notice.pk])).content.decode()
    assert f"{timezone.localtime(notice.tries.get().at):%Y-%m-%d %H:%M:%S}" in page
    assert "历次尝试" in page and application.number in page and "电子邮箱 → owner" in page
    for english in ("Next attempt", "Provider id", "Read at", "Detail", "Seconds", "Attempts"):
        assert english not in page, english
