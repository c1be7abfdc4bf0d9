"""The wording of notices in the admin: every text, one text in both languages with its preview, its earlier editions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from permits.models import User
from reviews import roles, wording
from reviews.admin import kinds
from reviews.admin.access import ReadOnlyAdmin, who
from reviews.models import Notice, NoticeText
from reviews.notices import choosing, mail, safe, samples, texts, wordings
from reviews.notices.channels import provider
from reviews.notices.channels.kinds import Later, Rejected
from reviews.notices.safe import Fault

LANGUAGE = {"zh": "中文", "en": "English"}
HISTORY = 30
TESTS_AN_HOUR = 10


@admin.register(NoticeText)
class NoticeTextAdmin(ReadOnlyAdmin):
    """Service owners write; the system administrator, who is asked why a mail says what it says, looks."""

    may_see = staticmethod(roles.is_services_request)
    fields = ("name", "channel", "language", "edition", "source_shown", "current", "published_by", "published_at")

    @admin.display(description=gettext_lazy("Notice"))
    def name(self, row: NoticeText) -> str:
        return kinds.name(row.kind)

    @admin.display(description=gettext_lazy("Text"))
    def source_shown(self, row: NoticeText) -> str:
        return row.source or _("the portal's own text")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return overview(request)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("text/<slug:which>/", view(edit), name="reviews_noticetext_text"),
            path("<int:pk>/again/", view(again), name="reviews_noticetext_again"),
        ]
        return own + super().get_urls()


class TextsForm(forms.Form):
    """Both languages, and the editions from which they were begun."""

    zh = forms.CharField(required=False, strip=False, max_length=20_000, label=LANGUAGE["zh"])
    en = forms.CharField(required=False, strip=False, max_length=20_000, label=LANGUAGE["en"])
    seen_zh = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    seen_en = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, channel: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = 4 if channel == wording.SMS else 14
        for language in wording.LANGUAGES:
            attrs = {"class": "ed-source nt-source", "spellcheck": "false", "lang": language}
            self.fields[language].widget = forms.Textarea(attrs=attrs | {"rows": rows})


def overview(request: HttpRequest) -> HttpResponse:
    """Every text by group, and which edition of it is in force."""
    if not roles.is_services_request(request):
        raise PermissionDenied
    editions = {
        (row.kind, row.channel, row.language): row.edition
        for row in NoticeText.objects.filter(current=True).exclude(source="").defer("source")
    }
    groups: dict[str, list[Any]] = {key: [] for key in choosing.GROUPS}
    for kind in dict.fromkeys(kind for kind, _channel in wording.all_texts()):
        channels = [
            (NoticeText.Channel(channel).label, reverse("admin:reviews_noticetext_text", args=[f"{kind}-{channel}"]),
             [(LANGUAGE[each], editions.get((kind, channel, each))) for each in wording.LANGUAGES])
            for channel in NoticeText.Channel.values if wording.exists(kind, channel)
        ]  # fmt: skip
        groups[choosing.group_of(kind)].append((kinds.name(kind), channels))
    context = {**admin.site.each_context(request), "title": _("Wording of notices"), "opts": NoticeText._meta,
               "groups": [(choosing.GROUPS[key].label, rows) for key, rows in groups.items()]}  # fmt: skip
    return render(request, "admin/reviews/noticetext/overview.html", context)


def edit(request: HttpRequest, which: str) -> HttpResponse:
    """One text: typed in both languages, looked at with usual values, sent to oneself, published."""
    kind, _dash, channel = which.partition("-")
    if not roles.is_services_request(request):
        raise PermissionDenied
    if not wording.exists(kind, channel):
        raise Http404
    if request.method == "POST" and not roles.is_service_owner_request(request):
        raise PermissionDenied
    current = wording.in_force(kind, channel)
    begun: dict[str, Any] = {each: wording.source_of(kind, channel, each, current.get(each)) for each in LANGUAGE}
    begun |= {f"seen_{each}": current[each].edition if each in current else 0 for each in LANGUAGE}
    form = TextsForm(channel, request.POST if request.method == "POST" else None, initial=begun)
    status, faults = 200, {}
    if request.method == "POST":
        if not form.is_valid():
            status, faults = 422, {"zh": [Fault(0, _("The text is too long, or came back incomplete."))]}
        else:
            response, status, faults = _done(request, kind, channel, form.cleaned_data)
            if response:
                return response
    typed = {each: form.data.get(each, "") if form.is_bound else begun[each] for each in LANGUAGE}
    faults = faults or {each: wording.faults(kind, channel, each, typed[each]) for each in LANGUAGE}
    history = NoticeText.objects.filter(kind=kind, channel=channel).select_related("published_by").order_by("-pk")
    context = {
        **admin.site.each_context(request), "title": kinds.name(kind), "opts": NoticeText._meta, "form": form,
        "channel": NoticeText.Channel(channel).label, "may_write": roles.is_service_owner_request(request),
        "own": "" if channel == wording.EMAIL or wordings.of_file((kind, channel, "zh")) else "none",
        "languages": [_shown(kind, channel, each, typed[each], faults.get(each, []), form) for each in LANGUAGE],
        "names": safe.names(samples.values(kind, channel, "zh")), "tags": safe.TAGS, "filters": safe.FILTERS,
        "history": [(row, LANGUAGE[row.language]) for row in history[:HISTORY]],
    }  # fmt: skip
    return render(request, "admin/reviews/noticetext/text.html", context, status=status)


@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Put an earlier edition in force again."""
    if not roles.is_service_owner_request(request):
        raise PermissionDenied
    row = get_object_or_404(NoticeText, pk=pk)
    try:
        changed = wording.go_back(row, by=who(request))
    except wording.Faulty as error:
        words = "; ".join(fault.words for faults in error.faults.values() for fault in faults)
        messages.error(request, _("That text is no longer in order: %(faults)s") % {"faults": words})
    except wording.Stale:
        messages.error(request, _("Somebody published another wording at this moment. Look at it first."))
    else:
        messages.success(request, _("That wording is in force again.") if changed else _("It says so already."))
    return HttpResponseRedirect(reverse("admin:reviews_noticetext_text", args=[f"{row.kind}-{row.channel}"]))


