"""The form that a definition becomes."""

from __future__ import annotations

import pytest
from django.utils import timezone

from permits.definition_file import parse
from permits.forms import as_data, section_form, values_of
from tests.permits.test_definition import SOURCE

DEFINITION = parse(SOURCE)
STAFF = DEFINITION.section("staff")
GOOD = {"headcount": "150", "first_batch": "120", "origin_local": "84", "origin_province": "26", "origin_other": "10",
        "origin_key_area": "0"}  # fmt: skip


def form(data, section="staff", earlier=None):
    bound = section_form(DEFINITION, DEFINITION.section(section), earlier or {}, data)
    bound.is_valid()
    return bound


def test_origins_that_do_not_add_up_are_refused_and_stay_on_the_form():
    bound = form({**GOOD, "origin_local": "80"})
    assert "origin_local" in bound.errors
    assert bound.answers()["origin_local"] == "80" and bound.answers()["headcount"] == 150


def test_a_first_batch_larger_than_the_headcount_is_refused():
    assert "first_batch" in form({**GOOD, "headcount": "100"}).errors


def test_a_hidden_field_is_neither_asked_nor_kept():
    bound = form({**GOOD, "quarantine_place": "某酒店"})
    assert not bound.errors and bound.answers()["quarantine_place"] is None


def test_a_shown_field_is_required():
    bound = form({**GOOD, "origin_local": "82", "origin_key_area": "2"})
    assert set(bound.errors) == {"quarantine_place", "quarantine_end"}


def test_what_is_wrong_is_kept_as_it_was_typed():
    bound = form({**GOOD, "headcount": "一百五十"})
    assert bound.errors["headcount"] and bound.answers()["headcount"] == "一百五十"
    again = section_form(DEFINITION, STAFF, bound.answers())
    assert again["headcount"].value() == "一百五十"


def test_full_width_digits_are_understood():
    assert form({**GOOD, "headcount": "１５０"}).answers()["headcount"] == 150


def test_a_wrong_credit_code_is_told_apart_from_a_wrong_id_number():
    assert "uscc" in form({"uscc": "91350100M000100Y4Z"}, "enterprise").errors
    assert "legal_id_number" in form({"legal_id_number": "110105194912310021"}, "people").errors


def test_a_resumption_date_in_the_past_is_refused():
    assert "resumption_date" in form({"resumption_date": "2020-02-10"}, "arrangement").errors


def test_too_few_masks_warn_and_do_not_block():
    data = {"masks": "100", "mask_days": "1", "thermometers": "1", "disinfectant_litres": "1.5",
            "quarantine_room": "true", "pledge": "on"}  # fmt: skip
    bound = form(data, "supplies", {"first_batch": 120})
    assert not bound.errors and [rule.key for rule in bound.warnings] == ["masks_for_a_week"]


def test_without_the_pledge_it_cannot_be_sent():
    assert "pledge" in form({}, "supplies").errors


@pytest.mark.parametrize("nasty", ["\0", "‮abc", "😀" * 50, "<script>", "=cmd|' /C calc'!A0", "x" * 100_000])
def test_naughty_text_never_breaks_the_form(nasty):
    bound = form({"enterprise_name": nasty}, "enterprise")
    kept = bound.answers()["enterprise_name"]
    assert "\0" not in (kept or "") and len(kept or "") <= 20_000


def test_a_saved_draft_checks_like_the_form_that_filled_it():
    answers = form({**GOOD, "origin_local": "82", "origin_key_area": "2", "quarantine_place": "隔离点",
                    "quarantine_end": timezone.localdate().isoformat()}).answers()  # fmt: skip
    again = section_form(DEFINITION, STAFF, answers, as_data(DEFINITION, answers))
    assert again.is_valid() and again.answers() == answers
    assert values_of(DEFINITION, answers)["origin_key_area"] == 2
