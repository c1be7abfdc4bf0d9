"""The roster is read row by row, and all its faults are told at once, each where it stands."""

from __future__ import annotations

import json
import re
import tracemalloc
import zipfile
from datetime import date, datetime
from io import BytesIO
from typing import Any

import pytest
from django.utils import translation
from openpyxl import Workbook

from permits.definition import Definition, Requirement
from permits.intake import roster
from permits.intake.inspect import Refused
from permits.intake.roster import Roster, RosterRefused
from tests.data import roster as invented
from tests.permits.intake.conftest import DATA, document
from tests.permits.intake.test_inspect import repacked

GOOD = ["江立川", "362229197806150016", "13800000618", "360924", date(2026, 11, 30), "自驾", "否"]
OTHER = ["余小禾", "362229198503120025", "13900000312", "360924", date(2026, 11, 30), "步行", "是"]


@pytest.fixture
def requirement(definition: Definition) -> Requirement:
    found = definition.requirement("roster")
    assert found
    return found


def sheet(*rows: list[Any], header: Any = invented.HEADER) -> BytesIO:
    workbook = Workbook()
    page = workbook.active
    assert page is not None
    page.append(list(header))
    for row in rows:
        page.append(row)
    return saved(workbook)


def saved(workbook: Workbook) -> BytesIO:
    out = BytesIO()
    workbook.save(out)
    out.seek(0)
    return out


def changed(**cells: Any) -> list[Any]:
    columns = ("name", "id_number", "mobile", "origin", "return_date", "transport", "quarantine")
    return [cells.get(column, good) for column, good in zip(columns, GOOD, strict=True)]


def messages(found: Roster) -> list[str]:
    return [str(fault) for fault in found.faults]


def test_the_real_roster_of_120_people_is_taken(requirement):
    found = roster.read(document("roster.xlsx"), requirement)
    assert (found.rows, found.total_faults) == (120, 0)


def test_every_fault_of_the_faulty_roster_is_told_where_it_stands(requirement):
    expected = json.loads((DATA / "faults.json").read_text(encoding="utf-8"))
    found = roster.read(document("roster_faulty.xlsx"), requirement)
    assert [(fault.row, fault.column) for fault in found.faults] == [(e["row"], e["column"]) for e in expected]
    assert found.rows == 120
    assert all(fault.message for fault in found.faults)


def test_a_fault_reads_like_a_sentence_and_keeps_personal_data_out(requirement):
    (line,) = messages(roster.read(sheet(OTHER, changed(id_number="362229197806150017")), requirement))
    assert line.startswith("Row 3, 身份证号: The check digit")
    assert "362229197806150017" not in line


def test_a_number_that_stands_twice_is_told_with_the_row_it_stands_in_first(requirement):
    (line,) = messages(roster.read(sheet(GOOD, OTHER, changed(name="another")), requirement))
    assert line == "Row 4, 身份证号: This stands in row 2 already."


def test_the_same_mobile_twice_is_fine_where_the_column_does_not_ask_for_one_each(requirement):
    same_mobile = [*OTHER[:2], GOOD[2], *OTHER[3:]]
    assert not roster.read(sheet(GOOD, same_mobile), requirement).faults


@pytest.mark.parametrize(
    "day",
    [
        date(2020, 2, 10), datetime(2020, 2, 10, 8, 30), "2020-02-10", "2020/2/10", "2020.2.10", "2020年2月10日",
        "2020年02月10日 ", "２０２０－０２－１０", "20200210", 20200210, "2020-02-10 00:00:00",
    ],
)  # fmt: skip
def test_a_date_may_be_written_as_people_write_dates(requirement, day):
    assert messages(roster.read(sheet(changed(return_date=day)), requirement)) == []


@pytest.mark.parametrize("day", ["2020-02-30", "2月10日", "明天", "10/2/2020", 43871, "0020-02-10", "2020-2-100"])
def test_what_is_no_date_is_told(requirement, day):
    (fault,) = roster.read(sheet(changed(return_date=day)), requirement).faults
    assert fault.column == "返岗日期"


@pytest.mark.parametrize(
    "number", [13800000618, 13800000618.0, "138 0000 0618", "+86 138-0000-0618", "１３８００００0618"]
)
def test_a_mobile_may_be_a_number_or_have_blanks(requirement, number):
    assert messages(roster.read(sheet(changed(mobile=number, origin=360924.0)), requirement)) == []


def test_an_id_number_that_excel_rounded_is_told_to_be_rounded(requirement):
    (line,) = messages(roster.read(sheet(changed(id_number=362229197806150016)), requirement))
    assert "lost its last digits" in line


def test_marks_that_come_along_from_a_chat_do_no_harm(requirement):
    row = changed(id_number="\u202d362229197806150016\u202c", mobile="\u202a13800000618\u202c", quarantine=" 否\u00a0")
    assert messages(roster.read(sheet(row), requirement)) == []


