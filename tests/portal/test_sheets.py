"""A sheet answers a repeating group, whatever Excel, WPS or a CSV made of it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import date, datetime
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import override
from openpyxl import Workbook, load_workbook

from permits.definition import FormField
from permits.intake import group_sheet, sheets
from permits.intake.inspect import Refused
from tests.portal import steps
from tests.portal.test_services_as_data import begin, signed_in

HEADER = ["姓名", "身份证号", "手机号", "返岗日期", "交通方式", "需隔离"]
GOOD = ["江立川", "362229197806150016", "13800000618", date(2020, 2, 11), "自驾", "否"]


def text(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with override("en"):
        yield


@pytest.fixture
def group() -> FormField:
    choices = [{"value": "car", "label": text("自驾", "Own car")}, {"value": "bus", "label": text("客车", "Coach")}]
    return FormField.model_validate({
        "key": "staff", "type": "group", "label": text("返岗人员", "Returning staff"), "importable": True,
        "max_rows": 20_000,
        "fields": [
            {"key": "name", "type": "text", "label": text("姓名", "Name")},
            {"key": "id_number", "type": "resident_id", "label": text("身份证号", "ID number"), "unique": True},
            {"key": "mobile", "type": "mobile", "label": text("手机号", "Mobile")},
            {"key": "day", "type": "date", "label": text("返岗日期", "Return date")},
            {"key": "by", "type": "choice", "label": text("交通方式", "By"), "choices": choices},
            {"key": "quarantine", "type": "yesno", "label": text("需隔离", "Quarantine"), "required": False},
        ],
    })  # fmt: skip


def sheet(*rows: list[Any], header: list[Any] | None = None) -> Workbook:
    workbook = Workbook()
    for row in [header or HEADER, *rows]:
        workbook.active.append(row)  # type: ignore[union-attr]
    return workbook


def saved(workbook: Workbook) -> BytesIO:
    out = BytesIO()
    workbook.save(out)
    out.seek(0)
    return out


def read(group: FormField, file: BytesIO) -> group_sheet.Imported:
    return group_sheet.read(file, group, {})


def changed(place: int, value: Any) -> list[Any]:
    return [value if index == place else cell for index, cell in enumerate(GOOD)]


def test_a_good_sheet_gives_its_rows_as_if_they_had_been_typed(group):
    done = read(group, saved(sheet(GOOD)))
    assert done.faults == []
    assert done.rows == [{
        "name": "江立川", "id_number": "362229197806150016", "mobile": "13800000618", "day": "2020-02-11", "by": "car",
        "quarantine": False,
    }]  # fmt: skip


@pytest.mark.parametrize(
    ("place", "cell", "key", "becomes"),
    [
        (2, 13800000618, "mobile", "13800000618"),
        (2, 13800000618.0, "mobile", "13800000618"),
        (2, "１３８ ００００－０６１８", "mobile", "13800000618"),
        (3, "2020年2月11日", "day", "2020-02-11"),
        (3, "２０２０／２／１１", "day", "2020-02-11"),
        (3, datetime(2020, 2, 11, 8, 30), "day", "2020-02-11"),
        (4, "Own car", "by", "car"),
        (4, "bus", "by", "bus"),
        (5, "√", "quarantine", True),
    ],
)
def test_what_excel_makes_of_a_value_is_understood(group, place, cell, key, becomes):
    done = read(group, saved(sheet(changed(place, cell))))
    assert (done.faults, done.rows[0][key]) == ([], becomes)


def test_a_fault_names_its_row_and_column_in_the_readers_language(group):
    with override("zh-hans"):
        done = read(group, saved(sheet(GOOD, [None] * 6, changed(1, "362229197806150017"))))
        [fault] = map(str, done.faults)
    assert fault.startswith("第4行") and "身份证号" in fault and "校验" in fault
    assert "362229197806150017" not in fault


def test_an_id_number_that_excel_rounded_is_told(group):
    done = read(group, saved(sheet(changed(1, 362229197806150016))))
    assert "lost its last digits" in str(done.faults[0])


def test_the_same_person_twice_is_told_with_the_first_row(group):
    done = read(group, saved(sheet(GOOD, GOOD)))
    assert "Row 3, ID number: This stands in row 2 already." in map(str, done.faults)


def test_blank_rows_are_passed_over_and_a_title_stands_above(group):
    workbook = Workbook()
    for row in (["某公司返岗名册"], [None], HEADER, GOOD, [None] * 6, ["", " "]):
        workbook.active.append(row)  # type: ignore[union-attr]
    done = read(group, saved(workbook))
    assert (len(done.rows), done.faults) == (1, [])


def test_merged_cells_count_for_all_the_rows_they_cover(group):
    workbook = sheet(GOOD, changed(1, "362229198503120025"))
    page = workbook.active
    assert page is not None
    page.merge_cells("D2:E3")
    page["D2"] = date(2020, 2, 11)
    page.unmerge_cells("D2:E3")
    page["E2"], page["E3"] = "自驾", None
    page.merge_cells("E2:E3")
    done = read(group, saved(workbook))
    assert [row.get("by") for row in done.rows] == ["car", "car"]


def test_a_formula_is_read_and_never_run(group):
    done = read(group, saved(sheet(changed(0, "=1+1"))))  # nothing has computed it, so it has no value
    assert "Row 2, Name: Please fill in" in str(done.faults[0])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_is_read_in_the_encodings_that_people_have(group, encoding, delimiter):
    cells = [str(cell) for cell in GOOD]
    content = f"{delimiter.join(HEADER)}\r\n{delimiter.join(cells)}\r\n".encode(encoding)
    done = read(group, BytesIO(content))
    assert (len(done.rows), done.faults) == (1, [])
    assert done.rows[0]["name"] == "江立川"


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02" * 50, b"%PDF-1.4", b"PK\x03\x04broken", b"\xff\xfe\x00"])
def test_what_is_no_sheet_is_refused_in_words(group, content):
    try:
        done = read(group, BytesIO(content))
    except Refused as refused:
        assert refused.messages[0]
    else:
        assert done.faults and not done.rows


def test_missing_columns_are_named(group):
    done = read(group, saved(sheet(["江立川"], header=["姓名"])))
    assert "身份证号" in str(done.faults[0]) or "ID number" in str(done.faults[0])


def test_the_template_is_read_back_without_a_fault_but_its_emptiness(group):
    for language in ("zh-hans", "en"):
        with override(language):
            content = group_sheet.template(group)
        page = load_workbook(BytesIO(content)).worksheets[0]
        assert page.max_column == 6
        page.append(["江立川", "362229197806150016", "13800000618", "2020-02-11", "自驾", "否"])
        done = read(group, saved(page.parent))
        assert (len(done.rows), done.faults) == (1, [])


NASTY = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(A1)",
    "-2+3",
    "\t=1",
    "<script>",
    "\u202eabc",
    "😀" * 20,
    "a\x07b",
    "x\uffffy\ufffe",
]


@pytest.mark.parametrize("nasty", NASTY)
def test_nothing_in_the_marked_sheet_is_a_formula(group, nasty):
    content = ",".join(HEADER) + "\n" + f'"{nasty}",bad,138,x,y,z\n'
    done = read(group, BytesIO(content.encode()))
    back = load_workbook(BytesIO(group_sheet.marked(BytesIO(content.encode()), group, done.faults))).worksheets[0]
    kinds = {cell.data_type for row in back.iter_rows() for cell in row}
    assert "f" not in kinds
    red = [cell.coordinate for cell in back[2] if cell.fill.start_color.rgb == "FFF8D7DA"]
    assert {"B2", "C2", "D2", "E2"} <= set(red)
    assert "ID number" in back["G2"].value


@pytest.mark.once
def test_ten_thousand_rows_take_little_more_memory_than_their_text(group):
    workbook = Workbook(write_only=True)
    page = workbook.create_sheet()
    page.append(HEADER)
    weights, check = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"
    for number in range(10_000):
        stem = f"360924{1950 + number // 1000 % 50}0101{number % 1000:03}"
        digit = check[sum(int(d) * w for d, w in zip(stem, weights, strict=True)) % 11]
        page.append(["余小禾", stem + digit, "13800000618", "2020-02-11", "自驾", "否"])
    file = saved(workbook)
    tracemalloc.start()
    done = read(group, file)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(done.rows), done.faults) == (10_000, [])
    assert peak < 60 * 1024 * 1024


# --- a sheet that is made to do harm ------------------------------------------------------------------------------


def repacked(workbook: Workbook, part: str, before: bytes, put: bytes) -> BytesIO:
    """The workbook with something in one of its parts that no office program writes there."""
    out = BytesIO()
    with ZipFile(saved(workbook)) as source, ZipFile(out, "w", ZIP_DEFLATED) as packed:
        for name in source.namelist():
            content = source.read(name)
            packed.writestr(name, content.replace(before, put + before) if name == part else content)
    out.seek(0)
    return out


@pytest.mark.parametrize("in_a_child", [True, False])
def test_a_workbook_that_unpacks_to_a_lot_is_refused_before_it_is_opened(group, settings, in_a_child):
    settings.INSPECTION_SANDBOX = in_a_child
    bomb = repacked(sheet(GOOD), "xl/workbook.xml", b"<sheets", b" " * (65 * 1024 * 1024))
    with pytest.raises(Refused, match="too large"):
        read(group, bomb)


def test_the_process_of_the_site_opens_no_workbook_and_one_that_takes_too_much_is_refused_in_words(group, settings, monkeypatch):
    settings.INSPECTION_SANDBOX = True
    monkeypatch.setattr(sheets, "open_sheets", lambda _file: pytest.fail("opened by the site itself"))
    assert len(read(group, saved(sheet(GOOD))).rows) == 1
    settings.INSPECTION_LIMITS = {"megabytes": 300, "seconds": 30}
    assert len(read(group, saved(sheet(GOOD))).rows) == 1
    long = b'<row r="3"><c r="A3" t="str"><v>' + b"x" * (60 * 1024 * 1024) + b"</v></c></row>"
    with pytest.raises(Refused, match="too much memory"):
        read(group, repacked(sheet(GOOD), "xl/worksheets/sheet1.xml", b"</sheetData", long))


def merges(areas: list[str]) -> BytesIO:
    put = "<mergeCells>" + "".join(f'<mergeCell ref="{area}"/>' for area in areas) + "</mergeCells>"
    rows = [changed(1, f"{number:018}") for number in range(300)]
    return repacked(sheet(*rows), "xl/worksheets/sheet1.xml", b"<pageMargins", put.encode())


def test_merged_areas_that_lie_over_one_another_are_refused_at_once(group):
    with pytest.raises(Refused, match="too many merged cells"):
        read(group, merges([f"A1:CV{90_000 + number}" for number in range(20_000)]))
    with pytest.raises(Refused, match="too many merged cells"):
        read(group, merges([f"A{number}:C{90_000 + number}" for number in range(2, 102)]))


def test_merged_areas_far_to_the_right_are_passed_over(group):
    done = read(group, merges([f"CW{number}:XFD1048576" for number in range(1, 300)] + ["E2:XFD2"]))
    assert len(done.rows) == 300


# --- over HTTP --------------------------------------------------------------------------------------------------


def test_twelve_months_come_from_a_sheet(cast):
    steps.shipped("job_retention")
    client = signed_in(cast.owner)
    application = begin(client, "job-retention")
    base = f"/applications/{application.public_id}/fill/headcount/months"
    template = client.get(f"{base}.xlsx")
    assert template.status_code == 200 and template["Content-Type"].endswith("sheet")
    page = load_workbook(BytesIO(template.content))
    for month in range(1, 13):
        page.worksheets[0].append([f"2019-{month:02}", 40 if month != 5 else "many", 0])
    bad = saved(page).getvalue()
    response = client.post(f"{base}/sheet/", {"file": SimpleUploadedFile("m.xlsx", bad)})
    assert response.status_code == 422 and "Row 6, Insured" in response.content.decode()
    application.refresh_from_db()
    assert "months" not in application.answers
    marked = client.post(f"{base}/sheet/", {"file": SimpleUploadedFile("m.xlsx", bad), "mark": "1"})
    assert load_workbook(BytesIO(marked.content)).worksheets[0]["D6"].value.startswith("Insured")
    page.worksheets[0]["B6"] = 41
    good = SimpleUploadedFile("m.xlsx", saved(page).getvalue())
    assert client.post(f"{base}/sheet/", {"file": good}).status_code == 302
    application.refresh_from_db()
    assert [row["insured"] for row in application.answers["months"]][3:6] == [40, 41, 40]
    assert signed_in(cast.outsider).post(f"{base}/sheet/").status_code == 404
    assert client.post(f"{base}/sheet/").status_code == 302  # without a file: told, on the page
    assert client.get(f"/applications/{application.public_id}/fill/headcount/other.xlsx").status_code == 404


@pytest.mark.parametrize("nasty", NASTY)
def test_nothing_in_the_template_is_a_formula_whatever_the_definition_says(nasty):
    words = text(nasty, nasty)
    choices = [{"value": "a", "label": words}, {"value": "b", "label": words}]
    column = {"key": "one", "type": "choice", "label": words, "help": words, "choices": choices}
    group = FormField.model_validate({"key": "rows", "type": "group", "label": words, "fields": [column]})
    back = load_workbook(BytesIO(group_sheet.template(group)))
    cells = [cell for page in back for row in page.iter_rows() for cell in row if cell.value is not None]
    assert len(cells) == 3 and {cell.data_type for cell in cells} == {"s"}


EVERY = {
    "region": ["３６０９２４", 360924.0, "江西省宜春市宜丰县"],
    "industry": ["c20", "Ｃ２０", "C20"],
    "integer": ["１，２００", "1,200", 1200.0],
    "decimal": ["１２００．５", "1,200.5", 1200.5],
    "money": ["￥1，200.50", "1200.50元", "1,200.50"],
    "datetime": ["2020年2月10日 8:30", "２０２０/２/１０ ０８：３０", datetime(2020, 2, 10, 8, 30)],
    "choice": ["自驾（小车）", "OWN CAR, SMALL", "car"],
    "multichoice": ["自驾(小车);客车", "Own car small、coach", "car, bus"],
    "text": [date(2020, 2, 10), datetime(2020, 2, 10), "2020-02-10"],
}


def answered(kind: str, cell: Any) -> tuple[list[str], Any]:
    choices = [
        {"value": "car", "label": text("自驾(小车)", "Own car, small")},
        {"value": "bus", "label": text("客车", "Coach")},
    ]
    if kind == "multichoice":
        choices[0]["label"] = text("自驾(小车)", "Own car small")
    column = {"key": "answer", "type": kind, "label": text("答", "Answer")} | (
        {"choices": choices} if "choice" in kind else {}
    )
    group = {"key": "rows", "type": "group", "label": text("行", "Rows"), "importable": True, "fields": [column]}
    done = read(FormField.model_validate(group), saved(sheet([cell], header=["答"])))
    return [str(fault) for fault in done.faults], done.rows[0].get("answer")


@pytest.mark.parametrize("kind", EVERY)
def test_full_width_digits_floats_and_names_are_understood_in_columns_of_every_type(kind):
    found = [answered(kind, cell) for cell in EVERY[kind]]
    assert [faults for faults, _value in found] == [[], [], []]
    assert found[0] == found[1] == found[2] and found[0][1]


@pytest.mark.parametrize(
    ("kind", "cell"), [("decimal", "1,5"), ("integer", "12,00"), ("money", "1,5"), ("region", "宜丰县"),
                       ("datetime", "2020-02-30 08:30"), ("datetime", "2020-02-10 25:30"), ("choice", "自驾、客车")]
)  # fmt: skip
def test_what_could_mean_two_things_or_nothing_is_told_and_not_guessed(kind, cell):
    faults, value = answered(kind, cell)
    assert len(faults) == 1 and faults[0].startswith("Row 2, Answer: ") and value


def test_what_was_found_good_in_one_row_is_no_excuse_for_another(group):
    rows = [GOOD, changed(1, "11010519491231002X"), changed(1, "110105194912310021"), changed(1, "110105194912310021")]
    done = read(group, saved(sheet(*rows)))
    assert [(fault.row, fault.column) for fault in done.faults] == [(4, "ID number"), (5, "ID number")]
    assert answered("mobile", "1" * 41)[0] and answered("bank_account", "6" * 41)[0]
