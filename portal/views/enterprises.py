"""Enterprises: registering one, its page, its record, asking for access to one that is registered already."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from permits.codes import industries, mobile, regions, resident_id, uscc
from permits.definition import Requirement
from permits.intake.materials import on_record
from permits.models import AccessRequest, Application, Enterprise, Invitation, Membership, Service, Status
from portal import stash
from portal.enterprise_forms import SECRET, RecordForm
from portal.forms import AccessRequestForm, EnterpriseForm
from portal.requests import SignedIn
from portal.throttle import allowed, client
from portal.views import errors, filing
from reviews import authorisations
from reviews import enterprises as steps

FILINGS = 5
UNDER_WAY = [Status.SUBMITTED, Status.CORRECTED, Status.IN_REVIEW, Status.SUSPENDED, Status.OBJECTED]


@login_required
def enterprises(request: SignedIn) -> HttpResponse:
    owned = Enterprise.objects.owned_by(request.user).filter(pk=OuterRef("pk"))
    waiting = AccessRequest.objects.filter(enterprise=OuterRef("pk"), state=AccessRequest.State.OPEN)
    mine = Enterprise.objects.visible_to(request.user).annotate(to_answer=Exists(waiting) & Exists(owned))
    asked = AccessRequest.objects.filter(user=request.user, state=AccessRequest.State.OPEN).select_related("enterprise")
    known = Membership.objects.filter(user=request.user, active=True).select_related("enterprise")
    # Until or from a day that is not today: shown, so that nobody wonders where an enterprise went.
    limited = known.exclude(valid_from=None, valid_until=None).order_by("enterprise__name")[:100]
    context = {
        "enterprises": mine.order_by("name")[:100], "asked": asked[:20], "section": "enterprises",
        "invitations": authorisations.waiting_for(request.user).order_by("pk")[:20],
        "closed": [each for each in limited if each.state != "in_force"],
    }  # fmt: skip
    return render(request, "enterprises/enterprises.html", context)


@stash.signed_in
def new(request: SignedIn) -> HttpResponse:
    """Register an enterprise; its first member is its owner."""
    form = EnterpriseForm(stash.typed(request))
    context = {"form": form, "section": "enterprises"}
    if request.method != "POST":
        return render(request, "enterprises/new.html", context)
    if not form.is_valid():
        return render(request, "enterprises/new.html", context | {"registered": form.registered}, status=422)
    try:
        enterprise = steps.register(form.save(commit=False), by=request.user)
    except IntegrityError:  # somebody registered it between the check and the save
        form.add_error("uscc", _("This enterprise was registered just now. You can ask its owner for access."))
        return render(request, "enterprises/new.html", context, status=422)
    messages.success(request, _("“%(name)s” is registered.") % {"name": enterprise.name})
    if uscc.inner_fault(enterprise.uscc):
        messages.warning(
            request,
            _(
                "The organisation code inside the credit code has an unusual check digit. Please compare it once more with the licence."
            ),
        )
    wanted = request.GET.get("for")  # the service that sent them here; an address is what anybody types
    service = Service.objects.filter(slug=wanted, current__isnull=False).select_related("current").first()
    if service and service.open and service.definition.audience == "enterprise":
        return filing.begin(request, service, enterprise)
    if service:
        return redirect("service", slug=service.slug)
    return redirect("enterprise", public_id=enterprise.public_id)


@login_required
def enterprise(request: SignedIn, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(Enterprise.objects.visible_to(request.user), public_id=public_id)
    members = found.memberships.filter(active=True).select_related("user").prefetch_related("services__current")
    listed = list(members.order_by("-role", "pk")[:100])
    mine = next((each for each in listed if each.user_id == request.user.pk), None)
    owner = mine is not None and mine.is_owner
    waiting = found.invitations.filter(state=Invitation.State.OPEN, expires_at__gt=timezone.now())
    asked = found.access_requests.filter(state=AccessRequest.State.OPEN).select_related("user")
    filings = Application.objects.visible_to(request.user).filter(enterprise=found)
    context = {
        "enterprise": found, "members": listed, "mine": mine, "owner": owner, "rows": record_rows(found),
        "asked": asked[:50] if owner else [], "invitations": waiting.order_by("-pk")[:50] if owner else [],
        "counts": _counts(filings), "filings": _latest(filings), "held": _held(found), "section": "enterprises",
    }  # fmt: skip
    return render(request, "enterprises/enterprise.html", context)


def record_rows(found: Enterprise) -> list[dict[str, Any]]:
    """The record in words, personal numbers masked."""
    industry = industries.get(found.industry)
    return [
        {"label": _("Unified social credit code"), "value": found.uscc},
        {"label": _("Enterprise name"), "value": found.name},
        {"label": _("Registered address"), "value": found.registered_address},
        {"label": _("Production address"), "value": found.production_address},
        {"label": _("Region"), "value": regions.full_name(found.region)},
        {"label": _("Industry"), "value": industries.label(industry) if industry else found.industry},
        {"label": _("Size"), "value": found.get_size_display()},
        {"label": _("Legal representative"), "value": found.legal_name},
        {"label": _("Legal representative's ID number"), "value": resident_id.mask(found.legal_id_number)},
        {"label": _("Legal representative's mobile"), "value": mobile.mask(found.legal_mobile)},
    ]


def _counts(filings: QuerySet[Application]) -> dict[str, int]:
    """How many are where, by one query."""
    kinds = {
        "drafts": Q(status=Status.DRAFT), "yours": Q(status=Status.NEEDS_CORRECTION), "under_way": Q(status__in=UNDER_WAY),
        "granted": Q(status__in=[Status.APPROVED, Status.RECORDED]), "sent": ~Q(status=Status.DRAFT),
    }  # fmt: skip
    counted = {name: Count("pk", filter=kind) for name, kind in kinds.items()}
    return filings.aggregate(**counted)


def _latest(filings: QuerySet[Application]) -> QuerySet[Application]:
    shown = filings.select_related("version").defer("answers", "left_over", "version__source")
    return shown.order_by("-created_at")[:FILINGS]


def _held(found: Enterprise) -> list[dict[str, Any]]:
    """What is not asked for again once the enterprise has handed it in: the file, or that there is none yet."""
    wanted: dict[str, Requirement] = {}
    for service in Service.objects.filter(current__isnull=False, open=True).select_related("current")[:200]:
        for requirement in service.definition.materials:
            if requirement.on_record:
                wanted.setdefault(requirement.key, requirement)
    there = on_record(found.pk, list(wanted.values()))
    return [{"title": requirement.title, "file": there.get(key)} for key, requirement in wanted.items()]


@stash.signed_in
def edit(request: SignedIn, public_id: UUID) -> HttpResponse:
    """Change the record, by an owner. What somebody else changed meanwhile is shown, and nothing typed is lost."""
    found = get_object_or_404(Enterprise.objects.owned_by(request.user), public_id=public_id)
    typed = request.POST if request.method == "POST" else stash.take(request)
    shown = Enterprise.objects.get(pk=found.pk)  # a form writes what was typed into its own
    form = RecordForm(typed, instance=shown)
    # What was typed was typed against the state it names, whatever is mended in it before it is saved.
    revision = found.revision if typed is None else _revision(typed)
    context = {"form": form, "enterprise": found, "revision": revision, "section": "enterprises"}
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "enterprises/edit.html", context, status=status)
    try:
        steps.change(found.pk, form.said, by=request.user, revision=revision)
    except steps.Refused as refused:
        now = Enterprise.objects.get(pk=found.pk)
        context |= {"refused": str(refused), "rows": record_rows(now), "revision": now.revision}
        return render(request, "enterprises/edit.html", context, status=409)
    messages.success(
        request, _("The record is saved. It fills in your next filing; filings that were sent stay as they are.")
    )
    return redirect("enterprise", public_id=public_id)


def _revision(typed: QueryDict) -> int:
    said = typed.get("revision", "")
    return int(said) if said.isdecimal() and len(said) < 10 else -1


@login_required
def history(request: SignedIn, public_id: UUID) -> HttpResponse:
    """Who changed what of the record, and when; for its owners."""
    found = get_object_or_404(Enterprise.objects.owned_by(request.user), public_id=public_id)
    changes = found.changes.select_related("by").order_by("-at", "-pk")[:100]
    listed = [{"change": change, "rows": _changed(change.said)} for change in changes]
    return render(
        request, "enterprises/history.html", {"enterprise": found, "changes": listed, "section": "enterprises"}
    )


def _changed(said: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Each field in words: what it said before, and after."""
    rows = []
    for name, (before, after) in said.items():
        field: Any = Enterprise._meta.get_field(name)
        rows.append({"label": field.verbose_name, "before": _words(name, before), "after": _words(name, after)})
    return rows


