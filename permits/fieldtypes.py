"""What each type of field in a definition is: as a Django form field, as JSON in the answers, and as words on a page."""

from __future__ import annotations

import copy
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils import formats, timezone
from django.utils.choices import flatten_choices, normalize_choices
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from permits.codes import bank_account, industries, mobile, regions, resident_id, uscc
from permits.definition import FormField
from permits.select import Select

YES_NO = [("true", _("Yes")), ("false", _("No"))]


class CodeField(forms.CharField):
    """Text that one of the ``permits.codes`` modules normalises and checks."""

    def __init__(self, clean_code: Callable[[str], str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.clean_code = clean_code

    def clean(self, value: Any) -> str:
        if self._is_plain(value):
            return self.clean_code(value)
        text = super().clean(value)
        return self.clean_code(text) if text else text

    def _is_plain(self, value: Any) -> bool:
        """Letters and digits, not too many: all that Django asks of a text, as of nearly every cell of a sheet."""
        return isinstance(value, str) and value.isascii() and value.isalnum() and len(value) <= (self.max_length or 0)


class ChoiceField(forms.ChoiceField):
    """One of its choices, found without walking through all of them, nor copied with each form: there are 3,000
    counties. Nobody changes the list of choices; a field is given another one."""

    widget: Any = Select

    def __deepcopy__(self, memo: dict[int, Any]) -> ChoiceField:
        made: ChoiceField = forms.Field.__deepcopy__(self, memo)
        return made

    @property
    def choices(self) -> Any:
        return self._choices

    @choices.setter
    def choices(self, value: Any) -> None:
        self._choices: Any = normalize_choices(value)
        self.widget.choices = self._choices
        self.__dict__.pop("_values", None)

    def valid_value(self, value: Any) -> bool:
        return str(value) in self._values

    @cached_property
    def _values(self) -> frozenset[str]:
        flat: Any = flatten_choices(self.choices)
        return frozenset(str(value) for value, _label in flat)


class DateField(forms.DateField):
    """A day; as browsers and sheets write it, 2020-02-10, without trying the formats one after another."""

    def to_python(self, value: Any) -> date | None:
        if isinstance(value, str) and _ISO_DAY.fullmatch(value):
            with suppress(ValueError):  # no such day: let Django say so
                return date.fromisoformat(value)
        return super().to_python(value)


_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class YesNoField(forms.TypedChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            choices=YES_NO, coerce=lambda value: value == "true", empty_value=None, widget=forms.RadioSelect, **kwargs
        )


class PledgeField(forms.BooleanField):
    """A yes/no that can only be answered in one way: a box to tick."""

    widget = forms.CheckboxInput


class DateTimeField(forms.DateTimeField):
    """A moment on the clock of Asia/Shanghai."""

    widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})

    def clean(self, value: Any) -> datetime | None:
        found: datetime | None = super().clean(value)
        if found is not None and not FIRST_YEAR <= found.year <= LAST_YEAR:
            years = {"first": FIRST_YEAR, "last": LAST_YEAR}
            raise forms.ValidationError(_("Enter a year from %(first)d to %(last)d."), params=years)
        return found


FIRST_YEAR, LAST_YEAR = 1900, 9998  # both have a day before and after them, on whatever clock
MOST_DIGITS = 30

_made: dict[tuple[int, str | None], tuple[FormField, forms.Field]] = {}
MADE_AT_MOST = 3000


def form_field(field: FormField) -> forms.Field:
    """The Django form field for ``field``, in the reader's language. None is required: what has to be answered hangs
    on the other answers, and is asked by those who see them all.

    Made once for a language and copied for each form, as Django does with the fields of a form class.
    """
    key = (id(field), get_language())
    found = _made.get(key)
    if found is None or found[0] is not field:  # another question once stood at that address
        if len(_made) >= MADE_AT_MOST:
            _made.clear()
        found = _made[key] = (field, _form_field(field))
    return copy.deepcopy(found[1])


