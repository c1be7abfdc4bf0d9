"""The outbox: told in the same transaction, delivered once, never lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.utils import timezone

from portal.management.commands import doctor
from reviews import accounts, own_account, workflow
from reviews.models import Attempt, ChannelState, Notice
from reviews.notices import channels, delivery, gate, hours, outbox, state, texts
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
    delivery.deliver([Notice.objects.get(kind="submitted", channel="email").pk])
    assert mail.outbox[0].subject.startswith("Received: Resumption-of-work filing")
    assert "Permit portal http" in mail.outbox[0].body and "本邮件" not in mail.outbox[0].body
    office = Notice.objects.get(kind="new_task", channel="email")
    delivery.deliver([office.pk])
    assert "本邮件由系统自动发送，请勿直接回复。" in mail.outbox[1].body.splitlines()


def test_every_address_in_a_notice_is_led_up_to():
    """A bare address below a paragraph looks like a fraud."""
    for file in sorted((settings.BASE_DIR / "templates/notices").glob("*/*.txt")):
        lines = file.read_text(encoding="utf-8").splitlines()
        before = lines[lines.index("{{ url }}") - 1]
        assert before.endswith((":", "：", " at")), f"{file}: {before}"


def test_a_sent_notice_is_not_sent_again(application):
    notice = Notice.objects.get(kind="submitted", channel="email")
    assert delivery.deliver([notice.pk]) == 1
    assert delivery.deliver([notice.pk]) == 0
    assert len(mail.outbox) == 1 and Attempt.objects.filter(notice=notice, ok=True).count() == 1


@pytest.fixture
def nobody_listens(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9


def tried_now(notice: Notice) -> int:
    Notice.objects.filter(pk=notice.pk).update(next_attempt_at=timezone.now())
    return delivery.deliver([notice.pk])


def test_a_refused_mail_is_tried_again_later_and_given_up_at_last(application, nobody_listens, settings, mailoutbox):
    settings.ADMINS = [("ops", "ops@example.com")]
    notice = Notice.objects.get(kind="submitted", channel="email")
    assert delivery.deliver([notice.pk]) == 0
    notice.refresh_from_db()
    assert notice.state == "pending" and notice.next_attempt_at > timezone.now()
    for _ in range(settings.NOTICE_ATTEMPTS):
        ChannelState.objects.update(open_until=None)  # the pauses are another test's
        assert tried_now(notice) == 0
    notice.refresh_from_db()
    assert notice.state == "dead" and notice.tries.count() == notice.attempts == settings.NOTICE_ATTEMPTS


class Provider:
    """A channel that says what it is told to say."""

    def __init__(self, monkeypatch) -> None:
        self.answer: Exception | None = None
        self.seen: list[str] = []
        monkeypatch.setattr(channels, "_channel", lambda path: self)

    def __call__(self, notice: Notice) -> channels.Receipt:
        self.seen.append(channels.key_of(notice))
        if self.answer:
            raise self.answer
        return channels.Receipt("taken", f"provider-{notice.pk}")


@pytest.fixture
def provider(monkeypatch):
    return Provider(monkeypatch)


def test_what_the_provider_calls_it_is_kept(application, provider):
    notice = Notice.objects.get(kind="submitted", channel="email")
    assert tried_now(notice) == 1
    notice.refresh_from_db()
    assert notice.provider_id == notice.tries.get().provider_id == f"provider-{notice.pk}"


def test_a_provider_that_asks_to_wait_is_waited_for(application, provider):
    notice = Notice.objects.get(kind="submitted", channel="email")
    provider.answer = channels.Later(600, "429")
    assert tried_now(notice) == 0
    notice.refresh_from_db()
    assert timedelta(seconds=590) < notice.next_attempt_at - timezone.now() < timedelta(seconds=640)
    assert notice.state == "pending" and notice.attempts == 1


def test_what_can_never_arrive_is_given_up_at_once_and_the_channel_goes_on(application, provider, mailoutbox, settings):
    cache.clear()
    settings.ADMINS = [("ops", "ops@example.com")]
    first, second = Notice.objects.filter(channel="email")
    provider.answer = channels.Rejected("no such mailbox")
    assert tried_now(first) == 0
    first.refresh_from_db()
    assert first.state == "dead" and "no such mailbox" in first.tries.get().detail
    [alert] = mailoutbox
    assert "resend_notices --channel email" in alert.body
    assert not ChannelState.objects.filter(failures__gt=0).exists()
    provider.answer = None
    assert tried_now(second) == 1


def test_a_channel_that_fails_is_left_alone_and_one_goes_ahead_to_see(application, provider):
    first, second = Notice.objects.filter(channel="email")
    provider.answer = OSError("refused")
    for _each in range(gate.THRESHOLD):
        tried_now(first)
    tries = len(provider.seen)
    assert tried_now(second) == 0 and len(provider.seen) == tries  # turned back, not tried
    second.refresh_from_db()
    assert second.attempts == 0 and second.state == "pending" and second.next_attempt_at > timezone.now()
    provider.answer = None
    ChannelState.objects.update(open_until=timezone.now() - timedelta(seconds=1))
    assert gate.open_again("email") is None  # this one goes ahead
    assert gate.open_again("email") is not None  # the next waits for it
    gate.worked("email")
    assert tried_now(second) == 1
    assert ChannelState.objects.get(pk="email").failures == 0


def test_the_pauses_of_a_channel_that_stays_down_grow(application):
    ends = []
    for _pause in range(3):
        begun = timezone.now()
        for _each in range(gate.THRESHOLD):
            gate.failed("email", begun)
        ends.append(ChannelState.objects.get(pk="email").open_until - timezone.now())
    assert ends[0] < ends[1] < ends[2] <= timedelta(seconds=settings.NOTICE_LONGEST_PAUSE)


def test_no_more_goes_out_in_a_second_than_was_agreed(application, provider, settings, monkeypatch):
    settings.NOTICE_RATES = {"email": 1}
    monkeypatch.setattr(gate, "PATIENCE", 0.0)
    first, second = Notice.objects.filter(channel="email")
    assert tried_now(first) == 1
    assert tried_now(second) == 0
    second.refresh_from_db()
    assert second.attempts == 0 and second.next_attempt_at > timezone.now()


@pytest.mark.parametrize(
    ("at", "goes"), [("21:59", "21:59"), ("22:00", "07:00 next"), ("03:00", "07:00"), ("07:00", "07:00")]
)
def test_nobody_is_woken_by_a_text_message(at, goes):
    day = timezone.make_aware(datetime(2020, 2, 10))
    hour, minute = map(int, at.split(":"))
    asked = day.replace(hour=hour, minute=minute)
    until = hours.not_before("sms", asked)
    assert timezone.localtime(until).strftime("%H:%M") == goes.split()[0]
    assert (timezone.localtime(until).date() - day.date()).days == ("next" in goes)
    assert hours.not_before("email", asked) == asked


@pytest.mark.parametrize(("quiet", "at", "goes"), [("12:00-14:00", 12, 14), ("12:00-14:00", 15, 15), ("", 23, 23)])
def test_the_quiet_hours_are_the_operators_to_set(settings, quiet, at, goes):
    settings.NOTICE_QUIET_HOURS = quiet
    asked = timezone.make_aware(datetime(2020, 2, 10, at))
    assert hours.not_before("sms", asked) == timezone.make_aware(datetime(2020, 2, 10, goes))


def test_what_was_given_up_can_be_begun_anew(application, django_capture_on_commit_callbacks):
    Notice.objects.filter(channel="email").update(state="dead", attempts=10)
    out = StringIO()
    with servers.broker("memory://localhost"):
        call_command("resend_notices", channel="email", stdout=out)
    assert out.getvalue() == "2 put back\n"
    assert set(Notice.objects.filter(channel="email").values_list("state", "attempts")) == {("pending", 0)}


@pytest.fixture(params=["switched off", "closed"])
def nobody(request, application, cast) -> Notice:
    """What waits for somebody whose account has come to its end."""
    notice = Notice.objects.get(kind="submitted", channel="email")
    if request.param == "closed":
        Notice.objects.filter(kind="submitted").update(recipient=cast.colleague)
        own_account.close(cast.colleague)
    else:
        accounts.deactivate(cast.owner, by=None, reason="left the firm")
    return notice


def test_what_waits_is_not_sent_to_who_has_no_account_any_more(nobody, mailoutbox, settings):
    cache.clear()
    settings.ADMINS = [("ops", "ops@example.com")]
    assert delivery.deliver([nobody.pk]) == 0 and mailoutbox == []  # nor an alert
    nobody.refresh_from_db()
    [attempt] = nobody.tries.all()
    assert (nobody.state, nobody.sent_at, attempt.ok) == ("dropped", None, False) and "account" in attempt.detail
    assert delivery.deliver([nobody.pk]) == 0 and nobody.tries.count() == 1 and nobody.pk not in outbox.left_behind()


def test_what_was_not_sent_for_want_of_an_account_is_no_failure(nobody):
    delivery.deliver(list(Notice.objects.values_list("pk", flat=True)))
    figures = {each.channel: each for each in state.figures()}["email"]
    assert (figures.waiting, figures.dead, figures.failed) == (0, 0, 0)
    assert not ChannelState.objects.filter(failures__gt=0).exists()
    assert outbox.revive(Notice.objects.all()) == []
    assert doctor.outbox() == "empty or on its way"
    assert Notice.objects.get(kind="submitted", channel="inbox").state == "sent"


def test_an_empty_number_begins_nothing_anew(application):
    Notice.objects.filter(channel="email").update(state="dead", attempts=10)
    with pytest.raises(CommandError, match="it is empty"):
        call_command("resend_notices", "--number", "")
    assert set(Notice.objects.filter(channel="email").values_list("state", flat=True)) == {"dead"}


def test_the_sweep_finds_what_a_dead_worker_left(application):
    notice = Notice.objects.get(kind="submitted", channel="email")
    past = timezone.now() - timedelta(minutes=10)
    Notice.objects.filter(pk=notice.pk).update(state="sending", next_attempt_at=past, created_at=past)
    assert notice.pk in outbox.left_behind()
    assert delivery.deliver([notice.pk]) == 1


def test_a_broker_that_is_down_does_not_stop_a_decision(cast, application, django_capture_on_commit_callbacks):
    with servers.broker("redis://127.0.0.1:1/0"), django_capture_on_commit_callbacks(execute=True) as callbacks:
        workflow.decide(task_of(application, "street").pk, official=cast.street, outcome="accept")
    assert callbacks
    application.refresh_from_db()
    assert application.status == "in_review"
    assert Notice.objects.filter(kind="accepted", state="pending").exists()
