"""What each type of field in a definition is: as a Django form field, as JSON in the answers, and as words on a page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils import formats
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from permits.codes import industries, mobile, regions, resident_id, uscc
from permits.definition import FormField

YES_NO = [("true", _("Yes")), ("false", _("No"))]


class CodeField(forms.CharField):
    """Text that one of the ``permits.codes`` modules normalises and checks."""

    def __init__(self, clean_code: Callable[[str], str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.clean_code = clean_code

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        return self.clean_code(text) if text else text


class YesNoField(forms.TypedChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            choices=YES_NO, coerce=lambda value: value == "true", empty_value=None, widget=forms.RadioSelect, **kwargs
        )


class PledgeField(forms.BooleanField):
    """A yes/no that can only be answered in one way: a box to tick."""

    widget = forms.CheckboxInput


def form_field(field: FormField, **common: Any) -> forms.Field:
    """The Django form field for ``field``; ``common`` has label, help_text, required."""
    match field.type:
        case "text" | "longtext":
            widget = forms.Textarea(attrs={"rows": 4}) if field.type == "longtext" else forms.TextInput
            return forms.CharField(widget=widget, max_length=field.max_length, **common)
        case "integer":
            attrs = {"inputmode": "numeric"}
            top = field.maximum if field.maximum is not None else 2_147_483_647
            return forms.IntegerField(
                min_value=field.minimum, max_value=top, widget=forms.TextInput(attrs=attrs), **common
            )
        case "decimal":
            return forms.DecimalField(
                min_value=field.minimum, max_value=field.maximum, max_digits=16, decimal_places=2,
                widget=forms.TextInput(attrs={"inputmode": "decimal"}), **common,
            )  # fmt: skip
        case "date":
            return forms.DateField(widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}), **common)
        case "choice":
            options = [(choice.value, str(choice.label)) for choice in field.choices]
            return forms.ChoiceField(choices=options, widget=forms.RadioSelect, **common)
        case "yesno":
            return PledgeField(**common) if field.must_be else YesNoField(**common)
        case "region":
            return region_field(field.within, **common)
        case "industry":
            return industry_field(**common)
        case "uscc":
            return CodeField(uscc.clean, max_length=40, widget=_code_input("18"), **common)
        case "resident_id":
            return CodeField(resident_id.clean, max_length=40, widget=_code_input("18"), **common)
        case "mobile":
            attrs = {"inputmode": "tel", "autocomplete": "off"}
            return CodeField(mobile.clean, max_length=40, widget=forms.TextInput(attrs=attrs), **common)


def _code_input(size: str) -> forms.TextInput:
    return forms.TextInput(
        attrs={"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false", "size": size}
    )


def region_field(within: str | None, **common: Any) -> forms.ChoiceField:
    """A county, chosen from a list grouped by city."""
    return forms.ChoiceField(choices=[("", "———"), *_counties(within)], **common)


def industry_field(**common: Any) -> forms.ChoiceField:
    return forms.ChoiceField(choices=[("", "———"), *industries.choices()], **common)


def _counties(within: str | None) -> list[tuple[str, list[tuple[str, str]]]]:
    groups: list[tuple[str, list[tuple[str, str]]]] = []
    provinces = [regions.get(within)] if within and within.endswith("0000") else regions.children(None)
    for province in provinces:
        if province is None:
            continue
        for city in regions.children(province.code):
            counties = [(county.code, county.name) for county in regions.children(city.code)]
            groups.append((city.name, counties or [(city.code, city.name)]))
    return groups


def to_json(value: Any) -> Any:
    """A cleaned value as it stands in the answers."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value


def from_json(field: FormField, value: Any) -> Any:
    """An answer as expressions see it; ``None`` when it is missing or isn't (yet) what the field asks for."""
    if value is None or value == "":
        return None
    try:
        match field.type:
            case "integer":
                return int(value)
            case "decimal":
                return Decimal(str(value))
            case "date":
                return date.fromisoformat(value)
            case "yesno":
                return value if isinstance(value, bool) else {"true": True, "false": False}.get(value)
    except (ValueError, TypeError, InvalidOperation):
        return None
    return value


def to_form(field: FormField, value: Any) -> Any:
    """An answer as the form shows it, whether it is good or still has to be mended."""
    if field.type == "yesno":
        if field.must_be:
            return value is True or value == "true"
        return {True: "true", False: "false"}.get(value, value)
    return value


def display(field: FormField, value: Any, *, mask: bool = True) -> str:
    """An answer in words; personal numbers masked unless told otherwise."""
    if value is None or value == "":
        return ""
    match field.type:
        case "yesno":
            return {"True": gettext("Yes"), "False": gettext("No")}.get(str(from_json(field, value)), str(value))
        case "choice":
            return next((str(choice.label) for choice in field.choices if choice.value == value), str(value))
        case "region":
            return regions.full_name(value) if regions.get(value) else str(value)
        case "industry":
            industry = industries.get(value)
            return industries.label(industry) if industry else str(value)
        case "date":
            day = from_json(field, value)
            return formats.date_format(day, "DATE_FORMAT") if day else str(value)
        case "resident_id":
            return resident_id.mask(value) if mask else value
        case "mobile":
            return mobile.mask(value) if mask else value
    return f"{value} {field.unit}" if field.unit else str(value)


__all__ = ["display", "form_field", "from_json", "industry_field", "region_field", "to_form", "to_json"]
