"""Who may act for an enterprise: an agent's authorisation, owners, invitations, leaving."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from permits.intake import scanner
from permits.intake.storage import StorageUnavailable
from permits.models import Enterprise, Invitation, Membership
from portal import stash
from portal.enterprise_forms import InviteForm, LimitsForm, initial_of
from portal.requests import SignedIn
from portal.throttle import allowed
from portal.views import errors
from reviews import authorisations, authority_documents
from reviews.enterprises import Refused

PER_HOUR = 30  # invitations by one account


@login_required
def member(request: SignedIn, public_id: UUID, person: UUID) -> HttpResponse:
    """One who may act for it, for an owner: limit, extend, end, make an owner or an agent."""
    owned = Enterprise.objects.owned_by(request.user)
    found = get_object_or_404(
        Membership.objects.select_related("user", "enterprise"),
        enterprise__in=owned, enterprise__public_id=public_id, user__public_id=person, active=True,
    )  # fmt: skip
    step = request.POST.get("step", "") if request.method == "POST" else ""
    form = LimitsForm(request.POST if step == "authorise" else None, initial=initial_of(found))
    context = {"member": found, "enterprise": found.enterprise, "form": form, "section": "enterprises"}
    if not step or (step == "authorise" and not form.is_valid()):
        return render(request, "enterprises/member.html", context, status=422 if form.errors else 200)
    name = {"name": found.user.name}
    try:
        match step:
            case "authorise":
                authorisations.authorise(found.pk, form.limits, by=request.user)
                words = _("The authorisation of %(name)s is saved.") % name
            case "document":
                upload = request.FILES.get("document")
                if upload is None:
                    raise Refused("no_file", _("Choose a file first."))
                authorisations.put_document(found.pk, upload, by=request.user)
                words = _("The document of authority is saved.")
            case "make_owner":
                authorisations.make_owner(found.pk, by=request.user)
                words = _("%(name)s is an owner now.") % name
            case "make_agent":
                authorisations.make_agent(found.pk, by=request.user)
                words = _("%(name)s is an agent now.") % name
            case "end":
                authorisations.end(found.pk, by=request.user)
                words = _("%(name)s acts for the enterprise no more.") % name
            case _other:
                return render(request, "enterprises/member.html", context, status=400)
    except Refused as refused:
        return render(request, "enterprises/member.html", context | {"refused": str(refused)}, status=409)
    except ValidationError as fault:
        return render(request, "enterprises/member.html", context | {"refused": " ".join(fault.messages)}, status=422)
    except (scanner.Down, StorageUnavailable):
        words = _("The file can't be checked or stored just now. Try again in a few minutes.")
        return render(request, "enterprises/member.html", context | {"refused": words}, status=503)
    messages.success(request, words)
    mine = found.user_id == request.user.pk and step in ("end", "make_agent")
    return redirect("enterprises") if mine else redirect("enterprise", public_id=public_id)


@login_required
def document(request: SignedIn, public_id: UUID, person: UUID) -> HttpResponseBase:
    """The document of authority: to the owners, and to whom it authorises."""
    rows = Membership.objects.filter(enterprise__public_id=public_id, user__public_id=person).exclude(
        document_sha256=""
    )
    mine = Q(enterprise__in=Enterprise.objects.owned_by(request.user)) | Q(user=request.user, active=True)
    found = get_object_or_404(rows.filter(mine))
    return authority_documents.shown(request, found, back=reverse("enterprise", args=[public_id]))


@stash.signed_in
def invite(request: SignedIn, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(Enterprise.objects.owned_by(request.user), public_id=public_id)
    typed = request.POST if request.method == "POST" else stash.take(request)
    form = InviteForm(typed)
    context = {"form": form, "enterprise": found, "section": "enterprises"}
    if request.method != "POST" or not form.is_valid():
        return render(request, "enterprises/invite.html", context, status=422 if request.method == "POST" else 200)
    if not allowed("invite", str(request.user.pk), limit=PER_HOUR, seconds=3600):
        return errors.too_many(request)
    said = form.cleaned_data
    try:
        authorisations.invite(found.pk, said["email"], form.limits, by=request.user, role=said["role"])
    except Refused as refused:
        form.add_error("email", str(refused))
        return render(request, "enterprises/invite.html", context, status=422)
    messages.success(request, _("%(email)s was invited. You are told when they answer.") % {"email": said["email"]})
    return redirect("enterprise", public_id=public_id)


@login_required
def invitation_withdraw(request: SignedIn, public_id: UUID, invitation: UUID) -> HttpResponse:
    owned = Enterprise.objects.owned_by(request.user)
    found = get_object_or_404(
        Invitation.objects.select_related("enterprise"), public_id=invitation, enterprise__public_id=public_id,
        enterprise__in=owned,
    )  # fmt: skip
    if request.method == "POST":
        authorisations.withdraw(found, by=request.user)
        messages.success(request, _("The invitation of %(email)s is withdrawn.") % {"email": found.email})
    return redirect("enterprise", public_id=public_id)


@login_required
def invitation(request: SignedIn, public_id: UUID) -> HttpResponse:
    """Somebody who was invited answers. Not found for an account that has not shown to have the address."""
    waiting = authorisations.waiting_for(request.user).prefetch_related("services__current")
    found = get_object_or_404(waiting, public_id=public_id)
    answer = request.POST.get("answer") if request.method == "POST" else None
    if answer not in ("accept", "decline"):
        context = {"invitation": found, "section": "enterprises"}
        return render(request, "enterprises/invitation.html", context)
    try:
        authorisations.answer(found, by=request.user, accept=answer == "accept")
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("enterprises")
    if answer == "decline":
        messages.success(request, _("You declined. The owner was told."))
        return redirect("enterprises")
    messages.success(request, _("You may act for “%(name)s” now.") % {"name": found.enterprise.name})
    begun = Enterprise.objects.visible_to(request.user).filter(pk=found.enterprise_id).exists()
    return redirect("enterprise", public_id=found.enterprise.public_id) if begun else redirect("enterprises")


@login_required
def leave(request: SignedIn, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(Enterprise.objects.visible_to(request.user), public_id=public_id)
    if request.method != "POST":
        return render(request, "enterprises/leave.html", {"enterprise": found, "section": "enterprises"})
    try:
        authorisations.leave(found.pk, by=request.user)
    except Refused as refused:
        context = {"enterprise": found, "refused": str(refused), "section": "enterprises"}
        return render(request, "enterprises/leave.html", context, status=409)
    messages.success(request, _("You act for “%(name)s” no more.") % {"name": found.name})
    return redirect("enterprises")
