"""Which channels somebody is told by: their kind of notice, what they chose, what can reach them."""

from __future__ import annotations

import pytest
from django.conf import settings

from permits.models import User
from reviews import workflow
from reviews.models import Delegation, Notice, Official
from reviews.notices import choosing
from reviews.notices.choosing import GROUPS, Reader
from tests.cast import filled, post, task_of
from tests.reviews.steps import TUESDAY, submitted

ALL = dict.fromkeys(("inbox", "email", "sms"), "reviews.notices.channels.inbox.send")
KINDS = sorted(file.stem for file in (settings.BASE_DIR / "templates/notices/zh").glob("*.txt"))


@pytest.mark.parametrize("kind", ["submitted", "corrections_requested", "approved", "lapsed", "a_kind_of_tomorrow"])
def test_a_statutory_notice_cannot_be_turned_off(kind):
    off = {group: dict.fromkeys(rule.offered, False) for group, rule in GROUPS.items()}
    assert choosing.channels(kind, Reader(1, off, mobile=True), ALL) == ["inbox", "email", "sms"]
    assert not any(choosing.can_turn_off(kind, channel) for channel in ALL)


def test_a_text_message_needs_a_mobile_and_a_channel():
    assert choosing.channels("approved", Reader(1, {}, mobile=False), ALL) == ["inbox", "email"]
    assert choosing.channels("approved", Reader(1, {}, mobile=True), {"inbox": "", "email": ""}) == ["inbox", "email"]
    assert choosing.channels("approved", Reader(1, {}, mobile=True), ALL) == ["inbox", "email", "sms"]


@pytest.mark.parametrize(
    ("kind", "usual"),
    [
        ("owed_reminder", ["inbox", "email", "sms"]), ("new_task", ["inbox", "email"]), ("reminder", ["inbox"]),
        ("digest", ["inbox", "email"]), ("access_requested", ["inbox", "email"]),
    ],
)  # fmt: skip
def test_what_one_gets_without_choosing(kind, usual):
    assert choosing.channels(kind, Reader(1, {}, mobile=True), ALL) == usual


def test_only_what_differs_from_the_default_is_kept():
    choices = choosing.chosen({}, "work", "email", False)
    assert choices == {"work": {"email": False}}
    assert choosing.channels("new_task", Reader(1, choices, mobile=True), ALL) == ["inbox"]
    assert choosing.chosen(choices, "work", "sms", True) == {"work": {"email": False, "sms": True}}
    assert choosing.chosen(choices, "work", "email", True) == {}
    assert choosing.chosen({}, "work", "inbox", False) == {}, "the inbox is the portal itself"
    assert choosing.chosen({}, "statutory", "email", False) == {}
    assert choosing.chosen({}, "digest", "inbox", False) == {"digest": {"inbox": False}}
    assert choosing.chosen({}, "digest", "sms", True) == {}, "not offered"
    assert choosing.chosen({"gone": {"email": False}}, "work", "email", True) == {}


def test_every_kind_of_a_group_has_its_text():
    assert set(choosing.GROUP_OF) <= set(KINDS)


@pytest.mark.django_db
def test_a_step_writes_only_what_each_of_them_gets(cast, settings, django_assert_num_queries):
    settings.NOTICE_CHANNELS = ALL
    partner = post("partner", "street")
    for user, choices, mobile in (
        (cast.owner, {"statutory": {"email": False}}, "13900000001"),
        (cast.street, {"work": {"email": False, "sms": True}}, "13900000002"),
        (partner, {}, ""),
    ):
        user.notice_choices, user.mobile = choices, mobile
        user.save()
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    told = set(Notice.objects.values_list("recipient__name", "channel"))
    assert told == {
        ("owner", "inbox"), ("owner", "email"), ("owner", "sms"), ("street", "inbox"), ("street", "sms"),
        ("partner", "inbox"), ("partner", "email"),
    }  # fmt: skip
    task = task_of(application, "street")
    workflow.claim(task.pk, official=cast.street)
    workflow.remind(task.pk, now=task.remind_at)
    assert list(Notice.objects.filter(kind="reminder").values_list("recipient__name", "channel")) == [
        ("street", "inbox")
    ]


@pytest.mark.django_db
def test_who_stands_in_and_who_is_posted_is_told_once(cast):
    application = submitted(cast)
    posting, partner = Official.objects.get(user=cast.street), post("partner", "street")
    task = task_of(application, "street")
    Delegation.objects.create(official=posting, delegate=partner, starts_at=TUESDAY, ends_at=task.due_at,
                              reason="休假", made_by=cast.street)  # fmt: skip
    User.objects.filter(pk=partner.pk).update(notice_choices={"work": {"email": False}})
    workflow.remind(task.pk, now=task.remind_at)
    assert Notice.objects.filter(kind="reminder", recipient=partner).count() == 1
