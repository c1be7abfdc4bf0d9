"""A definition's TOML is changed piece by piece: what isn't meant stays as it was written, comments too."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from permits import definition_editing as parts
from permits import definition_text as text
from permits.definition_file import parse

FOLDER = Path(__file__).parents[2] / "permits" / "services"
SOURCES = {file.stem: file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.toml"))}
COMMENTED = """# The file speaks first.
slug = "x" # not to be changed
# About what follows.

# Persons.
[[sections]]
key = "people" # ends the line
title = { zh = "人", en = "People" }

# Who it is.
[[sections.fields]]
key = "name"
# Before the type.
type = "text"
label = { zh = "姓名", en = "Name" } # both

[[sections.fields]]
key = "age"
type = "integer"
label = { zh = "年龄", en = "Age" }

# Places.
[[sections]]
key = "places"
title = { zh = "地点", en = "Places" }

[[sections.fields]]
key = "town"
type = "text"
[sections.fields.label]
zh = "镇" # in Chinese
en = "Town"

# Not a comment of the field: the rules.
[[rules]]
key = "grown"
check = '''
age >= 18
# not a comment, but text: [[sections]]'''
"""


def lines_of(source: str) -> list[str]:
    return source.splitlines()


def test_a_label_is_changed_and_every_other_line_stays():
    changed = text.put(COMMENTED, ("sections", 0, "fields", 0), {"label": {"zh": "名字", "en": "Name"}})
    differ = [(a, b) for a, b in zip(lines_of(COMMENTED), lines_of(changed), strict=True) if a != b]
    assert differ == [('label = { zh = "姓名", en = "Name" } # both', 'label = { zh = "名字", en = "Name" } # both')]


def test_a_label_that_is_a_table_of_its_own_is_changed_there():
    changed = text.put(COMMENTED, ("sections", 1, "fields", 0), {"label": {"zh": "乡", "en": "Town"}})
    assert 'zh = "乡" # in Chinese' in changed


def test_keys_come_and_go_beside_the_comments():
    changed = text.put(COMMENTED, ("sections", 0, "fields", 0), {"type": None, "required": False, "minimum": 3})
    assert (
        '# Before the type.\nlabel = { zh = "姓名", en = "Name" } # both\nrequired = false\nminimum = 3\n\n' in changed
    )


def test_what_moves_takes_its_comments_along():
    changed = text.move(COMMENTED, ("sections", 0, "fields", 0), ("sections", 1, "fields", 1))
    assert '# Who it is.\n[[sections.fields]]\nkey = "name"\n# Before the type.\n' in changed.split("# Places.")[1]
    assert [f["key"] for f in tomllib.loads(changed)["sections"][1]["fields"]] == ["town", "name"]
    back = text.move(changed, ("sections", 1, "fields", 1), ("sections", 0, "fields", 0))
    assert back == COMMENTED


def test_a_section_moves_whole_and_the_first_line_of_the_file_stays_first():
    changed = text.move(COMMENTED, ("sections", 1), ("sections", 0))
    assert changed.index("# Places.") < changed.index("# Persons.") and changed.startswith("# The file speaks first.")
    assert sorted(lines_of(changed)) == sorted(lines_of(COMMENTED))


def test_what_is_removed_takes_only_its_own_comment_along():
    changed = text.remove(COMMENTED, ("sections", 0, "fields", 0))
    assert "Who it is" not in changed and "# Persons." in changed and "# Places." in changed


def test_the_last_rule_goes_and_a_first_one_comes_behind_the_form():
    without = text.remove(COMMENTED, ("rules", 0))
    assert "rules" not in tomllib.loads(without)
    again = text.add(without, ("rules", 0), {"key": "r", "check": "age > 1"})
    assert again.endswith('[[rules]]\nkey = "r"\ncheck = "age > 1"\n')


@pytest.mark.parametrize("source", [
    'sections = [{ key = "a", fields = [{ key = "b" }, { key = "c" }] }]\n',
    '[[sections]]\nkey = "a"\nfields = [{ key = "b" }, { key = "c" }]\n',
])  # fmt: skip
def test_what_is_written_in_one_line_is_left_to_the_toml_page_and_not_broken(source):
    with pytest.raises(text.Unwritable):
        text.move(source, ("sections", 0, "fields", 1), ("sections", 0, "fields", 0))
    with pytest.raises(text.Unwritable):
        text.put(source, ("sections", 0, "fields", 1), {"key": "d"})


def test_what_is_not_there_cant_be_changed():
    with pytest.raises(LookupError):
        text.put(COMMENTED, ("sections", 7), {"key": "x"})


NASTY = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=60)


@settings(max_examples=150, deadline=None)
@given(words=NASTY, english=NASTY)
def test_whatever_is_typed_into_a_label_comes_back_from_the_toml(words, english):
    changed = text.put(COMMENTED, ("sections", 0, "fields", 0), {"label": {"zh": words, "en": english}})
    assert tomllib.loads(changed)["sections"][0]["fields"][0]["label"] == {"zh": words, "en": english}
    assert changed.count("#") - words.count("#") - english.count("#") == COMMENTED.count("#")


@pytest.mark.parametrize("name", SOURCES)
def test_every_part_of_a_shipped_definition_can_be_moved_and_comes_back(name):
    source = SOURCES[name]
    for part in parts.parts(tomllib.loads(source)):
        for step in (1, -1):
            to = parts.neighbour(tomllib.loads(source), part, step) if part.path else None
            if to is None:
                continue
            moved = text.move(source, part.path, to)
            assert moved != source and text.move(moved, to, part.path) == source, part.address


@pytest.mark.parametrize("name", SOURCES)
def test_a_form_sent_as_it_was_shown_changes_nothing(name):
    data = tomllib.loads(SOURCES[name])
    questions = [part for part in parts.parts(data) if part.kind == "field"]
    for part in parts.parts(data):
        shown = parts.PartForm(part, questions)
        sent = QueryDict(mutable=True)
        for bound in shown:
            value = bound.value()
            if value is True:
                sent[bound.name] = "on"
            elif value is not False:
                sent.setlist(bound.name, value) if isinstance(value, list) else sent.update({bound.name: value})
        assert parts.PartForm(part, questions, sent).changes() == {}, part.address


def changes(address: str, source: str = SOURCES["resumption"], **typed: str) -> dict:
    data = tomllib.loads(source)
    part = parts.find(data, address)
    shown = parts.PartForm(part, [])
    sent = QueryDict(mutable=True)
    sent.update({bound.name: bound.value() for bound in shown if bound.value() not in (True, False)})
    sent.update({bound.name: "on" for bound in shown if bound.value() is True})
    for key, value in typed.items():
        sent[key] = value
    return parts.PartForm(part, [], sent).changes()


def test_numbers_dates_and_choices_are_written_as_what_they_are():
    assert changes("sections.2.fields.0", minimum="2", maximum="2.5") == {"minimum": 2, "maximum": 2.5}
    assert changes("sections.2.fields.0", minimum="many") == {"minimum": "many"}  # wrong, and kept: the check says so
    typed = changes("sections.0.fields.6", choices="big | 大 | Big\nlittle｜小｜Little\n")
    assert typed["choices"][1] == {"value": "little", "label": {"zh": "小", "en": "Little"}}


def test_a_part_is_found_again_after_others_came_before_it():
    data = tomllib.loads(text.add(SOURCES["resumption"], ("sections", 0), {"key": "new", "fields": [{"key": "n"}]}))
    assert parts.find(data, "sections.4.fields.0", "masks").address == "sections.5.fields.0"
    with pytest.raises(LookupError):
        parts.find(data, "sections.4.fields.0", "gone")


@pytest.mark.parametrize(
    "address", ["rules.x", "materials.0", "sections", "sections.0.fields.0.fields.0.fields.0", "a" * 500]
)
def test_an_address_of_nothing_is_not_found(address):
    with pytest.raises(LookupError):
        parts.find(tomllib.loads(SOURCES["resumption"]), address)


def test_new_parts_are_right_as_they_come():
    source = SOURCES["resumption"]
    for kind, to in (("section", ("sections", 5)), ("field", ("sections", 0, "fields", 7)), ("rule", ("rules", 4))):
        source = text.add(source, to, parts.fresh(tomllib.loads(source), kind))
    definition = parse(source)
    assert len(definition.sections) == 6 and definition.field("question_2") is not None and len(definition.rules) == 5
