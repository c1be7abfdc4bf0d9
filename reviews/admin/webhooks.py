"""Other departments' systems that are told of steps: kept, tested, told again by the system administrator."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminURLInputWidget

from permits.models import Service
from reviews.admin.access import OpsAdmin, is_ops, who
from reviews.audit import log
from reviews.models import WebhookDelivery, WebhookEndpoint
from reviews.webhooks import endpoints, steps, wire

SHOWN = 50  # of the latest deliveries


def service_choices() -> list[tuple[str, str]]:
    found = Service.objects.exclude(current=None).select_related("current").order_by("slug")
    return [(service.slug, str(service.definition.title)) for service in found]


class EndpointForm(forms.ModelForm):
    url = forms.URLField(
        label=gettext_lazy("Address"), max_length=500, assume_scheme="https", widget=UnfoldAdminURLInputWidget,
        help_text=gettext_lazy("https only; redirects are not followed."),
    )  # fmt: skip
    actions = forms.MultipleChoiceField(
        label=gettext_lazy("Steps"), required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy("Which steps it is told of; none chosen means all."),
        choices=lambda: [(key, log.label(key)) for key in steps.PUBLIC],
    )  # fmt: skip
    services = forms.MultipleChoiceField(
        label=gettext_lazy("Services"), required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy("Of which services; none chosen means all."),
        choices=service_choices,
    )  # fmt: skip

    class Meta:
        model = WebhookEndpoint
        fields = ("name", "url", "actions", "services", "region", "active")

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            wire.check(url)
        except wire.NotAllowed as error:
            words = _("Give an https address of a public server, without a password in it.")
            raise forms.ValidationError(words, code="not_allowed") from error
        return url

    def clean_region(self) -> str:
        region: str = self.cleaned_data["region"]
        if region and not (region.isascii() and region.isdigit() and len(region) in (6, 9, 12)):
            raise forms.ValidationError(_("A region's code has 6, 9 or 12 digits."), code="region")
        return region


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(OpsAdmin):
    form = EndpointForm
    list_display = ("name", "url", "active", "waiting", "dead", "failing_since", "acts_link")
    list_filter = ("active",)
    ordering = ("name", "pk")
    fields = ("name", "url", "actions", "services", "region", "active", "disabled_because", "acts_link")
    readonly_fields = ("disabled_because", "acts_link")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEndpoint]:
        counts = {
            name: Count("deliveries", filter=Q(deliveries__state=state, deliveries__leaf__isnull=False))
            for name, state in (("waits", WebhookDelivery.State.PENDING), ("given_up", WebhookDelivery.State.DEAD))
        }
        return super().get_queryset(request).annotate(**counts)

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool) -> None:
        endpoints.save(obj, by=who(request))

    def response_add(self, request: HttpRequest, obj: WebhookEndpoint, post_url_continue: Any = None) -> HttpResponse:
        messages.success(
            request, _("It is told of what happens from now on. Make its secret, and hand it to whose system it is.")
        )
        return redirect("admin:reviews_webhookendpoint_acts", obj.pk)

    @admin.display(description=gettext_lazy("Waiting"))
    def waiting(self, endpoint: Any) -> int:
        return endpoint.waits

    @admin.display(description=gettext_lazy("Given up"))
    def dead(self, endpoint: Any) -> int:
        return endpoint.given_up

    @admin.display(description=gettext_lazy("What can be done"))
    def acts_link(self, endpoint: WebhookEndpoint) -> str:
        if endpoint.pk is None:
            return "—"
        url = reverse("admin:reviews_webhookendpoint_acts", args=[endpoint.pk])
        words = _("Test, secret, tell again: %(name)s") % {"name": endpoint.name}
        return format_html('<a class="rv-link" href="{}">{}</a>', url, words)

    def get_urls(self) -> list[URLPattern]:
        acts = never_cache(self.admin_site.admin_view(self.acts))  # a secret may stand there
        return [path("<int:pk>/acts/", acts, name="reviews_webhookendpoint_acts"), *super().get_urls()]

    def acts(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not is_ops(request):
            raise Http404
        endpoint = get_object_or_404(self.get_queryset(request), pk=pk)
        said: dict[str, Any] = {}
        if request.method == "POST":
            said = self._done(request, endpoint)
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "title": endpoint.name,
            "endpoint": self.get_queryset(request).get(pk=pk), "now": timezone.now(),
            "deliveries": [
                (_("Test") if each.leaf is None else log.label(each.action), each)
                for each in endpoint.deliveries.order_by("-pk")[:SHOWN]
            ],
            **said,
        }  # fmt: skip
        return render(
            request, "admin/reviews/webhookendpoint/acts.html", context, status=422 if "error" in said else 200
        )

    def _done(self, request: HttpRequest, endpoint: WebhookEndpoint) -> dict[str, Any]:
        """What was asked for, done; what the page says of it."""
        match request.POST.get("do"):
            case "test":
                return {"tested": endpoints.test(endpoint, by=who(request))}
            case "secret":
                return {"secret": endpoints.rotate(endpoint, by=who(request))}
            case "replay":
                return _replayed(request, endpoint)
        return {}


def _replayed(request: HttpRequest, endpoint: WebhookEndpoint) -> dict[str, Any]:
    typed = request.POST.get("since", "")
    try:
        since = parse_datetime(typed)
    except ValueError:
        since = None
    if since is None:
        return {"error": _("Say since when: a day and a time."), "since": typed}
    since = timezone.make_aware(since) if timezone.is_naive(since) else since
    count = endpoints.replay(endpoint, since=since, by=who(request))
    words = ngettext("%(count)d delivery begins anew.", "%(count)d deliveries begin anew.", count)
    return {"replayed": words % {"count": count}}