def _words(name: str, value: str) -> str:
    match name:
        case "region":
            return regions.full_name(value)
        case "industry":
            industry = industries.get(value)
            return industries.label(industry) if industry else value
        case "size":
            return Enterprise(size=value).get_size_display()
    return SECRET[name](value) if name in SECRET else value


@login_required
def ask_access(request: SignedIn) -> HttpResponse:
    """Ask the owner of a registered enterprise. The answer is the same whether it is registered or not."""
    if request.method != "POST":  # back from the log-in
        return redirect("enterprise_new")
    if not allowed("access", client(request), limit=10, seconds=60):
        return errors.too_many(request)
    form = AccessRequestForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(m) for field in form.errors.values() for m in field))
        return redirect("enterprise_new")
    found = Enterprise.objects.filter(uscc=form.cleaned_data["uscc"]).first()
    if found:
        steps.ask_access(found.pk, by=request.user, message=form.cleaned_data["message"])
    messages.success(request, _("The owner was asked. You will see the enterprise here once access is granted."))
    return redirect("enterprises")


@login_required
def answer_access(request: SignedIn, public_id: UUID) -> HttpResponse:
    """Grant or refuse; by an owner of the enterprise. Who grants is led to the limits, which are theirs to set."""
    owned = Enterprise.objects.owned_by(request.user)
    asked = get_object_or_404(
        AccessRequest.objects.select_related("enterprise", "user"), public_id=public_id, enterprise__in=owned
    )
    if request.method != "POST":  # back from the log-in: shown the request, and answered there
        return redirect("enterprise", public_id=asked.enterprise.public_id)
    answered = steps.answer_access(asked, by=request.user, grant=request.POST.get("answer") == "grant")
    if answered.state == AccessRequest.State.GRANTED:
        messages.success(request, _("Granted. Below you can limit it to some services, or to a time."))
        return redirect("member", public_id=asked.enterprise.public_id, person=asked.user.public_id)
    return redirect("enterprise", public_id=asked.enterprise.public_id)
