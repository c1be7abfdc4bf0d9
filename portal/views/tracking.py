"""After it is sent: the list, the timeline, the receipt, withdrawing, rating, the permit, and the look-up by number."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from permits import credentials, numbers, prints
from permits.credentials import passes
from permits.models import Application, Check, Permit, Status
from portal import stash
from portal.blocks import owed_blocks, refresh_after
from portal.forms import RatingForm, WithdrawForm
from portal.next_steps import fetched, listed, steps_of
from portal.requests import SignedIn
from portal.stages import drawn
from portal.throttle import allowed, client
from portal.timeline import due_state, timeline
from portal.views import errors
from portal.views.filing import summary
from portal.views.renewal import renewal
from reviews import gates, lifecycle, threads, workflow
from reviews.audit import receipts
from reviews.models import Rating

PER_MINUTE = 20  # look-ups by one client
PER_HOUR = 100  # look-ups of one number
SHOWN = {"open": _lazy("Under way"), "closed": _lazy("Closed")}
WITHDRAWABLE = {row.source for row in lifecycle.TRANSITIONS if row.action == "withdraw"}


@login_required
def applications(request: SignedIn) -> HttpResponse:
    show = request.GET.get("show", "")
    show = show if show in SHOWN else ""
    mine = listed(request.user)
    if show:
        mine = mine.filter(closed_at__isnull=show == "open")
    page = Paginator(mine.order_by("-created_at"), 20).get_page(request.GET.get("page"))
    unread = threads.unread(page)
    rows: list[Any] = list(page)
    for each in rows:
        each.unread_messages = unread.get(each.pk, 0)
    context = {
        "page": page, "steps": steps_of(rows), "section": "applications", "show": show,
        "filters": [("", _("All")), *((name, str(label)) for name, label in SHOWN.items())],
        "query": f"show={show}" if show else "",
    }  # fmt: skip
    return render(request, "tracking/applications.html", context)


@login_required
def application(request: SignedIn, public_id: UUID) -> HttpResponse:
    found = _mine(request, public_id)
    if found.is_draft:
        return redirect("check", public_id=public_id)
    rows, due, owed = timeline(found), due_state(found), owed_blocks(found)
    permit = Permit.objects.select_related("superseded_by").filter(application=found).first()
    if permit:
        permit.application = found
    context = {
        "application": found, "timeline": rows, "drawn": drawn(found), "parts": summary(found), "section": "applications",
        "materials": found.materials.current(), "permit": permit, "passages": gates.passages(permit) if permit else [], "renewal": renewal(permit) if permit else None,
        "rating": Rating.objects.filter(application=found).first(), "due_state": due,
        "can_withdraw": found.status in WITHDRAWABLE, "needs_correction": found.status == Status.NEEDS_CORRECTION,
        "against": _against(found, permit, rows), "objection": _objection(found), "objection_until": _can_object_until(found),
        "owed": owed, "refresh": refresh_after(block["state"] for block in owed), "pause": found.pauses.filter(ended_at=None).first(),
        "sealed": receipts.sealed(found), "unread_messages": threads.unread([found]).get(found.pk, 0),
        "notice": found.correction_notices.order_by("-pk").first(),
        # Nothing but the sending has happened yet: say that it arrived, however often the page is asked for.
        "just_sent": due in ("ok", "soon", "") and len([row for row in rows if row["state"] in ("done", "error")]) == 1,
    }  # fmt: skip
    return render(request, "tracking/application.html", context)


def _against(application: Application, permit: Permit | None, rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """What was decided against the applicant, of the timeline: for the top of the page."""
    revoked = permit is not None and permit.state == Permit.State.REVOKED
    if not revoked and application.status not in (Status.REJECTED, Status.DECLINED):
        return None
    action = "permit_revoked" if revoked else application.status
    return next((row for row in reversed(rows) if row.get("action") == action), None)


def _objection(application: Application) -> dict[str, Any] | None:
    """The objection that was filed, and what came of it."""
    filed = application.objections.select_related("task__decision", "filed_by").order_by("pk").last()
    return {"filed": filed, "decision": getattr(filed.task, "decision", None)} if filed else None


def _can_object_until(application: Application) -> datetime | None:
    until = workflow.objection_until(application)
    return until if until and until >= timezone.now() else None


def _mine(request: SignedIn, public_id: UUID) -> Application:
    rows = Application.objects.visible_to(request.user).select_related("version", "enterprise")
    return get_object_or_404(rows, public_id=public_id)


@login_required
def receipt(request: SignedIn, public_id: UUID) -> HttpResponse:
    found = _mine(request, public_id)
    if found.is_draft:
        return redirect("check", public_id=public_id)
    first = found.tasks.select_related("department").order_by("pk").first()
    return render(request, "tracking/receipt.html", {
        "application": found, "office": first.department if first else "", "section": "applications",
    } | _handed_in(found))  # fmt: skip


def _handed_in(application: Application) -> dict[str, list[dict[str, Any]]]:
    """The files as they were sent, whatever took their place since; and apart from them, what came later."""
    sent = application.submitted_at
    rows: dict[str, list[dict[str, Any]]] = {"materials": [], "later": []}
    for file in application.materials.filter(check_state=Check.FINE).order_by("pk"):
        asked = application.definition.requirement(file.requirement)
        row = {"title": asked.title if asked else file.requirement, "file": file}
        if file.from_record or (sent and file.uploaded_at <= sent):
            if not file.replaced_at or (sent and file.replaced_at > sent):
                rows["materials"].append(row)
        elif not file.replaced_at:
            rows["later"].append(row)
    return rows


@stash.signed_in
def withdraw(request: SignedIn, public_id: UUID) -> HttpResponse:
    found = _mine(request, public_id)
    form = WithdrawForm(stash.typed(request))
    if request.method == "POST" and form.is_valid():
        try:
            workflow.withdraw(found.pk, applicant=request.user, reason=form.cleaned_data["reason"])
            messages.success(request, _("The application was withdrawn."))
        except lifecycle.NotPossible as error:
            messages.error(request, str(error))
        return redirect(found)
    if found.status not in WITHDRAWABLE:
        messages.info(request, _("This application can't be withdrawn any more."))
        return redirect(found)
    context = {"application": found, "form": form, "section": "applications"}
    return render(request, "tracking/withdraw.html", context, status=422 if request.method == "POST" else 200)


@stash.signed_in
def rate(request: SignedIn, public_id: UUID) -> HttpResponse:
    found = _mine(request, public_id)
    if not found.is_closed:
        messages.info(request, _("You can rate the service once the application is closed."))
        return redirect(found)
    if Rating.objects.filter(application=found).exists():
        messages.info(request, _("This application is rated already; a rating is given once."))
        return redirect(found)
    form = RatingForm(stash.typed(request))
    if request.method == "POST" and form.is_valid():
        workflow.rate(found.pk, applicant=request.user, **form.cleaned_data)
        messages.success(request, _("Thank you for your rating."))
        return redirect(found)
    context = {"application": found, "form": form, "section": "applications"}
    return render(request, "tracking/rate.html", context, status=422 if request.method == "POST" else 200)


@login_required
def permit_pdf(request: SignedIn, public_id: UUID) -> HttpResponseBase:
    """The permit as it was printed; of one that is good no more a print that says so, so that no download passes for it."""
    permit = get_object_or_404(Permit, application=_mine(request, public_id))
    fetched(permit.application, request.user)
    name = f'attachment; filename="{permit.number}.pdf"'
    if permit.state != Permit.State.VALID:
        pdf = credentials.render_pdf(permit.content, code=permit.code, state=permit.state, person=passes.on_paper(permit))
        return HttpResponse(pdf, "application/pdf", headers={"Content-Disposition": name, "Cache-Control": "no-store"})
    pdf_file = prints.opened(permit)
    if pdf_file is None:
        messages.info(request, _("The permit is being signed: please come back in a few minutes."))
        return redirect(permit.application)
    response = FileResponse(pdf_file, content_type="application/pdf")
    response["Content-Disposition"] = name
    response["Content-Length"] = str(permit.pdf_size)
    response["Cache-Control"] = "private, no-store"
    return response


def track(request: SignedIn) -> HttpResponse:
    """Where an application stands, for who knows its number and the last four digits of a mobile on it."""
    if "number" not in request.GET:
        return render(request, "tracking/track.html", {})
    number = numbers.normalise(request.GET["number"])[:40]
    # Four digits are soon guessed from many addresses, so one number isn't asked for without end either.
    if not (
        allowed("track", client(request), limit=PER_MINUTE)
        and allowed("track-number", number, limit=PER_HOUR, seconds=3600)
    ):
        return errors.too_many(request)
    last4 = request.GET.get("mobile_last4", "").strip()
    # A number whose check character is wrong was never given out, and the database isn't asked what anybody typed.
    mine = Application.objects.filter(number=number) if numbers.is_valid(number) else Application.objects.none()
    found = mine.select_related("version", "applicant").first()
    if found is None or len(last4) != 4 or last4 not in _last_fours(found):
        return render(request, "tracking/track.html", {"number": number, "unknown": True}, status=404)
    return render(request, "tracking/track.html", {"number": number, "found": found, "due_state": due_state(found)})


def _last_fours(application: Application) -> set[str]:
    keys = [field.key for field in application.definition.fields() if field.type == "mobile"]
    found = {str(application.answers.get(key) or "")[-4:] for key in keys} | {application.applicant.mobile[-4:]}
    return {four for four in found if len(four) == 4}
