"""Enterprises: registering one, who may act for it, asking for access to one that is registered already."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from permits.codes import industries, mobile, regions, resident_id, uscc
from permits.models import AccessRequest, Enterprise, Membership, Service
from portal import stash
from portal.forms import AccessRequestForm, EnterpriseForm
from portal.requests import SignedIn
from portal.throttle import allowed, client
from portal.views import errors, filing
from reviews import told
from reviews.audit import log
from reviews.models import Event
from reviews.notices import outbox


@login_required
def enterprises(request: SignedIn) -> HttpResponse:
    owned = Membership.objects.filter(
        enterprise=OuterRef("pk"), user=request.user, role=Membership.Role.OWNER, active=True
    )
    waiting = AccessRequest.objects.filter(enterprise=OuterRef("pk"), state=AccessRequest.State.OPEN)
    mine = Enterprise.objects.visible_to(request.user).annotate(to_answer=Exists(waiting) & Exists(owned))
    mine = mine.order_by("name")[:100]
    asked = AccessRequest.objects.filter(user=request.user, state=AccessRequest.State.OPEN).select_related("enterprise")
    context = {"enterprises": mine, "asked": asked[:20], "section": "enterprises"}
    return render(request, "enterprises/enterprises.html", context)


@stash.signed_in
def new(request: SignedIn) -> HttpResponse:
    """Register an enterprise; its first member is its owner."""
    typed = request.POST if request.method == "POST" else stash.take(request)
    form = EnterpriseForm(typed)
    context = {"form": form, "section": "enterprises"}
    if request.method != "POST":
        if typed is not None:
            messages.success(request, _("You were signed out for a while. What you had typed is here again."))
        return render(request, "enterprises/new.html", context)
    if not form.is_valid():
        return render(request, "enterprises/new.html", context | {"registered": form.registered}, status=422)
    try:
        with transaction.atomic():
            enterprise = form.save()
            Membership.objects.create(enterprise=enterprise, user=request.user, role=Membership.Role.OWNER)
            log.record(
                action="enterprise_registered", actor=request.user, role="owner", at=timezone.now(),
                stream=f"enterprise:{enterprise.public_id}",
            )  # fmt: skip
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
    members = found.memberships.filter(active=True).select_related("user").order_by("pk")[:100]
    owner = any(m.user_id == request.user.pk and m.role == Membership.Role.OWNER for m in members)
    asked = found.access_requests.filter(state=AccessRequest.State.OPEN).select_related("user")[:50] if owner else []
    industry = industries.get(found.industry)
    rows = [
        {"label": _("Unified social credit code"), "value": found.uscc},
        {"label": _("Registered address"), "value": found.registered_address},
        {"label": _("Production address"), "value": found.production_address},
        {"label": _("Region"), "value": regions.full_name(found.region)},
        {"label": _("Industry"), "value": industries.label(industry) if industry else found.industry},
        {"label": _("Size"), "value": found.get_size_display()},
        {"label": _("Legal representative"), "value": found.legal_name},
        {"label": _("Legal representative's ID number"), "value": resident_id.mask(found.legal_id_number)},
        {"label": _("Legal representative's mobile"), "value": mobile.mask(found.legal_mobile)},
    ]
    context = {
        "enterprise": found,
        "members": members,
        "asked": asked,
        "owner": owner,
        "rows": rows,
        "section": "enterprises",
    }
    return render(request, "enterprises/enterprise.html", context)


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
    if found and not found.memberships.filter(user=request.user, active=True).exists():
        with transaction.atomic():
            asked, is_new = AccessRequest.objects.get_or_create(
                enterprise=found, user=request.user, state=AccessRequest.State.OPEN,
                defaults={"message": form.cleaned_data["message"]},
            )  # fmt: skip
            if is_new:
                outbox.write(told.access_requested(_record("access_requested", asked, request), asked))
    messages.success(request, _("The owner was asked. You will see the enterprise here once access is granted."))
    return redirect("enterprises")


@login_required
def answer_access(request: SignedIn, public_id: UUID) -> HttpResponse:
    """Grant or refuse; by an owner of the enterprise."""
    owned = Membership.objects.filter(user=request.user, role=Membership.Role.OWNER, active=True).values("enterprise")
    with transaction.atomic():
        rows = AccessRequest.objects.select_for_update(of=("self",)).filter(enterprise__in=owned)
        asked = get_object_or_404(rows, public_id=public_id)
        # A GET is somebody back from the log-in: they are shown the request, and answer it there.
        if request.method == "POST" and asked.state == AccessRequest.State.OPEN:
            grant = request.POST.get("answer") == "grant"
            asked.state = AccessRequest.State.GRANTED if grant else AccessRequest.State.REFUSED
            asked.answered_by, asked.answered_at = request.user, timezone.now()
            asked.save(update_fields=["state", "answered_by", "answered_at"])
            if grant:
                Membership.objects.update_or_create(
                    enterprise=asked.enterprise, user=asked.user, defaults={"active": True},
                    create_defaults={"active": True, "role": Membership.Role.AGENT},
                )  # fmt: skip
            event = _record("access_granted" if grant else "access_refused", asked, request)
            outbox.write(told.access_answered(event, asked))
    return redirect(reverse("enterprise", args=[asked.enterprise.public_id]))


def _record(action: str, asked: AccessRequest, request: SignedIn) -> Event:
    # The enterprise's row is what serialises its stream.
    Enterprise.objects.select_for_update(of=("self",)).get(pk=asked.enterprise_id)
    return log.record(
        action=action, actor=request.user, role="applicant", at=timezone.now(),
        stream=f"enterprise:{asked.enterprise.public_id}", data={"request": str(asked.public_id)},
    )  # fmt: skip
