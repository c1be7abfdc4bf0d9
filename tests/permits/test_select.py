"""A drop-down list says what Django's says, whatever its choices and whatever is chosen."""

from __future__ import annotations

import copy

from django import forms
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from permits.fieldtypes import ChoiceField
from permits.select import Select

TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12)
OPTION = st.tuples(TEXT, TEXT)
CHOICES = st.lists(
    st.one_of(OPTION, st.tuples(TEXT.filter(bool), st.lists(OPTION, min_size=1, max_size=3))), max_size=6
)


def said(widget: forms.Select, value: object) -> list[tuple[str, dict[str, str], str | None]]:
    """Every tag with its attributes and its text."""
    drawn = html.fragment_fromstring(widget.render("size", value, {"id": "id_size", "required": True, "hidden": False}))
    return [(tag.tag, dict(tag.attrib), (tag.text or "").strip()) for tag in drawn.iter()]


@given(CHOICES, TEXT)
def test_it_says_what_djangos_says(choices: list, value: str) -> None:
    for chosen in (value, "", None, *(option[0] for option in choices)):
        ours, theirs = Select({"class": "form-select"}, choices), forms.Select({"class": "form-select"}, choices)
        assert said(ours, chosen) == said(theirs, chosen)


def test_what_one_form_chose_is_not_marked_in_the_next() -> None:
    field = ChoiceField(choices=[("a", "A"), ("b", "B")])
    first, second = copy.deepcopy(field), copy.deepcopy(field)
    first.widget.attrs["class"] = "first"
    assert "selected" in first.widget.render("x", "a") and 'class="first"' in first.widget.render("x", "a")
    assert "selected" not in second.widget.render("x", None) and "class" not in second.widget.render("x", None)


def test_a_field_that_is_given_other_choices_shows_those() -> None:
    field = ChoiceField(choices=[("a", "A")])
    field.widget.render("x", None)
    other = copy.deepcopy(field)
    other.choices = [("c", "<C>")]
    assert "&lt;C&gt;" in other.widget.render("x", "c") and ">A<" not in other.widget.render("x", "c")
    assert ">A<" in field.widget.render("x", None)