def test_yes_and_no_are_told_from_anything_else(requirement):
    found = roster.read(sheet(changed(quarantine="不清楚")), requirement)
    assert messages(found) == ["Row 2, 是否需要隔离: Write 是 or 否."]


def test_empty_rows_are_skipped_and_rows_are_counted_as_excel_does(requirement):
    found = roster.read(sheet([], GOOD, [], ["  "], changed(id_number="1")), requirement)
    assert found.rows == 2
    assert [fault.row for fault in found.faults] == [6]


def test_headers_are_found_below_a_title_in_any_order_and_with_marks(requirement):
    workbook = Workbook()
    page = workbook.active
    assert page is not None
    page.append(["复工人员返岗计划（演示数据）"])
    page.append([])
    page.append(["序号", *(f" *{header}　" for header in reversed(invented.HEADER)), "备注"])
    page.append([1, *reversed(GOOD), "组长"])
    found = roster.read(saved(workbook), requirement)
    assert (found.rows, messages(found)) == (1, [])


def test_the_roster_is_found_on_the_second_sheet_and_a_hidden_one_is_passed_over(requirement):
    workbook = Workbook()
    hidden = workbook.create_sheet("旧")
    hidden.append(list(invented.HEADER))
    hidden.append(changed(id_number="1"))
    hidden.sheet_state = "hidden"
    second = workbook.create_sheet("返岗")
    second.append(list(invented.HEADER))
    second.append(GOOD)
    found = roster.read(saved(workbook), requirement)
    assert (found.rows, messages(found)) == (1, [])


def test_missing_columns_are_named_in_one_fault(requirement):
    found = roster.read(sheet(GOOD[:5], header=invented.HEADER[:5]), requirement)
    (line,) = messages(found)
    assert line.startswith("These columns are missing: 交通方式、是否需要隔离.")


def test_a_roster_without_rows_is_told_to_be_empty(requirement):
    assert "no rows" in messages(roster.read(sheet(), requirement))[0]


def test_of_very_many_faults_the_first_200_are_kept_and_all_are_counted(requirement):
    found = roster.read(sheet(*(["", *GOOD[1:3]] for _ in range(500))), requirement)
    assert len(found.faults) == 200
    assert (
        found.total_faults == 500 * 5 + 499
    )  # five cells are missing in each row, and one ID number is always the same


def big_sheet(rows: int, cells: list[Any]) -> BytesIO:
    workbook = Workbook(write_only=True)
    page = workbook.create_sheet()
    page.append(list(invented.HEADER))
    for _number in range(rows):
        page.append(cells)
    return saved(workbook)


def test_the_twenty_thousand_and_first_row_is_one_too_many(requirement, monkeypatch):
    monkeypatch.setattr(roster, "MAX_ROWS", 50)
    found = roster.read(sheet(*([f"人{n}", *GOOD[1:]] for n in range(80))), requirement)
    assert found.rows == 50
    assert "At most 50 rows" in messages(found)[-1]
    assert found.faults[-1].row == 52


@pytest.mark.once
def test_a_long_roster_takes_no_more_memory_than_a_short_one(requirement):
    def peak(rows: int) -> int:
        content = big_sheet(rows, GOOD)
        tracemalloc.start()
        found = roster.read(content, requirement)
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (found.rows, found.total_faults) == (rows, rows - 1)  # the same ID number each time
        return peak

    peak(10)  # warms up what is made once
    assert peak(4_000) < peak(1_000) + 3 * 1024 * 1024


def test_a_sheet_that_claims_a_row_number_in_the_billions_ends_quickly(requirement):
    with zipfile.ZipFile(DATA / "roster.xlsx") as archive:
        xml = archive.read("xl/worksheets/sheet1.xml")
    moved = re.sub(rb'<row r="121"( [^>]*)?>.*?</row>', rb'<row r="99999999999"><c><v>1</v></c></row>', xml)
    assert moved != xml
    content = BytesIO(repacked("roster.xlsx", xl__worksheets__sheet1_dot_xml=moved))
    found = roster.read(content, requirement)
    assert found.rows == 119
    assert messages(found) == ["Row 100001: At most 20000 rows are taken. Delete empty rows, or split the roster."]


def test_what_is_no_sheet_is_refused(requirement):
    with pytest.raises(Refused) as caught:
        roster.read(BytesIO(repacked("roster.xlsx", xl__workbook_dot_xml=b"<nonsense")), requirement)
    assert caught.value.code == "damaged"


def test_the_refusal_counts_and_carries_all_faults(requirement):
    refused = RosterRefused(roster.read(document("roster_faulty.xlsx"), requirement))
    assert refused.messages == ["The roster has 6 faults. Mend them in the sheet and upload it again."]
    assert (len(refused.faults), refused.total) == (6, 6)


def test_faults_speak_chinese_to_chinese_readers(requirement):
    with translation.override("zh-hans"):
        lines = messages(roster.read(document("roster_faulty.xlsx"), requirement))
    assert len(lines) == 6
