"""Definitions and their expressions: what is taken, and what is refused with line, key and a reason."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from permits.definition_file import DefinitionError, parse
from permits.expressions import MAX_LENGTH, ExpressionError, Unanswered
from permits.expressions import parse as expression

SOURCE = (Path(__file__).parents[2] / "permits" / "services" / "resumption.toml").read_text(encoding="utf-8")


def faults(source: str) -> str:
    with pytest.raises(DefinitionError) as caught:
        parse(source, name="test.toml")
    return "\n".join(caught.value.faults)


def test_the_shipped_definition_is_good():
    definition = parse(SOURCE)
    assert definition.slug == "resumption" and [stage.key for stage in definition.stages] == [
        "precheck", "countersign", "decision",
    ]  # fmt: skip


def test_an_unknown_key_is_named_with_its_line():
    broken = SOURCE.replace('key = "uscc"\n', 'key = "uscc"\ncolour = "red"\n', 1)
    line = broken.splitlines().index('colour = "red"') + 1
    assert f"test.toml:{line}: sections.0.fields.1.colour: this key is not known" in faults(broken)


def test_a_rule_that_names_a_missing_field_is_refused():
    assert "rule 'origins_add_up' names 'nobody'" in faults(SOURCE.replace('== first_batch"', '== nobody"'))


def test_a_field_key_used_twice_is_refused():
    assert "two fields have the key 'masks'" in faults(SOURCE.replace('key = "mask_days"', 'key = "masks"'))


def test_fields_hidden_in_a_circle_are_refused():
    broken = SOURCE.replace('key = "origin_key_area"', 'key = "origin_key_area"\nshown_if = "quarantine_place != None"')
    assert "circle through" in faults(broken)


def test_a_stage_without_a_department_is_refused():
    assert "departments" in faults(SOURCE.replace('departments = [{ department = "bureau" }]', "departments = []"))


def test_each_fault_between_parts_is_told_on_its_own_with_the_line_of_its_part():
    broken = SOURCE.replace('== first_batch"', '== nobody"').replace('key = "mask_days"', 'key = "masks"')
    lines = broken.splitlines()
    rule = lines.index('key = "origins_add_up"') + 1
    field = len(lines) - lines[::-1].index('key = "masks"')
    told = faults(broken).splitlines()
    assert (
        f"test.toml:{rule - 1}: rules.1: rule 'origins_add_up' names 'nobody', which is not a field of the form" in told
    )
    assert f"test.toml:{field - 1}: sections.4.fields.1: two fields have the key 'masks': rename one" in told


def test_one_wrong_value_is_told_once():
    broken = SOURCE.replace("minimum = 0\nmaximum = 3650", 'minimum = "few"\nmaximum = 3650')
    line = broken.splitlines().index('minimum = "few"') + 1
    (told,) = faults(broken).splitlines()
    assert (
        told == f"test.toml:{line}: sections.4.fields.1.minimum: Input should be a number, or a date such as 2026-03-01"
    )


@pytest.mark.parametrize("text", ["x = " + "[" * 100_000, "x = " + "9" * 5000, "x = 'a", "\0"])
def test_toml_made_to_break_the_reader_is_refused_like_any_other(text):
    assert "TOML" in faults(text)


def test_text_that_is_not_toml_is_refused_with_its_line():
    assert "test.toml:2: TOML: " in faults('slug = "x"\nthis is not toml\n')


@pytest.mark.parametrize(
    "text",
    ["__import__('os')", "a.b.c", "a[0]", "lambda: 1", "[x for x in y]", "f(1)", "open('x')", "a ** 9", "a if b else c",
     "(" * 10_000 + "1" + ")" * 10_000, "1+" * 400 + "1", "'x' * 10**9", "a := 1", ""],
)  # fmt: skip
def test_what_the_language_does_not_have_is_refused(text):
    with pytest.raises(ExpressionError):
        expression(text)


def test_an_unanswered_field_leaves_a_rule_open():
    rule = expression("first_batch <= headcount")
    assert rule.holds({"first_batch": 5, "headcount": None}, when_unanswered=True)
    with pytest.raises(Unanswered):
        rule.value({"headcount": 3})
    assert not rule.holds({"first_batch": 5, "headcount": 3}, when_unanswered=True)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_rule_computes_what_arithmetic_says(a, b, c):
    values = {"a": a, "b": b, "c": Decimal(c)}
    assert expression("a + b * 2 - c >= 0 and not a > b").holds(values, when_unanswered=False) == (
        a + b * 2 - c >= 0 and not a > b
    )


@given(st.text(max_size=MAX_LENGTH))
def test_any_text_is_either_read_or_refused_and_never_anything_else(text):
    with contextlib.suppress(ExpressionError):
        expression(text).holds({}, when_unanswered=False)