def _form_field(field: FormField) -> forms.Field:
    label = f"{field.label} ({field.unit})" if field.unit else str(field.label)
    help_text = escape(str(field.help or ""))  # crispy takes a help text for HTML
    made = _bare_field(field, {"label": label, "help_text": help_text, "required": False})
    if field.error:
        # The service's own words, whatever it was that the answer broke.
        made.error_messages = dict.fromkeys(made.error_messages, str(field.error))
        made.validators = [_in_words(validator, str(field.error)) for validator in made.validators]
    return made


def _in_words(validator: Callable[[Any], None], words: str) -> Callable[[Any], None]:
    def check(value: Any) -> None:
        try:
            validator(value)
        except ValidationError as error:
            raise ValidationError(words, error.code) from error

    return check


def _bare_field(field: FormField, common: dict[str, Any]) -> forms.Field:
    match field.type:
        case "text" | "longtext":
            return _text_field(field, common)
        case "integer" | "decimal" | "money":
            return _number_field(field, common)
        case "date":
            day_widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"} | _bounds(field))
            return DateField(widget=day_widget, validators=_day_validators(field), **common)
        case "datetime":
            return DateTimeField(validators=_day_validators(field), **common)
        case "choice":
            return ChoiceField(choices=_options(field), widget=forms.RadioSelect, **common)
        case "multichoice":
            return forms.MultipleChoiceField(choices=_options(field), widget=forms.CheckboxSelectMultiple, **common)
        case "yesno":
            return PledgeField(**common) if field.must_be else YesNoField(**common)
        case "region":
            return region_field(field.within, **common)
        case "industry":
            return industry_field(**common)
        case "email":
            widget = forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"})
            return forms.EmailField(max_length=254, widget=widget, **common)
        case "group":
            return GroupField(field, **common)
        case "file":
            return forms.CharField(widget=forms.HiddenInput, max_length=1, **common)  # its files are materials
    own_check = field.error is not None
    clean = CODES[field.type]
    code = _code_clean(clean, str(field.error)) if own_check else clean
    return CodeField(code, max_length=40, widget=_code_widget(field.type), **common)


CODES: dict[str, Callable[[str], str]] = {
    "uscc": uscc.clean, "resident_id": resident_id.clean, "mobile": mobile.clean, "bank_account": bank_account.clean,
}  # fmt: skip


