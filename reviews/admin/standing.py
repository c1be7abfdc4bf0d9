"""Who stands in for whom during leave, and who has a conflict of interest: seen, made and ended by the ones concerned."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from permits.models import Enterprise, User
from reviews import policy, times, workflow
from reviews.admin.access import ReadOnlyAdmin, is_official, who
from reviews.admin.applications import words_page
from reviews.models import Delegation, Department, Interest, Official

REFUSALS = (policy.Refused, workflow.ReasonNeeded, workflow.NotSensible)
WHEN = "%Y-%m-%dT%H:%M"


def postings(user: User) -> QuerySet[Official]:
    """One's own, and those of the departments that one is a supervisor of. Who only stands in for one passes nothing on."""
    headed = Department.objects.ids_headed_by(user, in_place_too=False)
    found = Official.objects.filter(Q(user=user) | Q(department__in=headed), active=True, user__is_active=True)
    return found.select_related("user", "department").order_by("department", "user__name")


def when_field(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=WHEN)
    return forms.DateTimeField(label=label, widget=widget, input_formats=[WHEN, "%Y-%m-%d %H:%M"])


class DelegationForm(forms.Form):
    official = forms.ModelChoiceField(Official.objects.none(), label=_("On leave"))
    to = forms.ModelChoiceField(User.objects.none(), label=_("Stands in"))
    starts_at = when_field(_("From"))
    ends_at = when_field(_("Until"))
    reason = forms.CharField(label=_("Reason"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, user: User, *args: Any) -> None:
        super().__init__(*args)
        mine = postings(user)
        self.fields["official"].queryset = mine  # type: ignore[attr-defined]
        near = Official.objects.filter(active=True, department__in=mine.order_by().values("department"))
        people = User.objects.filter(is_active=True, pk__in=near.values("user")).order_by("name")
        self.fields["to"].queryset = people  # type: ignore[attr-defined]


class InterestForm(forms.Form):
    official = forms.ModelChoiceField(User.objects.none(), label=_("Official"))
    uscc = forms.CharField(label=_("Social credit code of the enterprise"), required=False, max_length=18)
    email = forms.EmailField(label=_("Or: e-mail address of the person who is a relative"), required=False)
    note = forms.CharField(label=_("Note"), required=False, max_length=200)

    def __init__(self, user: User, *args: Any) -> None:
        super().__init__(*args)
        every = Official.objects.filter(active=True) if user.is_superuser else postings(user)
        people = User.objects.filter(pk__in=every.order_by().values("user")).order_by("name")
        self.fields["official"].queryset = people  # type: ignore[attr-defined]

    def clean_uscc(self) -> Enterprise | None:
        code = self.cleaned_data["uscc"].strip().upper()
        found = Enterprise.objects.filter(uscc=code).first() if code else None
        if code and found is None:
            raise forms.ValidationError(_("No enterprise with this code is registered here."))
        return found

    def clean_email(self) -> User | None:
        address = self.cleaned_data["email"].strip()
        found = User.objects.filter(email__iexact=address).first() if address else None
        if address and found is None:
            raise forms.ValidationError(_("No account with this address is registered here."))
        return found


def form_page(model_admin: Any, request: HttpRequest, form: Any, *, title: str, act: Any, done: str, back: str) -> Any:
    """A page with one form that does one thing; what was typed comes back with a refusal."""
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                act(form.cleaned_data)
            except REFUSALS as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, done)
                return redirect(back)
    context = {
        **model_admin.admin_site.each_context(request), "opts": model_admin.opts, "title": title, "form": form,
        "back": reverse(back),
    }  # fmt: skip
    return render(request, "admin/reviews/task/form.html", context, status=status)


class StandingAdmin(ReadOnlyAdmin):
    may_see = staticmethod(is_official)
    list_display_links = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_official(request)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self.new(request)

    def new(self, request: HttpRequest) -> HttpResponse:
        raise NotImplementedError

    def end(self, request: HttpRequest, pk: int) -> HttpResponse:
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        name = f"reviews_{self.opts.model_name}_end"
        return [path("<int:pk>/end/", self.admin_site.admin_view(self.end), name=name), *super().get_urls()]

    def end_link(self, pk: int) -> str:
        url = reverse(f"admin:reviews_{self.opts.model_name}_end", args=[pk])
        return format_html('<a class="rv-link" href="{}">{}</a>', url, gettext("End"))


