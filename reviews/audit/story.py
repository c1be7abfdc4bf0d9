"""The log in plain sentences, in the reader's language: what each event says, said of who did it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from permits.models import User
from reviews.audit import log
from reviews.models import Department, Event, Official

LOOKS = {
    "review": _l("the application"),
    "file": _l("a file of the application"),
    "record": _l("the record of the application"),
    "permit": _l("the permit"),
    "enterprise": _l("the enterprise"),
    "account": _l("the account"),
    "mobile_search": _l("applications found by the end of a mobile number"),
    "words": _l("the words of an event"),
}
# Who did it is %(who)s; what else stands between %( )s is in the event's data, or its before and after.
SENTENCES = {
    "submitted": _l("%(who)s sent the application."),
    "accepted": _l("%(who)s accepted the application."),
    "corrections_requested": _l("%(who)s asked for corrections."),
    "corrections_answered": _l("%(who)s answered the corrections."),
    "declined": _l("%(who)s did not accept the application."),
    "deemed_accepted": _l("Nobody objected in time: the application counts as accepted."),
    "agreed": _l("%(who)s agreed."),
    "disagreed": _l("%(who)s disagreed."),
    "stage_opened": _l("The application went on from stage %(before)s to stage %(after)s, to: %(departments)s."),
    "approved": _l("%(who)s approved the application."),
    "service_rolled_back": _l("%(who)s put an earlier edition of the service in force."),
    "acknowledged": _l("%(who)s saw to the report."),
    "rejected": _l("%(who)s rejected the application."),
    "withdrawn": _l("%(who)s withdrew the application."),
    "lapsed": _l("The corrections were not answered in time: the application lapsed."),
    "recorded": _l("The report was recorded on arrival."),
    "claimed": _l("%(who)s took the task of stage %(stage)s in hand."),
    "released": _l("%(who)s gave the task of stage %(stage)s back to the queue."),
    "escalated": _l("The task of stage %(stage)s is overdue: the supervisor was told."),
    "permit_revoked": _l("%(who)s revoked permit %(permit)s."),
    "rated": _l("%(who)s rated the service."),
    "rating_followed_up": _l("%(who)s followed up the rating."),
    "service_published": _l("%(who)s published an edition of the service."),
    "edition_scheduled": _l("%(who)s set a time for the publication of an edition."),
    "edition_unscheduled": _l("%(who)s cancelled the publication of an edition."),
    "edition_refused": _l("An edition could not be published at its time."),
    "access_requested": _l("%(who)s asked for access to the enterprise."),
    "access_granted": _l("%(who)s granted access to the enterprise."),
    "access_refused": _l("%(who)s refused access to the enterprise."),
    "enterprise_registered": _l("%(who)s registered the enterprise."),
    "refused": _l("%(who)s tried “%(step)s”; the rule “%(rule)s” stood against it."),
    "lease_expired": _l("The task was left alone too long and went back to the queue."),
    "reassigned": _l("%(who)s gave the task from %(from)s to %(to)s."),
    "delegated": _l("%(who)s lets somebody stand in during leave: %(to)s."),
    "delegation_ended": _l("%(who)s ended that somebody stands in."),
    "advice_asked": _l("%(who)s asked for an opinion: %(asked)s."),
    "advised": _l("%(who)s gave an opinion."),
    "returned": _l("%(who)s returned the application to stage %(to)s."),
    "deemed_agreed": _l("No answer came in time: %(department)s counts as agreeing."),
    "reminded": _l("A reminder was sent: much of the time of stage %(stage)s is gone."),
    "second_round_asked": _l("%(who)s asked for leave to send a second notice of corrections."),
    "second_round_allowed": _l("%(who)s allowed a second notice of corrections."),
    "suspended": _l("%(who)s began a special procedure: the clock stands still."),
    "resumed": _l("%(who)s ended the special procedure: the clock goes on."),
    "extended": _l("%(who)s extended the statutory limit."),
    "promised": _l("%(who)s promised a material for later, or a pledge in its place."),
    "promise_dropped": _l("%(who)s took a promise of a material back."),
    "promise_met": _l("%(who)s handed in a material that was owed."),
    "owed_escalated": _l("An owed material is at risk: the supervisor was told."),
    "terminated": _l("An owed material did not come in time: the application was terminated."),
    "aftercheck_opened": _l("A check of what was pledged was opened."),
    "pledge_confirmed": _l("%(who)s checked the pledge: it holds."),
    "pledge_false": _l("%(who)s checked the pledge: it is false."),
    "permit_corrected": _l("%(who)s corrected a slip in permit %(permit)s."),
    "permit_superseded": _l("Permit %(permit)s was superseded by %(by)s."),
    "objected": _l("%(who)s objected to the decision."),
    "upheld": _l("%(who)s upheld the decision."),
    "overturned": _l("%(who)s set the decision aside."),
    "interest_declared": _l("%(who)s put a conflict of interest on record."),
    "interest_ended": _l("%(who)s ended a conflict of interest on record."),
    "due_times_recomputed": _l("The due times were computed again with another calendar."),
    "role_granted": _l("%(who)s granted a role: %(after)s."),
    "role_revoked": _l("%(who)s took a role back: %(before)s."),
    "posted": _l("%(who)s posted an official to the department."),
    "posting_changed": _l("%(who)s changed the role of a posting."),
    "posting_ended": _l("%(who)s ended a posting."),
    "account_made": _l("%(who)s made the account."),
    "account_activated": _l("%(who)s activated the account."),
    "account_deactivated": _l("%(who)s deactivated the account."),
    "desk_opened": _l("%(who)s let the account in to the review desk."),
    "desk_closed": _l("%(who)s shut the account out of the review desk."),
    "superuser_revoked": _l("%(who)s took the superuser's rights from the account."),
    "settings_changed": _l("%(who)s changed settings."),
    "words_erased": _l("%(who)s erased the words of event %(seq)s."),
    "notice_text_published": _l("%(who)s published the wording of a notice."),
    "digest_sent": _l("The officials' morning summaries were sent."),
    "looked": _l("%(who)s looked at %(what)s."),
    "mobile_confirmed": _l("%(who)s confirmed a mobile number of the account."),
    "mobile_removed": _l("%(who)s removed the mobile number from the account."),
    "log_exported": _l("%(who)s took the audit log out as a file."),
}
PEOPLE = ("to", "from", "holder", "expert", "on_behalf_of")


@dataclass(frozen=True)
class Names:
    """What the keys in some events stand for: people by public id, offices by kind and region, stages by application."""

    people: Mapping[str, str] = field(default_factory=dict)
    offices: Mapping[tuple[str, str], str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event]) -> Names:
        """Asked by two queries, however many events there are."""
        ids, places = set(), set()
        for event in events:
            data = log.data_of(event)
            ids |= {str(data[key]) for key in PEOPLE if is_person(data.get(key))}
            places.add(event.role.rpartition(":")[2])
        people = User.objects.filter(public_id__in=ids) if ids else User.objects.none()
        offices = {(each.kind, each.region): str(each) for each in Department.objects.filter(region__in=places)}
        return cls(
            {str(user.public_id): str(user) for user in people},
            offices,
            {kind: name for (kind, _region), name in offices.items()},
        )


def sentence(event: Event, names: Names) -> str:
    """What the event says, its actor named. An application's event comes with its application and that one's edition."""
    data = log.data_of(event)
    gaps = _Gaps({key: _words(event, key, value, names) for key, value in data.items()})
    gaps |= {"who": _who(event, names), "before": _stage(event, event.before), "after": _stage(event, event.after)}
    said = str(SENTENCES[event.action]) % gaps
    if behalf := names.people.get(data.get("on_behalf_of") or ""):
        said = _("%(said)s In the place of %(name)s.") % {"said": said, "name": behalf}
    return said


def role_words(role: str, offices: Mapping[tuple[str, str], Any]) -> str:
    """``reviewer@street:360924`` in words."""
    name, _at, office = role.partition("@")
    if not office:
        return {"applicant": _("Applicant"), "system": _("System"), "official": _("Official")}.get(name, name)
    kind, _colon, region = office.partition(":")
    words = _("Official") if name == "official" else str(dict(Official.Role.choices).get(name, name))
    return f"{words} · {offices.get((kind, region), office)}"


def is_person(value: Any) -> bool:
    """The key of a stage is told from the public id of a person by its form."""
    return isinstance(value, str) and len(value) == 36 and value.count("-") == 4


class _Gaps(dict[str, str]):
    """What an older event doesn't say is a dash, never an error."""

    def __missing__(self, key: str) -> str:
        return "—"


def _who(event: Event, names: Names) -> str:
    if event.actor is None:
        return _("The system")
    return f"{event.actor} ({role_words(event.role, names.offices)})" if event.role else str(event.actor)


def _stage(event: Event, key: str) -> str:
    stage = event.application.definition.stage(key) if event.application and key else None
    return str(stage.title) if stage else key or "—"


def _words(event: Event, key: str, value: Any, names: Names) -> str:
    if key == "what":
        return str(LOOKS.get(value, value))
    if is_person(value):
        return names.people.get(value, "—")
    if key in ("stage", "to"):
        return _stage(event, str(value))
    if isinstance(value, list):
        return "、".join(names.kinds.get(str(each), str(each)) for each in value)
    return names.kinds.get(value, value) if isinstance(value, str) else str(value)
