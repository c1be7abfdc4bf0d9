"""Accounts and their rights: made by the system administrator, given rights by the security administrator."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import allauth.account.admin
import allauth.mfa.admin  # noqa: F401
import django.contrib.auth.admin  # noqa: F401
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin

from permits.codes import mobile
from permits.models import User
from reviews import accounts, roles
from reviews.admin.access import ReadOnlyAdmin, looks, who
from reviews.admin.applications import words_page
from reviews.models import Official, RoleGrant

logger = logging.getLogger(__name__)

# What somebody may do comes from memberships, postings and grants; and nobody sets another's address or second factor.
# (The imports above saw to it that each of these had been registered by now.)
for model in (Group, EmailAddress, Authenticator):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

# What is done to an account: in which words, by which function, for whom, and of which accounts.
ACTS: dict[str, tuple[Any, Any, Any, Any]] = {
    "open": (
        gettext_lazy("Let in to the review desk"), accounts.open_desk, roles.is_system_admin_request,
        lambda user: not user.is_staff,
    ),
    "close": (
        gettext_lazy("Shut out of the review desk"), accounts.close_desk, roles.is_system_admin_request,
        lambda user: user.is_staff,
    ),
    "activate": (
        gettext_lazy("Activate the account"), accounts.activate, roles.is_security_admin_request,
        lambda user: not user.is_active,
    ),
    "deactivate": (
        gettext_lazy("Deactivate the account"), accounts.deactivate, roles.is_security_admin_request,
        lambda user: user.is_active,
    ),
}  # fmt: skip


def _do(act: Callable[..., Any], user: User, *about: Any, by: User, doing: str, reason: str) -> None:
    with roles.refusals_on_record(user, by=by, doing=doing):
        act(user, *about, by=by, reason=reason)


class RefusalsInWords(ModelAdmin):
    """What was allowed when the form was checked may be refused a moment later, under the lock."""

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except roles.Refused as refusal:
            roles.keep_refusal(refusal)  # the page's transaction took the event back
            messages.error(request, str(refusal))
            return HttpResponseRedirect(request.get_full_path())


class NewAccountForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ("email", "name")

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


@admin.register(User)
class UserAdmin(RefusalsInWords, ReadOnlyAdmin):
    """No password is set here, and no address changed: either would be a way into somebody else's account."""

    may_see = staticmethod(roles.is_accounts_request)
    list_display = ("email", "name", "is_staff", "is_active", "is_superuser", "date_joined")
    list_filter = ("is_staff", "is_active", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("-date_joined",)
    fields = ("email", "name", "language", "masked_mobile", "is_active", "is_staff", "is_superuser", "held",
              "date_joined", "last_login", "what_can_be_done")  # fmt: skip
    readonly_fields = ("masked_mobile", "held", "what_can_be_done")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return roles.is_system_admin_request(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else NewAccountForm.Meta.fields

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **(kwargs if obj else {**kwargs, "form": NewAccountForm}))

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        user = super().get_object(request, object_id, from_field)
        if user and self.has_view_permission(request, user):
            looks(request, user, "account")
        if user:
            user.possible_acts = [act for act, (_title, _do, may, fits) in ACTS.items() if may(request) and fits(user)]
        return user

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[User], bool]:
        if "field_name" in request.GET:  # whom to post, whom to grant: those that may be
            queryset = queryset.filter(is_active=True, is_staff=True)
        return super().get_search_results(request, queryset, search_term)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        made = accounts.create(obj.email, name=obj.name, by=who(request))
        obj.__dict__.update(made.__dict__)
        transaction.on_commit(lambda: self._invite(request, made), robust=True)

    def _invite(self, request: HttpRequest, user: User) -> None:
        try:
            accounts.invite(user)
        except OSError:  # SMTP's errors are OSErrors
            logger.exception("the invitation of account %s could not be sent", user.public_id)
            messages.warning(request, _("The account is made, but no mail could be sent to %(email)s. They get a link "
                             "with “Forgot your password?” at the log-in.") % {"email": user.email})  # fmt: skip
        else:
            messages.success(request, _("%(email)s was sent a link to choose a password.") % {"email": user.email})

    def get_urls(self) -> list[URLPattern]:
        act = self.admin_site.admin_view(self.act)
        return [path("<int:pk>/act/<slug:name>/", act, name="permits_user_act"), *super().get_urls()]

    def act(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        if name not in ACTS:
            raise Http404
        title, do, may, _fits = ACTS[name]
        if not may(request):
            raise Http404
        user = get_object_or_404(User, pk=pk)
        return words_page(
            self, request, title=title, facts=[(_("Account"), f"{user.name} <{user.email}>")],
            label=_("Reason"), button=title, act=lambda text: _do(do, user, by=who(request), doing=name, reason=text),
            done=_("%(act)s: done for %(name)s.") % {"act": title, "name": user},
            back="admin:permits_user_changelist", refusals=(roles.Refused,),
        )  # fmt: skip

    @admin.display(description=gettext_lazy("Mobile"))
    def masked_mobile(self, user: User) -> str:
        return mobile.mask(user.mobile) if user.mobile else "—"

    @admin.display(description=gettext_lazy("Roles and postings"))
    def held(self, user: User) -> str:
        held = [grant.get_role_display() for grant in user.role_grants.order_by("pk")]
        posts = Official.objects.filter(user=user, active=True).select_related("department")
        return "; ".join(held + [f"{post.get_role_display()} · {post.department}" for post in posts]) or "—"

    @admin.display(description=gettext_lazy("What can be done"))
    def what_can_be_done(self, user: Any) -> str:
        links = [(reverse("admin:permits_user_act", args=[user.pk, act]), ACTS[act][0]) for act in user.possible_acts]
        return format_html_join(" · ", '<a class="rv-link" href="{}">{}</a>', links) or "—"


class RightsAdmin(RefusalsInWords):
    """Kept by the security administrator through ``reviews.roles``, which refuses what a rule stands against."""

    actions = None
    show_full_result_count = False
    list_per_page = 50
    list_select_related: Any = ("user",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return roles.is_security_admin_request(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return roles.is_security_admin_request(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return roles.is_security_admin_request(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return roles.is_security_admin_request(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"by": who(request)})


class OfficialForm(forms.ModelForm):
    by: User

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        user = typed.get("user") or (self.instance.user if self.instance.pk else None)
        if user is None:
            return typed
        try:
            with roles.refusals_on_record(user, by=self.by, doing="post"):
                if typed.get("active", True):
                    roles.check_post(user, by=self.by)
                else:
                    roles.check_assigner(self.by, user)
        except roles.Refused as refusal:
            raise forms.ValidationError(str(refusal), code=refusal.rule) from refusal
        return typed


@admin.register(Official)
class OfficialAdmin(RightsAdmin):
    form = OfficialForm
    list_display = ("user", "department", "role", "active")
    list_filter = ("role", "active")
    list_select_related = ("user", "department")
    search_fields = ("user__name", "user__email", "department__name_zh", "department__name_en")
    autocomplete_fields = ("user", "department")
    ordering = ("department__region", "department__kind", "pk")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("user", "department", "role", "active") if obj else ("user", "department", "role")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("user", "department") if obj else ()

    def save_model(self, request: HttpRequest, obj: Official, form: Any, change: bool) -> None:
        by = who(request)
        with roles.refusals_on_record(obj.user, by=by, doing="post"):
            if not obj.active:
                roles.end_posting(obj, by=by)
                return
            made = roles.post(obj.user, obj.department, obj.role, by=by)
        obj.__dict__.update(made.__dict__)


class RoleGrantForm(forms.ModelForm):
    by: User

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if not typed.get("user") or not typed.get("role"):
            return typed
        try:
            with roles.refusals_on_record(typed["user"], by=self.by, doing="grant"):
                roles.check_grant(typed["user"], typed["role"], by=self.by)
        except roles.Refused as refusal:
            raise forms.ValidationError(str(refusal), code=refusal.rule) from refusal
        return typed


@admin.register(RoleGrant)
class RoleGrantAdmin(RightsAdmin):
    form = RoleGrantForm
    list_display = ("user", "role", "granted_by", "granted_at", "revoke_link")
    list_display_links = None
    list_filter = ("role",)
    list_select_related = ("user", "granted_by")
    search_fields = ("user__name", "user__email")
    autocomplete_fields = ("user",)
    ordering = ("role", "pk")
    fields = ("user", "role")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: RoleGrant, form: Any, change: bool) -> None:
        with roles.refusals_on_record(obj.user, by=who(request), doing="grant"):
            made = roles.grant(obj.user, obj.role, by=who(request))
        obj.__dict__.update(made.__dict__)

    def get_urls(self) -> list[URLPattern]:
        revoke = self.admin_site.admin_view(self.revoke)
        return [path("<int:pk>/revoke/", revoke, name="reviews_rolegrant_revoke"), *super().get_urls()]

    def revoke(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not roles.is_security_admin_request(request):
            raise Http404
        grant = get_object_or_404(RoleGrant.objects.select_related("user"), pk=pk)
        return words_page(
            self, request, title=_("Take a role back"),
            facts=[(_("Account"), f"{grant.user.name} <{grant.user.email}>"), (_("Role"), grant.get_role_display())],
            label=_("Reason"), button=_("Take it back"),
            act=lambda text: _do(
                roles.revoke_grant, grant.user, grant.role, by=who(request), doing="revoke", reason=text
            ),
            done=_("%(name)s does not hold the role any more.") % {"name": grant.user},
            back="admin:reviews_rolegrant_changelist", refusals=(roles.Refused,),
        )  # fmt: skip

    @admin.display(description=gettext_lazy("Take back"))
    def revoke_link(self, grant: RoleGrant) -> str:
        url = reverse("admin:reviews_rolegrant_revoke", args=[grant.pk])
        return format_html('<a class="rv-link" href="{}">{}</a>', url, _("Take back"))