def _done(
    request: HttpRequest, kind: str, channel: str, typed: dict[str, Any]
) -> tuple[HttpResponse | None, int, dict[str, list[Fault]]]:
    """What the button says: a response, or the status and the faults with which the page is shown again."""
    sources = {each: typed[each] for each in LANGUAGE}
    match request.POST.get("do"):
        case "publish":
            try:
                seen = {each: typed[f"seen_{each}"] for each in LANGUAGE}
                changed = wording.publish(kind, channel, sources, seen=seen, by=who(request))
            except wording.Faulty as error:
                return None, 422, error.faults
            except wording.Stale:
                messages.error(request, _("Somebody published another wording since you began. Yours is below, not "
                                          "published; open the page anew to see theirs."))  # fmt: skip
                return None, 409, {}
            words = _("Published. It holds from the next notice on.") if changed else _("It says so already.")
            messages.success(request, words)
            return HttpResponseRedirect(request.path), 302, {}
        case "test":
            _send_to_self(request, kind, channel, sources)
    return None, 200, {}


def _send_to_self(request: HttpRequest, kind: str, channel: str, sources: dict[str, str]) -> None:
    """As it would come: a text message to one's own mobile, by every channel that sends those; else by mail. It is on
    record as a test, and is no notice.
    """
    user = who(request)
    if not _may_test(user):
        messages.error(request, _("Ten test messages an hour are the most. Wait a while, or look at the preview."))
        return
    there = choosing.BY_MOBILE & set(settings.NOTICE_CHANNELS) if channel == wording.SMS and user.mobile else set()
    ways, sent = sorted(there) or [choosing.EMAIL], []
    for each, source in sources.items():
        if not source.strip() or wording.faults(kind, channel, each, source):
            messages.warning(request, _("%(language)s was not sent: see its faults.") % {"language": LANGUAGE[each]})
            continue
        sent += [(way, each) for way in ways if _sent(request, way, kind, each, texts.preview(
            source, channel, samples.values(kind, channel, each)))]  # fmt: skip
    if not sent:
        return
    wording.tested(kind, channel, sent, by=user)
    if there:
        by = ", ".join(str(Notice.Channel(way).label) for way in ways if way in {each for each, _language in sent})
        messages.info(request, _("Sent to your mobile (%(channels)s), with invented values.") % {"channels": by})
        return
    messages.info(request, _("Sent to %(email)s, with invented values.") % {"email": user.email})
    if channel == wording.SMS:
        messages.info(request, _("It went by mail: text messages are not set up, or your account has no mobile."))


def _sent(request: HttpRequest, way: str, kind: str, language: str, message: texts.Message) -> bool:
    """Whether it was taken; why not is said on the page."""
    user = who(request)
    try:
        if way != choosing.EMAIL:
            provider.send_sample(way, user.mobile, kind, language, message.body, samples.values(kind, "sms", language))
            return True
        subject = f"[{_('Test')}] {message.subject or kinds.name(kind)}"
        in_full = "zh-hans" if language == "zh" else "en"
        mail.build(texts.Message(subject, message.body), to=user.email, language=in_full).send()
    except (Rejected, Later, OSError) as error:
        words = _("The mail could not be sent: %(error)s") if way == choosing.EMAIL else (
            _("The text message could not be sent: %(error)s"))  # fmt: skip
        messages.error(request, words % {"error": error})
        return False
    return True


def _may_test(user: User) -> bool:
    """A text message costs money, and nobody's mailbox is a target: ten an hour and account, each in two languages."""
    key = f"notice-text-test:{user.pk}"
    if cache.add(key, 1, 3600):
        return True
    try:
        return cache.incr(key) <= TESTS_AN_HOUR
    except ValueError:  # the hour was over at this moment
        return True


def _shown(kind: str, channel: str, language: str, source: str, faults: list[Fault], form: TextsForm) -> dict[str, Any]:
    """A language of the page: its field, its faults, and how it would read."""
    preview, size = None, {}
    if not faults and source.strip():
        preview = texts.preview(source, channel, samples.values(kind, channel, language))
        if channel == wording.SMS:
            size = {"characters": len(preview.body), "parts": texts.parts(preview.body)}
    return {"key": language, "label": LANGUAGE[language], "field": form[language], "faults": faults,
            "preview": preview, **size}  # fmt: skip