@admin.register(Delegation)
class DelegationAdmin(StandingAdmin):
    list_display = ("official", "delegate", "starts_at", "ends_at", "reason", "made_by", "state")
    list_select_related = ("official__user", "official__department", "delegate", "made_by")
    ordering = ("-starts_at", "-pk")
    fields = ("official", "delegate", "starts_at", "ends_at", "reason", "made_by", "ended_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delegation]:
        user = who(request)
        return Delegation.objects.filter(
            Q(official__in=postings(user).order_by().values("pk")) | Q(delegate=user)
        ).distinct()

    def new(self, request: HttpRequest) -> HttpResponse:
        form = DelegationForm(who(request), request.POST or None)
        return form_page(
            self, request, form, title=gettext("Somebody stands in during leave"),
            act=lambda said: workflow.delegate(
                said["official"].pk, to=said["to"], starts_at=said["starts_at"], ends_at=said["ends_at"],
                by=who(request), reason=said["reason"],
            ),
            done=gettext("It is on record."), back="admin:reviews_delegation_changelist",
        )  # fmt: skip

    def end(self, request: HttpRequest, pk: int) -> HttpResponse:
        found = get_object_or_404(self.get_queryset(request), pk=pk, ended_at=None)
        return words_page(
            self, request, title=gettext("Back early"), label="", button=gettext("End"),
            facts=[(_("On leave"), found.official), (_("Stands in"), found.delegate), (_("Until"), times.moment(found.ends_at))],
            act=lambda _text: workflow.end_delegation(found.pk, by=who(request)),
            done=gettext("Nobody stands in any more."), back="admin:reviews_delegation_changelist", refusals=REFUSALS,
        )  # fmt: skip

    @admin.display(description=_("State"))
    def state(self, delegation: Delegation) -> str:
        now = timezone.now()
        if delegation.ended_at:
            return gettext("ended early %(time)s") % {"time": times.short(delegation.ended_at)}
        return gettext("over") if delegation.ends_at <= now else self.end_link(delegation.pk)


@admin.register(Interest)
class InterestAdmin(StandingAdmin):
    list_display = ("user", "relation", "other_side", "note", "declared_at", "state")
    list_select_related = ("user", "enterprise", "person")
    ordering = ("-declared_at", "-pk")
    fields = ("user", "relation", "enterprise", "person", "note", "declared_at", "ended_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Interest]:
        user = who(request)
        if user.is_superuser:
            return Interest.objects.all()
        return Interest.objects.filter(user__in=postings(user).order_by().values("user"))

    def new(self, request: HttpRequest) -> HttpResponse:
        form = InterestForm(who(request), request.POST or None)
        return form_page(
            self, request, form, title=gettext("Declare a conflict of interest"),
            act=lambda said: workflow.declare_interest(
                said["official"].pk, by=who(request), enterprise=said["uscc"], person=said["email"], note=said["note"]
            ),
            done=gettext("It is on record."), back="admin:reviews_interest_changelist",
        )  # fmt: skip

    def end(self, request: HttpRequest, pk: int) -> HttpResponse:
        found = get_object_or_404(self.get_queryset(request), pk=pk, ended_at=None)
        return words_page(
            self, request, title=gettext("End a conflict of interest"), label=gettext("Reason"), button=gettext("End"),
            facts=[(_("Official"), found.user), (_("Relation"), found.get_relation_display())],
            act=lambda text: workflow.end_interest(found.pk, by=who(request), reason=text),
            done=gettext("It is on record."), back="admin:reviews_interest_changelist", refusals=REFUSALS,
        )  # fmt: skip

    @admin.display(description=_("Other side"))
    def other_side(self, interest: Interest) -> Any:
        return interest.enterprise or interest.person

    @admin.display(description=_("State"))
    def state(self, interest: Interest) -> str:
        return times.short(interest.ended_at) if interest.ended_at else self.end_link(interest.pk)
