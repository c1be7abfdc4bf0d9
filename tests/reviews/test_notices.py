"""The outbox: told in the same transaction, delivered once, never lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.utils import timezone

from reviews import workflow
from reviews.models import Attempt, Notice
from reviews.notices import outbox, texts
from tests import servers
from tests.cast import filled, task_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def application(cast):
    return workflow.submit(filled(cast).pk, applicant=cast.owner)


def test_submitting_tells_the_owner_and_the_office(application, cast):
    told = set(Notice.objects.values_list("kind", "recipient__name", "channel"))
    assert told == {
        ("submitted", "owner", "inbox"), ("submitted", "owner", "email"),
        ("new_task", "street", "inbox"), ("new_task", "street", "email"),
    }  # fmt: skip


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_kind_of_notice_can_be_read_in_both_languages(cast, application, language):
    workflow.decide(task_of(application, "street").pk, official=cast.street, outcome="accept")
    for kind in (
        "submitted", "accepted", "corrections_requested", "corrections_answered", "declined", "approved", "rejected",
        "withdrawn", "lapsed", "permit_revoked", "new_task", "overdue", "bad_rating", "deemed_accepted",
    ):  # fmt: skip
        notice = Notice.objects.filter(kind="submitted").first()
        notice.kind = kind
        message = texts.render(notice, language)
        assert message.subject and application.number in message.subject + message.body, kind
        assert "http" in message.body, kind


def test_a_notice_is_sent_in_the_language_of_its_reader(application, cast):
    cast.owner.language = "en"
    cast.owner.save()
    outbox.deliver(Notice.objects.get(kind="submitted", channel="email").pk)
    assert mail.outbox[0].subject.startswith("Received: Resumption-of-work filing")
    assert "Permit portal http" in mail.outbox[0].body and "本邮件" not in mail.outbox[0].body
    office = Notice.objects.get(kind="new_task", channel="email")
    outbox.deliver(office.pk)
    assert mail.outbox[1].body.splitlines()[-2] == "本邮件由系统自动发送，请勿直接回复。"


def test_every_address_in_a_notice_is_led_up_to():
    """A bare address below a paragraph looks like a fraud."""
    for file in sorted((settings.BASE_DIR / "templates/notices").rglob("*.txt")):
        lines = file.read_text(encoding="utf-8").splitlines()
        before = lines[lines.index("{{ url }}") - 1]
        assert before.endswith((":", "：", " at")), f"{file}: {before}"


def test_a_sent_notice_is_not_sent_again(application):
    notice = Notice.objects.get(kind="submitted", channel="email")
    assert outbox.deliver(notice.pk) is True
    assert outbox.deliver(notice.pk) is False
    assert len(mail.outbox) == 1 and Attempt.objects.filter(notice=notice, ok=True).count() == 1


def test_a_refused_mail_is_tried_again_later_and_given_up_at_last(application, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens there
    notice = Notice.objects.get(kind="submitted", channel="email")
    assert outbox.deliver(notice.pk) is False
    notice.refresh_from_db()
    assert notice.state == "pending" and notice.next_attempt_at > timezone.now()
    for _ in range(outbox.MAX_ATTEMPTS):
        Notice.objects.filter(pk=notice.pk).update(next_attempt_at=timezone.now())
        outbox.deliver(notice.pk)
    notice.refresh_from_db()
    assert notice.state == "dead" and notice.tries.count() == outbox.MAX_ATTEMPTS


def test_the_sweep_finds_what_a_dead_worker_left(application):
    notice = Notice.objects.get(kind="submitted", channel="email")
    past = timezone.now() - timedelta(minutes=10)
    Notice.objects.filter(pk=notice.pk).update(state="sending", next_attempt_at=past, created_at=past)
    assert notice.pk in outbox.left_behind()
    assert outbox.deliver(notice.pk) is True


def test_a_broker_that_is_down_does_not_stop_a_decision(cast, application, django_capture_on_commit_callbacks):
    with servers.broker("redis://127.0.0.1:1/0"), django_capture_on_commit_callbacks(execute=True) as callbacks:
        workflow.decide(task_of(application, "street").pk, official=cast.street, outcome="accept")
    assert callbacks
    application.refresh_from_db()
    assert application.status == "in_review"
    assert Notice.objects.filter(kind="accepted", state="pending").exists()
