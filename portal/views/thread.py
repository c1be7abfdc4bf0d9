"""The thread of an application with the reviewing office: write, be called back, let the office look at a draft."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from permits.codes import mobile
from permits.models import Application
from portal import stash
from portal.requests import SignedIn
from portal.throttle import allowed
from reviews import calendars, clock, guidance, lifecycle, threads, times, workflow
from reviews.models import CallbackRequest, Side, Thread

PER_HOUR = 30  # messages of one account


class MessageForm(forms.Form):
    use_required_attribute = False
    text = forms.CharField(
        label=gettext_lazy("Your message"), required=False, strip=False,
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": guidance.LONGEST}),
    )  # fmt: skip
    key = forms.CharField(widget=forms.HiddenInput, max_length=36)


class CallForm(forms.Form):
    use_required_attribute = False
    mobile = forms.CharField(
        label=gettext_lazy("Mobile number"), max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "tel-national", "inputmode": "tel"}),
    )  # fmt: skip
    slot = forms.ChoiceField(label=gettext_lazy("When may we call?"))
    key = forms.CharField(widget=forms.HiddenInput, max_length=36)

    def __init__(self, *args: Any, slots: list[guidance.Slot], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slot"].choices = [(slot.key, _slot_words(slot)) for slot in slots]  # type: ignore[attr-defined]

    def clean_mobile(self) -> str:
        return mobile.clean(self.cleaned_data["mobile"])


def _slot_words(slot: guidance.Slot) -> str:
    begin, end = timezone.localtime(slot.starts_at), timezone.localtime(slot.ends_at)
    return f"{date_format(begin, 'MONTH_DAY_FORMAT')} {date_format(begin, 'D')} {begin:%H:%M}–{end:%H:%M}"


@stash.signed_in
def thread(request: SignedIn, public_id: UUID) -> HttpResponseBase:
    rows = Application.objects.visible_to(request.user).select_related("version", "enterprise", "applicant")
    application = get_object_or_404(rows, public_id=public_id)
    if request.method == "POST":
        return _do(request, application)
    if request.headers.get("HX-Request"):
        return _list(request, application)
    typed = stash.typed(request)
    if typed is None:
        return _show(request, application)
    if typed.get("do") == "call":
        return _show(request, application, call=_call_form(application, request, initial=typed.dict()))
    return _show(request, application, form=MessageForm(initial=typed.dict()))


def _do(request: SignedIn, application: Application) -> HttpResponse:
    try:
        match request.POST.get("do"):
            case "call":
                return _ask_call(request, application)
            case "cancel_call":
                workflow.cancel_call(application.pk, applicant=request.user)
                messages.success(request, _("Nobody will call you."))
            case "consent":
                return _consent(request, application)
            case "revoke":
                workflow.revoke_consent(application.pk, applicant=request.user)
                messages.success(request, _("The office can't look at this draft any more."))
            case _:
                return _send(request, application)
    except (guidance.NobodyAnswers, lifecycle.NotPossible) as error:
        messages.error(request, str(error))
    return redirect("thread", public_id=application.public_id)


def _send(request: SignedIn, application: Application) -> HttpResponse:
    form = MessageForm(request.POST)
    if not form.is_valid():
        return _show(request, application, form=form, status=422)
    if not allowed("message", str(request.user.pk), limit=PER_HOUR, seconds=3600):
        form.add_error(None, _("These are many messages in an hour. Please wait a little, or ask to be called."))
        return _show(request, application, form=form, status=429)
    try:
        workflow.ask(application.pk, applicant=request.user, **form.cleaned_data)
    except workflow.ReasonNeeded as error:
        form.add_error("text", str(error))
        return _show(request, application, form=form, status=422)
    except (workflow.NotSensible, guidance.NobodyAnswers) as error:
        form.add_error(None, str(error))
        return _show(request, application, form=form, status=409)
    messages.success(request, _("Your message was sent. You are told when the office answers."))
    return redirect("thread", public_id=application.public_id)


def _ask_call(request: SignedIn, application: Application) -> HttpResponse:
    form = _call_form(application, request, request.POST)
    if not form.is_valid():
        return _show(request, application, call=form, status=422)
    try:
        workflow.ask_call(application.pk, applicant=request.user, **form.cleaned_data)
    except (workflow.NotSensible, guidance.NobodyAnswers) as error:
        form.add_error(None, str(error))
        return _show(request, application, call=form, status=409)
    messages.success(request, _("The office is asked to call you."))
    return redirect("thread", public_id=application.public_id)


def _consent(request: SignedIn, application: Application) -> HttpResponse:
    if request.POST.get("agree") != "1":
        messages.error(request, _("Tick the box first, if the office may look at your draft."))
        return redirect("thread", public_id=application.public_id)
    given = workflow.give_consent(application.pk, applicant=request.user)
    day = times.moment(given.until)
    messages.success(request, _("The office may look at your draft until %(day)s.") % {"day": day})
    return redirect("thread", public_id=application.public_id)


def _call_form(application: Application, request: SignedIn, *args: Any, **kwargs: Any) -> CallForm:
    kwargs.setdefault("initial", {"mobile": request.user.mobile, "key": uuid4()})
    return CallForm(
        *args, slots=guidance.slots(timezone.now(), calendars.current()), prefix=None, auto_id="call_%s", **kwargs
    )


def _show(
    request: SignedIn, application: Application, *, form: MessageForm | None = None, call: CallForm | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    now = timezone.now()
    try:
        office, nobody = guidance.office_of(application, Thread.objects.filter(pk=application.pk).first()), ""
    except guidance.NobodyAnswers as error:
        office, nobody = None, str(error)
    before = request.GET.get("before", "")
    shown = _shown(application, int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None)
    context = {
        **shown, "application": application, "section": "applications", "office": office, "nobody": nobody,
        "can_ask": guidance.may_ask(application, now) and office is not None,
        "is_over": not guidance.may_ask(application, now),
        "until": application.closed_at + guidance.AFTERWARDS if application.closed_at else None,
        "answer_by": clock.due(now, guidance.ANSWER, calendars.current()),
        "form": form or MessageForm(initial={"key": uuid4()}),
        "call_form": call or _call_form(application, request), "call_tried": call is not None,
        "call": application.callbacks.filter(state=CallbackRequest.State.OPEN).first(),
        "consent": guidance.consent_of(application, now), "consent_days": guidance.LOOKED_AT_FOR.days,
        "before": before,
    }  # fmt: skip
    page = render(request, "thread/thread.html", context, status=status)
    _read(shown)
    return page


def _list(request: HttpRequest, application: Application) -> HttpResponseBase:
    """What a page that stays open asks for now and then: nothing (304) as long as it is the same."""
    shown = _shown(application, None)
    rows = shown["messages_shown"]
    state = [rows[-1].pk if rows else 0, sum(row.read_at is None for row in rows if row.side == Side.APPLICANT)]
    etag = f'"{application.public_id.hex[:8]}-{state[0]}-{state[1]}-{shown["looks"]}-{get_language()}"'
    response = get_conditional_response(request, etag=etag)
    if response is None or response.status_code != 304:
        response = render(request, "thread/list.html", {**shown, "application": application})
        _read(shown)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Cookie", "HX-Request"])  # the page itself has nearly the same address
    return response


def _shown(application: Application, before: int | None) -> dict[str, Any]:
    rows, more = threads.latest(application, before)
    looks = threads.looks(application) if application.is_draft and not before else []
    return {
        "days": threads.by_days(rows, looks), "messages_shown": rows, "earlier": rows[0].pk if more else None,
        "looks": len(looks),
    }  # fmt: skip


def _read(shown: dict[str, Any]) -> None:
    """What was new is on the page now."""
    fresh = [row for row in shown["messages_shown"] if row.side == Side.OFFICE and row.read_at is None]
    if fresh:
        workflow.read_thread(Thread(pk=fresh[-1].thread_id), side=Side.APPLICANT, up_to=fresh[-1].pk)
