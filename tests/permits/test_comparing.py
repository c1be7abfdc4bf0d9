"""Two editions side by side: what differs, order too; and what of a draft's rows fits the newer one."""

from __future__ import annotations

from permits import comparing
from permits.definition_file import parse
from tests.permits.test_definition import SOURCE
from tests.portal.test_services_as_data import UNKNOWN

ROWS = [{"name": "鳙", "kilos": "600"}, {"name": "鲢", "kilos": "400"}]


def said(before: str, after: str) -> list[str]:
    return [str(change) for change in comparing.changes(parse(before), parse(after))]


def swapped(source: str, first: str, second: str) -> str:
    return source.replace(first, "\0").replace(second, first).replace("\0", second)


def test_columns_that_change_places_are_a_change():
    name = 'key = "name"\ntype = "text"\nlabel = { zh = "名称", en = "Name" }\nunique = true\n'
    kilos = 'key = "kilos"\ntype = "decimal"\nlabel = { zh = "公斤", en = "Kilograms" }\nminimum = 0.1\n'
    assert said(UNKNOWN, swapped(UNKNOWN, name, kilos)) == ["~ fields.species.order: name, kilos → kilos, name"]


def test_rules_and_stages_that_change_places_are_a_change():
    parts = SOURCE.split("[[rules]]\n")
    moved = "[[rules]]\n".join([parts[0], parts[2], parts[1], *parts[3:]])
    (change,) = said(SOURCE, moved)
    assert change.startswith("~ order.rules: batch_within_headcount, origins_add_up")
    extra = SOURCE.replace(
        '[[stages]]\nkey = "decision"',
        '[[stages]]\nkey = "second"\nkind = "countersign"\ntitle = { zh = "再签", en = "Again" }\ndepartments = [{ department = "health" }]\n\n[[stages]]\nkey = "decision"',
    )
    (one, two) = (extra.index('[[stages]]\nkey = "countersign"'), extra.index('[[stages]]\nkey = "second"'))
    end = extra.index('[[stages]]\nkey = "decision"')
    turned = extra[:one] + extra[two:end] + extra[one:two] + extra[end:]
    (change,) = said(extra, turned)
    assert change.startswith("~ order.stages: precheck, countersign, second, decision → precheck, second, countersign")


def test_a_column_that_is_gone_is_told_row_by_row_and_the_rest_of_the_rows_stays():
    newer = UNKNOWN.replace('key = "kilos"\ntype = "decimal"', 'key = "tonnes"\ntype = "decimal"').replace(
        "species.kilos", "species.tonnes"
    )
    kept, left = comparing.carry({"species": ROWS}, parse(UNKNOWN), parse(newer))
    assert kept == {"species": [{"name": "鳙"}, {"name": "鲢"}]}
    (lost,) = left
    assert lost.key == "species.kilos" and lost.label == {"zh": "品种 · 公斤", "en": "Species · Kilograms"}
    assert lost.value == "1. 600\n2. 400"


def test_a_group_that_is_gone_is_told_with_what_stood_in_it():
    newer = (
        UNKNOWN.replace('key = "species"', 'key = "fish"')
        .replace("species.kilos", "fish.kilos")
        .replace('["species"]', '["fish"]')
    )
    kept, left = comparing.carry({"species": ROWS}, parse(UNKNOWN), parse(newer))
    assert kept == {} and left[0].value == "1. 鳙 / 600\n2. 鲢 / 400"


def test_of_very_many_rows_the_first_are_told_and_how_many_there_are():
    source = UNKNOWN.replace("max_rows = 5", "max_rows = 5000\nimportable = true")
    newer = source.replace("minimum = 0.1", "minimum = 0.2")
    many = [{"name": f"鱼{n}", "kilos": "0.1"} for n in range(3000)]
    kept, left = comparing.carry({"species": many}, parse(source), parse(newer))
    assert kept == {}  # they came from a sheet, whose rows are checked when it is read: by the newer form, again
    assert left[0].value.startswith("1. 鱼0 / 0.1\n2. 鱼1") and left[0].value.endswith("\n… (3000)")
    assert left[0].value.count("\n") == 100
    assert comparing.carry({"species": many}, parse(source), parse(source))[0] == {"species": many}
