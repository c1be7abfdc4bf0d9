"""What a definition may not say, for the portal would pass it over in silence: refused before it is published, with its line."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

import pytest

from permits.definition import Definition
from permits.definition_checks import faults as checked
from permits.definition_file import parse
from permits.definition_words import in_words
from tests.permits.test_definition import SOURCE, faults
from tests.portal.test_services_as_data import UNKNOWN

TEXT = 'key = "shift_arrangement"\ntype = "longtext"\n'


@pytest.mark.parametrize(("before", "after", "told"), [
    ('value = "medium"', 'value = "large"', "sections.0.fields.6: field 'enterprise_size': two choices have the value 'large'"),
    ('key = "mask_days"', 'key = "state"', "field 'state': the page itself has a control of this name"),
    ("maximum = 3650", "maximum = -1", "field 'mask_days': 'minimum' is more than 'maximum'"),
    (TEXT, TEXT + "min_length = 3000\n", "'min_length' is more than 'max_length'"),
    ("maximum = 3650", 'maximum = 3650\ndefault = "a week"', "its own check refuses the default: Enter a whole number."),
    ("maximum = 3650", "maximum = 3650\ndefault = 4000", "its own check refuses the default"),
    ('prefill = "size"', 'default = "huge"', "its own check refuses the default"),
    ('key = "mask_days"', 'key = "mask_days"\nprefill = "uscc"', "'uscc' of the record can't be put into a field of type 'integer'"),
    ("must_be = true", "must_be = true\ndefault = true", "a pledge is given, not filled in"),
    ('example = "business_licence_example.jpg"', 'example = "returning_staff.xlsx"', "the example is a picture"),
    ('roster_rows = "first_batch"', 'roster_rows = "legal_name"', "rows are counted by 'legal_name'"),
    ('{ key = "transport", header', '{ key = "mobile", header', "two columns of its roster have the key 'mobile'"),
    ('header = "交通方式"', 'header = "手机号"', "two columns of its roster have the header '手机号'"),
    ('region_field = "region"', 'region_field = "legal_name"', "region_field: region_field names a field that decides who handles it"),
    ('industry_field = "industry"', 'industry_field = "legal_name"', "industry_field names a field that is no industry"),
])  # fmt: skip
def test_it_is_refused_with_line_reason_and_in_chinese(before, after, told):
    said = faults(SOURCE.replace(before, after, 1))
    assert told in said and said.count("\n") == 0 and ":1: " not in said
    message = said.split(": ", 2)[2]
    assert in_words(message) != message  # the table has its words; tests/test_messages.py sees to the Chinese


@pytest.mark.parametrize("column", ["default = 1", 'prefill = "name"', "prefill_last = true"])
def test_a_row_has_no_default_and_no_prefill(column):
    said = faults(UNKNOWN.replace("minimum = 0.1", f"minimum = 0.1\n{column}"))
    assert "sections.0.fields.2.fields.1: field 'species.kilos': a default and a prefill belong to" in said


CIRCLES = {
    "of two questions of a row": [('key = "name"\n', 'key = "name"\nshown_if = "kilos > 1"\n'),
                                  ("minimum = 0.1", 'minimum = 0.1\nshown_if = "name != None"')],
    "from a row to the form and back": [('key = "waters"\n', 'key = "waters"\nshown_if = "sum(species.kilos) > 1"\n'),
                                        ("minimum = 0.1", 'minimum = 0.1\nshown_if = "waters != None"')],
    "from a group to its own rows": [('key = "species"\n', 'key = "species"\nshown_if = "sum(species.kilos) > 1"\n')],
    "of a question with itself": [('key = "waters"\n', 'key = "waters"\nshown_if = "waters != None"\n')],
}  # fmt: skip
THROUGH = {
    "of two questions of a row": "species.kilos, species.name",
    "from a row to the form and back": "species.kilos, waters",
    "from a group to its own rows": "species, species.kilos",
    "of a question with itself": "waters",
}


@pytest.mark.parametrize("circle", CIRCLES)
def test_conditions_in_a_circle_are_refused_wherever_they_turn(circle):
    source = UNKNOWN
    for before, after in CIRCLES[circle]:
        source = source.replace(before, after)
    said = faults(source)
    assert said.endswith(f"shown_if goes in a circle through {THROUGH[circle]}")
    assert ":1: " not in said  # it has a line of its own


def test_what_only_hangs_on_a_circle_is_not_said_to_be_in_it():
    source = SOURCE.replace('key = "origin_key_area"', 'key = "origin_key_area"\nshown_if = "quarantine_place != None"')
    said = faults(source)
    assert "circle through origin_key_area, quarantine_place" in said and "quarantine_end" not in said


def test_a_row_that_asks_by_its_own_questions_and_the_form_s_is_fine():
    parse(UNKNOWN.replace("minimum = 0.1", 'minimum = 0.1\nshown_if = "name != None and waters != None"'))


@pytest.mark.parametrize(
    "pattern", [r"(a+)+", r"(a|aa)*b", r"(a{1,2})*b", r"(a?a?)*b", r"(a{1,2}){1,40}b", r"((a|b)c?)*"]
)
def test_a_pattern_that_a_text_could_keep_busy_is_refused(pattern):
    assert "a text could keep it busy for ever" in faults(SOURCE.replace(TEXT, f"{TEXT}pattern = '{pattern}'\n"))


@pytest.mark.parametrize(
    "pattern", [r"\d{4}-(0[1-9]|1[0-2])", r"[A-Z]{2}\d+", r"(\d{3},){0,5}\d{3}", r"(a|b)*c", r"赣[A-Z]-?\w{5,6}"]
)
def test_a_pattern_that_always_ends_is_taken(pattern):
    definition = parse(SOURCE.replace(TEXT, f"{TEXT}pattern = '{pattern}'\n"))
    assert definition.field("shift_arrangement").pattern == pattern


@pytest.mark.parametrize("text", ["(" * 10_000 + "masks" + ")" * 10_000, "not " * 10_000 + "masks", "-" * 400 + "masks",
                                  "masks" + " + masks" * 60, "[m for m in masks]", "masks.real.imag", "(lambda: 1)()"])  # fmt: skip
@pytest.mark.parametrize("key", ["check", "shown_if"])
def test_an_expression_that_would_loop_or_is_too_deep_is_refused_with_its_line_and_at_once(key, text):
    if key == "check":
        source = SOURCE.replace('check = "first_batch <= headcount"', f'check = "{text}"')
    else:
        source = SOURCE.replace('shown_if = "canteen_used"', f'shown_if = "{text}"')
    line = next(number for number, each in enumerate(source.splitlines(), 1) if f'{key} = "{text}"' in each)
    before = time.process_time()
    said = faults(source)
    assert time.process_time() - before < 2 and f"test.toml:{line}: " in said and f".{key}: " in said


def test_an_edition_of_before_such_a_check_stays_readable():
    broken = SOURCE.replace('value = "medium"', 'value = "large"')
    definition = Definition.model_validate(tomllib.loads(broken))
    assert list(checked(definition)) and definition.slug == "resumption"


@pytest.mark.parametrize("name", ["community_report", "job_retention", "resumption"])
def test_what_ships_is_good(name):
    folder = Path(__file__).parents[2] / "permits" / "services"
    assert parse((folder / f"{name}.toml").read_text(encoding="utf-8"))
