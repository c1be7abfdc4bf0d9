"""The one next thing that an applicant has to do: for each application of a list, and of all of them on the first page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from permits.models import Application, Permit, Promise, Status, User
from portal.timeline import due_state
from reviews.models import CorrectionNotice, Notice, Rating

FIRST = 5  # things on the first page
LOOKED_AT = 50  # applications that are looked through for them
TOLD_OF_RESULT = ("approved", "permit_corrected")  # kinds of notices that say that there is something to download


@dataclass(frozen=True)
class Step:
    """What is to be done (``url``), or, without an address, what is waited for; ``by``: until when, if by any time.

    ``tone``: action, ok (there is something to fetch), wait, late (it is the office that is late), over.
    """

    application: Application
    text: str
    url: str = ""
    by: datetime | None = None
    tone: str = "action"

    @property
    def overdue(self) -> bool:
        return self.by is not None and self.by < timezone.now()


def steps_of(applications: Sequence[Application]) -> list[Step]:
    """One for each application, in their order; four queries however many they are."""
    ids = [application.pk for application in applications]
    asked = dict(
        CorrectionNotice.objects.filter(application__in=ids, answered_at=None)
        .order_by("issued_at").values_list("application", "deadline")
    )  # fmt: skip
    owed: dict[int, Promise] = {}
    for promise in Promise.objects.owed().filter(application__in=ids).order_by("-due_at"):
        owed[promise.application_id] = promise  # of several, the one that is due first
    states = dict(Permit.objects.filter(application__in=ids).values_list("application", "state"))
    rated = set(Rating.objects.filter(application__in=ids).values_list("application", flat=True))
    return [
        _step(one, asked.get(one.pk), owed.get(one.pk), has_permit=states.get(one.pk) == Permit.State.VALID,
              revoked=states.get(one.pk) == Permit.State.REVOKED, rated=one.pk in rated)
        for one in applications
    ]


def _step(
    application: Application, deadline: datetime | None, owed: Promise | None, *, has_permit: bool,
    revoked: bool, rated: bool,
) -> Step:  # fmt: skip
    page, key = application.get_absolute_url(), [application.public_id]
    if application.status == Status.DRAFT:
        return Step(application, _("Go on filling in"), reverse("go_on", args=key))
    if application.status == Status.NEEDS_CORRECTION:
        return Step(application, _("Answer the corrections"), reverse("corrections", args=key), deadline)
    if owed and not application.is_closed:
        wanted = application.definition.requirement(owed.requirement)
        title = wanted.title if wanted else owed.requirement
        return Step(application, _("Hand in what is owed: %(title)s") % {"title": title}, f"{page}#owed", owed.due_at)
    if has_permit:
        return Step(application, _("Download the result"), page, tone="ok")
    if application.status in (Status.REJECTED, Status.DECLINED):
        return Step(application, _("Read the reasons"), f"{page}#against", tone="over")
    if revoked:
        return Step(application, _("The permit was revoked: read the reasons"), f"{page}#against", tone="over")
    if application.is_closed:
        return Step(
            application, "" if rated else _("Rate the service"), "" if rated else reverse("rate", args=key), tone="over"
        )
    return _waits(application)


def _waits(application: Application) -> Step:
    if application.status == Status.OBJECTED:
        return Step(application, _("Nothing for you to do: your objection is being looked at."), tone="wait")
    if application.status == Status.SUSPENDED:
        return Step(
            application, _("Nothing for you to do: a special procedure runs, and the clock stands still."), tone="wait"
        )
    if due_state(application) == "late":
        return Step(
            application, _("The office is late. There is nothing for you to do."), by=application.due_at, tone="late"
        )
    return Step(application, _("Nothing for you to do. The office is at work."), by=application.due_at, tone="wait")


def things_to_do(user: User) -> list[Step]:
    """Of all that ``user`` may see, what waits for the applicant, the most pressing first; at most ``FIRST``.

    Corrections and owed materials by their time, then a result that nobody has fetched, then drafts, the last one first.
    """
    found = [step for step in steps_of(list(_candidates(user)[:LOOKED_AT])) if step.url]
    far = timezone.now().replace(year=9999)
    found.sort(key=lambda step: (_rank(step), step.by or far, -step.application.updated_at.timestamp()))
    return found[:FIRST]


def _rank(step: Step) -> int:
    return 0 if step.by else 1 if step.tone == "ok" else 2


def _candidates(user: User) -> QuerySet[Application]:
    untold = Notice.objects.unread_of(user).filter(application=OuterRef("pk"), kind__in=TOLD_OF_RESULT)
    owed = Promise.objects.owed().filter(application=OuterRef("pk"))
    waiting = (
        Q(status__in=[Status.DRAFT, Status.NEEDS_CORRECTION])
        | (Q(status=Status.APPROVED) & Exists(untold))
        | (Q(closed_at=None) & Exists(owed))
    )
    return listed(user).filter(waiting).order_by("-created_at")


def listed(user: User) -> QuerySet[Application]:
    """What a list of applications shows; what it doesn't show may be long, and stays where it is."""
    mine = Application.objects.visible_to(user).select_related("version", "enterprise")
    return mine.defer("answers", "left_over", "version__source")


def fetched(application: Application, user: User) -> None:
    """Who has fetched the result isn't told any more that it is there."""
    unread: Any = Notice.objects.unread_of(user).filter(application=application, kind__in=TOLD_OF_RESULT)
    unread.update(read_at=timezone.now())