def _code_clean(clean: Callable[[str], str], words: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        try:
            return clean(text)
        except ValidationError as error:
            raise ValidationError(words, error.code) from error

    return check


def _text_field(field: FormField, common: dict[str, Any]) -> forms.Field:
    widget = forms.Textarea(attrs={"rows": 4}) if field.type == "longtext" else forms.TextInput()
    validators = []
    if field.pattern:
        message = _("This is not written as it is asked for. See the help below the field.")
        validators.append(RegexValidator(rf"\A(?:{field.pattern})\Z", message, "pattern"))
    return forms.CharField(
        widget=widget, min_length=field.min_length or None, max_length=field.max_length, validators=validators, **common
    )


def _number_field(field: FormField, common: dict[str, Any]) -> forms.Field:
    low, high = _number(field.minimum), _number(field.maximum)
    if field.type == "integer":
        attrs = {"inputmode": "numeric"}
        top = int(high) if high is not None else 2_147_483_647
        bottom = int(low) if low is not None else -2_147_483_648
        return IntegerField(min_value=bottom, max_value=top, widget=forms.TextInput(attrs=attrs), **common)
    widget = forms.TextInput(attrs={"inputmode": "decimal"})
    made = MoneyField if field.type == "money" else DecimalField
    return made(min_value=low, max_value=high, max_digits=16, decimal_places=2, widget=widget, **common)


class IntegerField(forms.IntegerField):
    """A whole number as people write it: 1,200 and １２００ too."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(_digits(value))


class DecimalField(forms.DecimalField):
    def to_python(self, value: Any) -> Any:
        return super().to_python(_digits(value))


class MoneyField(DecimalField):
    """An amount in yuan: ¥, 元 may stand beside it."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(re.sub(r"[¥￥元\s]", "", str(value)) if value is not None else None)


_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")


def _digits(value: Any) -> Any:
    """A number that was typed: full-width characters folded, thousands parted by commas put together. 1,5 stays what it
    is, and is refused: nobody knows whether it was meant to be 1.5."""
    return _THOUSANDS.sub("", unicodedata.normalize("NFKC", value)) if isinstance(value, str) else value


def _number(bound: Any) -> Decimal | None:
    return None if bound is None or isinstance(bound, date) else Decimal(str(bound))


def _bounds(field: FormField) -> dict[str, str]:
    bounds = {"min": field.minimum, "max": field.maximum}
    return {key: str(bound) for key, bound in bounds.items() if bound is not None}


def _day_validators(field: FormField) -> list[Callable[[Any], None]]:
    def check(value: date) -> None:
        day = timezone.localdate(value) if isinstance(value, datetime) else value
        if isinstance(field.minimum, date) and day < field.minimum:
            raise ValidationError(_("Not before %(day)s."), "minimum", {"day": formats.date_format(field.minimum)})
        if isinstance(field.maximum, date) and day > field.maximum:
            raise ValidationError(_("Not after %(day)s."), "maximum", {"day": formats.date_format(field.maximum)})

    return [check] if field.minimum is not None or field.maximum is not None else []


def _options(field: FormField) -> list[tuple[str, str]]:
    return [(choice.value, str(choice.label)) for choice in field.choices]


def _code_widget(kind: str) -> forms.TextInput:
    if kind in ("mobile", "bank_account"):
        return forms.TextInput(attrs={"inputmode": "tel" if kind == "mobile" else "numeric", "autocomplete": "off"})
    return _code_input("18")


# --- a group: rows of the same questions --------------------------------------------------------------------


class GroupWidget(forms.Widget):
    """Takes the rows out of what a browser posts: ``months-0-headcount``, ``months-1-headcount`` …

    A group too long to be edited on the page is posted as ``months-kept``, and stays what it was.
    """

    use_fieldset = True

    def __init__(self, field: FormField) -> None:
        super().__init__()
        self.field = field
        self.parts = {column.key: form_field(column).widget for column in field.fields}

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        if isinstance(found := data.get(name), list):
            return found
        if f"{name}-kept" in data:
            return KEPT
        shape = re.compile(rf"{re.escape(name)}-(\d{{1,5}})-")
        numbers = sorted({int(match[1]) for key in data if (match := shape.match(key))})
        return [self._row(data, files, f"{name}-{number}") for number in numbers]

    def _row(self, data: Mapping[str, Any], files: Any, prefix: str) -> dict[str, Any]:
        row = {}
        for key, widget in self.parts.items():
            value = widget.value_from_datadict(data, files, f"{prefix}-{key}")
            if value not in (None, "", [], False):
                row[key] = value
        return row

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Rows are rendered by ``forms.GroupBlock``, which knows what is wrong with each."""
        return SafeString("")


KEPT = "kept"


class GroupField(forms.Field):
    """Its value is a list of rows as they were posted; ``groups.check`` looks into them."""

    def __init__(self, field: FormField, **kwargs: Any) -> None:
        super().__init__(widget=GroupWidget(field), **kwargs)


def _code_input(size: str) -> forms.TextInput:
    return forms.TextInput(
        attrs={"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false", "size": size}
    )


def region_field(within: str | None, **common: Any) -> forms.ChoiceField:
    """A county, chosen from a list grouped by city; with script by province, city and county, or by typing."""
    groups = _counties(within)
    prefixes = dict.fromkeys(code[:2] for _city, counties in groups for code, _name in counties)
    provinces = {prefix: regions.full_name(f"{prefix}0000") for prefix in prefixes}
    words = {
        "search": _("Type a part of the name, or the code"), "province": _("Province"), "city": _("City"),
        "county": _("County"), "none": _("No such place. Choose it below."), "found": _("{n} places found"),
    }  # fmt: skip
    attrs = {"data-regions": json.dumps(provinces, ensure_ascii=False)}
    attrs |= {f"data-text-{key}": str(text) for key, text in words.items()}
    return ChoiceField(choices=[("", "———"), *groups], widget=Select(attrs=attrs), **common)


def industry_field(**common: Any) -> forms.ChoiceField:
    return ChoiceField(choices=[("", "———"), *industries.choices()], **common)


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
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value


def from_json(field: FormField, value: Any) -> Any:
    """An answer as expressions see it; ``None`` when it is missing or isn't (yet) what the field asks for."""
    if value is None or value == "" or value == []:
        return None
    try:
        match field.type:
            case "integer":
                return int(value)
            case "decimal" | "money":
                return _finite(str(value))
            case "date":
                return date.fromisoformat(value)
            case "datetime":
                moment = datetime.fromisoformat(value)
                if not FIRST_YEAR <= moment.year <= LAST_YEAR:
                    return None
                return moment if moment.tzinfo else timezone.make_aware(moment)
            case "yesno":
                return value if isinstance(value, bool) else {"true": True, "false": False}.get(value)
            case "multichoice":
                return [str(one) for one in value] if isinstance(value, list) else None
            case "group":
                return [_row_from_json(field, row) for row in value] if isinstance(value, list) else None
    except (ValueError, TypeError, InvalidOperation):
        return None
    return value


def _finite(text: str) -> Decimal | None:
    """None for what is no number of anything, and would take minutes to be written out (``1e9999999``)."""
    number = Decimal(text)
    return number if number.is_finite() and abs(number.adjusted()) <= MOST_DIGITS else None


def _row_from_json(field: FormField, row: Any) -> dict[str, Any]:
    stored = row if isinstance(row, dict) else {}
    return {column.key: from_json(column, stored.get(column.key)) for column in field.fields}


def to_form(field: FormField, value: Any) -> Any:
    """An answer as the form shows it, whether it is good or still has to be mended."""
    if field.type == "yesno":
        if field.must_be:
            return value is True or value == "true"
        return {True: "true", False: "false"}.get(value, value)
    if field.type == "datetime" and isinstance(value, str):
        moment = from_json(field, value)
        return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M") if moment else value
    return value


def display(field: FormField, value: Any, *, mask: bool = True) -> str:
    """An answer in words; personal numbers masked unless told otherwise."""
    if value is None or value == "" or value == []:
        return ""
    match field.type:
        case "yesno":
            return {"True": gettext("Yes"), "False": gettext("No")}.get(str(from_json(field, value)), str(value))
        case "choice":
            return next((str(choice.label) for choice in field.choices if choice.value == value), str(value))
        case "multichoice":
            chosen = value if isinstance(value, list) else [value]
            labels = {choice.value: str(choice.label) for choice in field.choices}
            return gettext(", ").join(labels.get(one, str(one)) for one in chosen)
        case "region":
            return regions.full_name(value) if regions.get(value) else str(value)
        case "industry":
            industry = industries.get(value)
            return industries.label(industry) if industry else str(value)
        case "date":
            day = from_json(field, value)
            return formats.date_format(day, "DATE_FORMAT") if day else str(value)
        case "datetime":
            moment = from_json(field, value)
            return formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT") if moment else str(value)
        case "money":
            amount = from_json(field, value)
            return f"¥{amount:,.2f}" if amount is not None else str(value)
        case "group":
            count = len(value)
            return ngettext("%(count)d row", "%(count)d rows", count) % {"count": count}
        case "resident_id" | "mobile" | "bank_account":
            return MASKS[field.type](str(value)) if mask else str(value)
        case "email":
            return mask_email(str(value)) if mask else str(value)
    return f"{value} {field.unit}" if field.unit else str(value)


MASKS: dict[str, Callable[[str], str]] = {
    "resident_id": resident_id.mask, "mobile": mobile.mask, "bank_account": bank_account.mask,
}  # fmt: skip


def mask_email(address: str) -> str:
    """``li***@example.cn``: enough for its owner to know it."""
    name, at, host = address.rpartition("@")
    return f"{name[:2]}***{at}{host}" if at else "***"


__all__ = ["display", "form_field", "from_json", "industry_field", "region_field", "to_form", "to_json"]
