"""The forms by which an owner looks after an enterprise: its record, its agents, who is invited."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits.codes import mobile, resident_id
from permits.models import Membership, Service
from portal.forms import EnterpriseForm
from reviews.authorisations import Limits
from reviews.enterprises import EDITABLE

SECRET = {"legal_id_number": resident_id.mask, "legal_mobile": mobile.mask}


class RecordForm(EnterpriseForm):
    """The record without its code. Personal numbers are not shown: what is left empty stays as it is."""

    class Meta(EnterpriseForm.Meta):
        fields = list(EDITABLE)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, mask in SECRET.items():
            field = self.fields[name]
            field.required = False
            self.initial[name] = ""
            field.help_text = _("On record: %(masked)s. Leave empty to keep it.") % {
                "masked": mask(getattr(self.instance, name)) or "—"
            }

    @property
    def said(self) -> dict[str, Any]:
        return {key: value for key, value in self.cleaned_data.items() if key not in SECRET or value}


def _day(label: Any, help_text: Any) -> forms.DateField:
    return forms.DateField(
        label=label, help_text=help_text, required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )  # fmt: skip


class LimitsForm(forms.Form):
    """For which services, and from which day to which."""

    use_required_attribute = False
    extent = forms.ChoiceField(
        label=_("For which services"), widget=forms.RadioSelect,
        choices=[("all", _("All services")), ("chosen", _("Only those chosen below"))], initial="all",
    )  # fmt: skip
    services = forms.MultipleChoiceField(
        label=_("Chosen services"), required=False, widget=forms.CheckboxSelectMultiple
    )
    valid_from = _day(_("First day (optional)"), _("Empty: from now on."))
    valid_until = _day(_("Last day (optional)"), _("That day included. Empty: until you end it."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        open_ones = Service.objects.filter(current__isnull=False).select_related("current").order_by("pk")[:200]
        field: Any = self.fields["services"]
        field.choices = [
            (each.slug, str(each.definition.title)) for each in open_ones if each.definition.audience == "enterprise"
        ]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        first, last = said.get("valid_from"), said.get("valid_until")
        if last and last < timezone.localdate():
            self.add_error("valid_until", _("The last day is in the past."))
        elif first and last and last < first:
            self.add_error("valid_until", _("The last day is before the first."))
        if said.get("extent") == "chosen" and not said.get("services") and "services" not in self.errors:
            self.add_error("services", _("Choose at least one service, or all of them."))
        return said

    @property
    def limits(self) -> Limits:
        said = self.cleaned_data
        chosen = tuple(sorted(said["services"])) if said["extent"] == "chosen" else None
        return Limits(chosen, said["valid_from"], said["valid_until"])


class InviteForm(LimitsForm):
    email = forms.EmailField(
        label=_("Their e-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_("They get a link, and answer with an account of this address."),
    )  # fmt: skip
    role = forms.ChoiceField(label=_("As what"), widget=forms.RadioSelect, initial=Membership.Role.AGENT, choices=[
        (Membership.Role.AGENT, _("Agent: files for the enterprise, within the limits below")),
        (Membership.Role.OWNER, _("Owner: also changes the record and says who may act; without limits")),
    ])  # fmt: skip
    field_order = ["email", "role", "extent", "services", "valid_from", "valid_until"]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().lower()
        if not email.isascii():
            raise ValidationError(_("Enter a valid email address."))
        return email


def initial_of(membership: Membership) -> dict[str, Any]:
    return {
        "extent": "all" if membership.all_services else "chosen",
        "services": [service.slug for service in membership.services.all()],
        "valid_from": membership.valid_from, "valid_until": membership.valid_until,
    }  # fmt: skip
