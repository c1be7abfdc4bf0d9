"""The forms of the applicant's pages that no service definition describes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from permits import fieldtypes
from permits.codes import mobile, resident_id, uscc
from permits.codes.text import fold
from permits.models import Enterprise, EnterpriseSize, User
from reviews.models import Rating

PROVINCE = "360000"


class SignupForm(forms.Form):
    """What allauth's sign-up asks besides the e-mail address and the password."""

    name = forms.CharField(label=_("Your name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order = ["name", "email", "password1", "password2"]

    def signup(self, request: HttpRequest, user: User) -> None:
        user.name = self.cleaned_data["name"]
        user.language = get_language() or "zh-hans"
        user.save(update_fields=["name", "language"])


class ProfileForm(forms.Form):
    use_required_attribute = False
    name = forms.CharField(label=_("Your name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    language = forms.ChoiceField(
        label=_("Language of pages and notices"), choices=settings.LANGUAGES, widget=forms.RadioSelect
    )


class MobileForm(forms.Form):
    use_required_attribute = False
    mobile = forms.CharField(
        label=_("Mobile number"), max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "tel-national", "inputmode": "tel"}),
    )  # fmt: skip

    def clean_mobile(self) -> str:
        return mobile.clean(self.cleaned_data["mobile"])


class CodeForm(forms.Form):
    use_required_attribute = False
    code = forms.CharField(
        label=_("Code of 6 digits"), max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )  # fmt: skip

    def clean_code(self) -> str:
        code = "".join(character for character in fold(self.cleaned_data["code"]) if character.isascii() and character.isdigit())
        if len(code) != 6:
            raise ValidationError(_("The code has 6 digits."))
        return code


class EnterpriseForm(forms.ModelForm):
    """An enterprise's record. A code that is registered already is told apart from a wrong one."""

    use_required_attribute = False

    class Meta:
        model = Enterprise
        fields = [
            "uscc", "name", "registered_address", "production_address", "region", "industry", "size", "legal_name",
            "legal_id_number", "legal_mobile",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.registered: Enterprise | None = None

        def code(name: str, clean: Any, **attrs: str) -> None:
            label, help_text = self.fields[name].label, self.fields[name].help_text
            self.fields[name] = fieldtypes.CodeField(
                clean, label=label, help_text=help_text, max_length=40, widget=forms.TextInput(attrs=attrs)
            )

        if "uscc" in self.fields:
            code("uscc", uscc.clean, autocapitalize="characters", autocomplete="off", spellcheck="false")
        code("legal_id_number", resident_id.clean, autocapitalize="characters", autocomplete="off")
        code("legal_mobile", mobile.clean, inputmode="tel", autocomplete="off")
        self.fields["region"] = fieldtypes.region_field(PROVINCE, label=_("County (production address)"))
        self.fields["industry"] = fieldtypes.industry_field(label=_("Industry"))
        self.fields["size"] = forms.ChoiceField(
            label=_("Size"), choices=EnterpriseSize.choices, widget=forms.RadioSelect
        )

    def clean_uscc(self) -> str:
        code: str = self.cleaned_data["uscc"]
        self.registered = Enterprise.objects.filter(uscc=code).exclude(pk=self.instance.pk).first()
        if self.registered:
            raise ValidationError(
                _("This enterprise is registered already. You can ask its owner for access below."), "registered"
            )
        return code

    def full_clean(self) -> None:
        super().full_clean()
        if self.registered:  # nothing else that is missing matters then
            for name in [name for name in self.errors if name != "uscc"]:
                del self.errors[name]

    def validate_unique(self) -> None:
        """``clean_uscc`` says it better than the model would."""


class AccessRequestForm(forms.Form):
    uscc = fieldtypes.CodeField(uscc.clean, label=_("Unified social credit code"), max_length=40)
    message = forms.CharField(
        label=_("Who you are, for the owner"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class RatingForm(forms.Form):
    use_required_attribute = False
    score = forms.TypedChoiceField(
        label=_("How satisfied are you?"), choices=Rating.Score.choices, coerce=int, widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid_choice"), _("Choose one of the five.")),
    )  # fmt: skip
    comment = forms.CharField(
        label=_("Comment (optional)"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )


class ObjectionForm(forms.Form):
    use_required_attribute = False
    text = forms.CharField(
        label=_("What do you object to, and why?"), max_length=4000, widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": _("Say what you object to, and why.")},
    )  # fmt: skip


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason (optional)"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
