"""Which channels a notice goes by: what its kind asks for, what its reader chose, what can reach them. Pure.

Every kind belongs to a group, and one chooses by group. What the law asks to be told is statutory: inbox and e-mail
always, and a text message besides where one can be sent. On an account only what differs from the default is kept:
``{"work": {"email": False}}``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

INBOX, EMAIL, SMS, WECHAT = "inbox", "email", "sms", "wechat"
BY_MOBILE = frozenset({SMS, WECHAT})  # what a person can get only with a mobile on their account
Choices = Mapping[str, Mapping[str, bool]]


@dataclass(frozen=True, slots=True)
class Group:
    """``usual``: by which channels unless one chooses otherwise; ``fixed``: what nobody can turn off."""

    label: Any
    help: Any
    usual: frozenset[str]
    fixed: frozenset[str]
    offered: tuple[str, ...]
    officials: bool | None = None  # for officials only, or for applicants only; ``None`` for everybody


STATUTORY = "statutory"
GROUPS: dict[str, Group] = {
    STATUTORY: Group(
        _("Receipts, corrections, decisions and permits"),
        _("Always on: by law you are told of these (Administrative Licensing Law, articles 32, 38 and 44)."),
        usual=frozenset({INBOX, EMAIL, SMS, WECHAT}), fixed=frozenset({INBOX, EMAIL, SMS, WECHAT}),
        offered=(INBOX, EMAIL, SMS, WECHAT),
    ),
    "reminders": Group(
        _("Reminders before something of yours is due"),
        _("Corrections that are not answered yet, materials that are still owed."),
        usual=frozenset({INBOX, EMAIL, SMS, WECHAT}), fixed=frozenset({INBOX}), offered=(INBOX, EMAIL, SMS, WECHAT),
    ),
    "access": Group(
        _("Who may file for your enterprise"),
        _("Requests for access, invitations, and authorisations that begin, end or are about to end."),
        usual=frozenset({INBOX, EMAIL}), fixed=frozenset({INBOX}), offered=(INBOX, EMAIL),
    ),
    "messages": Group(
        _("Messages of the office, and its calls"),
        _("Answers to what you asked about an application; a call that did not reach you."),
        usual=frozenset({INBOX, EMAIL, SMS, WECHAT}), fixed=frozenset({INBOX}), offered=(INBOX, EMAIL, SMS, WECHAT),
        officials=False,
    ),
    "work": Group(
        _("New tasks, and what your department has to see to"),
        _("New tasks, tasks that are overdue or passed on, opinions given, bad ratings, editions published on time."),
        usual=frozenset({INBOX, EMAIL}), fixed=frozenset({INBOX}), offered=(INBOX, EMAIL, SMS), officials=True,
    ),
    "clock": Group(
        _("Reminders of tasks in hand"),
        _("Half of the time or four fifths of it gone, a claim that ran out, a material that came."),
        usual=frozenset({INBOX}), fixed=frozenset({INBOX}), offered=(INBOX, EMAIL), officials=True,
    ),
    "digest": Group(
        _("Summary every working morning"),
        _("What is due today, overdue and unclaimed in your departments. Nothing is sent when there is nothing."),
        usual=frozenset({INBOX, EMAIL}), fixed=frozenset(), offered=(INBOX, EMAIL), officials=True,
    ),
}  # fmt: skip

# What is in no other group is statutory: a kind that nobody thought of can't be missed.
_KINDS = {
    "reminders": ("corrections_due_soon", "owed_reminder", "draft_to_be_erased", "draft_erased"),
    "access": (
        "access_requested", "access_granted", "access_refused", "invited", "invitation_answered", "authorised",
        "authorisation_ended", "authorisation_ends_soon", "authorisation_expired", "member_left",
    ),
    "work": (
        "new_task", "overdue", "reassigned", "advised", "second_round_asked", "second_round_allowed", "owed_at_risk",
        "terminated_office", "pledge_false", "bad_rating", "deemed_accepted", "deemed_agreed", "edition_published",
        "edition_refused", "message_waiting", "answer_late", "call_asked",
    ),
    "messages": ("message_answered", "call_missed"),
    "clock": ("reminder", "lease_expired", "promise_met"),
    "digest": ("digest",),
}  # fmt: skip
GROUP_OF = {kind: group for group, kinds in _KINDS.items() for kind in kinds}


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who is told: their account's key, what they chose, and whether there is a mobile."""

    id: int
    choices: Choices = field(default_factory=dict, hash=False)
    mobile: bool = False


def reader(user: Any) -> Reader:
    return Reader(user.pk, user.notice_choices, user.mobile_index is not None)


def channels(kind: str, who: Reader, set_up: Collection[str]) -> list[str]:
    """The channels that tell ``who`` of it, of those that are set up, in the order in which they are offered."""
    key = group_of(kind)
    return [channel for channel in possible(key, who.mobile, set_up) if is_on(key, channel, who.choices)]


def group_of(kind: str) -> str:
    return GROUP_OF.get(kind, STATUTORY)


def possible(group: str, mobile: bool, set_up: Collection[str]) -> list[str]:
    """The channels of a group that are set up and can reach somebody with or without a mobile."""
    offered = GROUPS[group].offered
    return [channel for channel in offered if channel in set_up and (mobile or channel not in BY_MOBILE)]


def is_on(group: str, channel: str, choices: Choices) -> bool:
    rule = GROUPS[group]
    if channel in rule.fixed:
        return True
    return choices.get(group, {}).get(channel, channel in rule.usual)


def can_turn_off(kind: str, channel: str) -> bool:
    return channel not in GROUPS[group_of(kind)].fixed


def concerning(official: bool) -> list[str]:
    """The groups that an account is asked about."""
    return [key for key, rule in GROUPS.items() if rule.officials is None or rule.officials == official]


def chosen(choices: Choices, group: str, channel: str, on: bool) -> dict[str, dict[str, bool]]:
    """The choices with one more; what is the default or fixed is not kept."""
    rule, kept = GROUPS[group], {key: dict(value) for key, value in choices.items() if key in GROUPS}
    row = kept.setdefault(group, {})
    row.pop(channel, None)
    if channel in rule.offered and channel not in rule.fixed and on != (channel in rule.usual):
        row[channel] = on
    return {key: value for key, value in kept.items() if value}


def unique(readers: Iterable[Reader]) -> list[Reader]:
    """Each account once, in the order in which they came."""
    found: dict[int, Reader] = {}
    for each in readers:
        found.setdefault(each.id, each)
    return list(found.values())
