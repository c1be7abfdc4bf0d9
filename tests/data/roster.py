"""The returning-staff roster (复工人员返岗计划): 120 invented people, drawn from a fixed seed. 演示数据."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

from . import cast

HEADER = ("姓名", "身份证号", "手机号", "来源地区代码", "返岗日期", "交通方式", "是否需要隔离")
SHEET = "返岗人员"
FIRST_DAY = date(2026, 11, 30)  # in the committed files; workbook_bytes(people(day)) makes any other

# region code → (people from it, prefix of the ID number of someone born there)
# 宜丰 and its neighbours had prefecture codes (3622xx) before 2000, and a number keeps the code of its day.
LOCAL = {"360924": (84, "362229")}
PROVINCE = {
    "360981": (5, "362221"),  # 丰城
    "360983": (5, "362202"),  # 高安
    "360923": (4, "362228"),  # 上高
    "360922": (3, "362227"),  # 万载
    "360926": (2, "362233"),  # 铜鼓
    "360902": (2, "362201"),  # 袁州
    "360102": (2, "360102"),  # 南昌市东湖区
    "360502": (1, "360502"),  # 新余市渝水区
}
OTHER = {
    "430121": (3, "430121"),  # 湖南长沙县
    "330326": (2, "330326"),  # 浙江平阳
    "350524": (2, "350524"),  # 福建安溪
    "441424": (2, "441424"),  # 广东五华
    "340822": (1, "340822"),  # 安徽怀宁
}
KEY_AREA = {"420106": (1, "420106"), "420112": (1, "420112")}  # 武汉市武昌区, 东西湖区
ORIGINS = {"origin_local": 84, "origin_province": 24, "origin_other": 10, "origin_key_area": 2}

FAMILY = "刘陈黄胡熊漆蔡邹卢邓晏罗龚李张王吴徐周谢聂况彭毛郭曾袁朱钟付姚戴易兰左冷欧阳"
GIVEN_M = "建华志强国平小勇海波文辉春生军林伟明根发立新永福水金德光云飞子俊浩宇"
GIVEN_F = "丽萍秀英小红玉兰春梅桂花美珍艳芳雪琴晓燕静怡思雨慧敏金凤菊香婷婷"
SEGMENTS = ("134", "135", "137", "138", "139", "150", "151", "158", "159", "177", "180", "187", "189", "199")


def id_number(body: str) -> str:
    """The 17 digits with GB 11643's check character."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def _name(rng: random.Random, male: bool) -> str:
    family = rng.choice(FAMILY[:-2])
    if rng.random() < 0.03:
        family = "欧阳"
    given = GIVEN_M if male else GIVEN_F
    if rng.random() < 0.15:
        return family + rng.choice(given)
    start = rng.randrange(0, len(given) - 1, 2)
    return family + given[start : start + 2]


def people(first_day: date = FIRST_DAY, seed: int = 360924) -> list[list[Any]]:
    """120 rows in HEADER's order. The same people for every `first_day`; only the dates move."""
    rng = random.Random(seed)
    origins: list[tuple[str, str, str]] = []
    for kind, table in (("local", LOCAL), ("province", PROVINCE), ("other", OTHER), ("key", KEY_AREA)):
        for code, (count, prefix) in table.items():
            origins += [(kind, code, prefix)] * count
    rng.shuffle(origins)
    rows: list[list[Any]] = []
    names: set[str] = set()
    mobiles = {cast.LEGAL_MOBILE, cast.EPIDEMIC_LEAD_MOBILE, cast.AGENT_MOBILE, cast.OTHER_LEGAL_MOBILE}
    numbers = {cast.LEGAL_ID_NUMBER, cast.EPIDEMIC_LEAD_ID_NUMBER, cast.AGENT_ID_NUMBER}
    for kind, code, prefix in origins:
        male = rng.random() < 0.58
        name = _name(rng, male)
        while name in names:
            name = _name(rng, male)
        names.add(name)
        while True:
            born = date(1966, 1, 1) + timedelta(days=rng.randrange(365 * 39))
            home = code if born.year >= 2000 else prefix  # the code of the day the number was given
            serial = rng.randrange(1, 40) * 10 + rng.randrange(0, 10, 2) + (1 if male else 0)
            number = id_number(f"{home}{born:%Y%m%d}{serial:03d}")
            if number not in numbers:
                break
        numbers.add(number)
        while True:
            mobile = f"{rng.choice(SEGMENTS)}0000{rng.randrange(1000, 10000)}"
            if mobile not in mobiles:
                break
        mobiles.add(mobile)
        if kind == "local":
            how = rng.choices(("自驾", "步行", "汽车", "包车"), (55, 18, 17, 10))[0]
        elif kind == "province":
            how = rng.choices(("自驾", "汽车", "火车", "包车"), (45, 25, 15, 15))[0]
        else:
            how = rng.choices(("火车", "包车", "自驾"), (50, 25, 25))[0]
        day = first_day + timedelta(days=4 if kind == "key" else rng.choices(range(5), (60, 25, 20, 10, 5))[0])
        rows.append([name, number, mobile, code, datetime(day.year, day.month, day.day), how,
                     "是" if kind == "key" else "否"])  # fmt: skip
    return rows


def faulty(first_day: date = FIRST_DAY) -> tuple[list[list[Any]], list[dict[str, Any]]]:
    """The same roster with six faults, and what they are. Rows count as in the sheet: the header is row 1."""
    rows = people(first_day)
    faults: list[dict[str, Any]] = []

    def put(row: int, column: str, kind: str, value: Any, says: str, **more: Any) -> None:
        rows[row - 2][HEADER.index(column)] = value
        cell = f"{'ABCDEFG'[HEADER.index(column)]}{row}"
        faults.append({"row": row, "column": column, "cell": cell, "kind": kind, "value": value,
                       "says": says, **more})  # fmt: skip

    number = rows[9 - 2][1]
    put(9, "身份证号", "id_check_digit", number[:17] + ("1" if number[17] != "1" else "2"), "校验码错误")
    number = rows[23 - 2][1]
    wrong = id_number(number[:6] + "19900230" + number[14:17])
    put(23, "身份证号", "id_birth_date", wrong, "出生日期不存在（2月30日）")
    put(41, "手机号", "mobile", rows[41 - 2][2][:-1], "手机号少一位")
    put(58, "来源地区代码", "region_unknown", "999999", "地区代码不存在")
    put(77, "姓名", "name_missing", None, "姓名未填")
    put(102, "身份证号", "id_duplicate", rows[64 - 2][1], "与第64行身份证号重复", other_row=64)
    return rows, faults


def workbook_bytes(rows: Iterable[Sequence[Any]], header: Sequence[str] = HEADER) -> bytes:
    """The sheet as Excel keeps it: codes as text, dates as dates, header frozen."""
    book = Workbook()
    sheet = book.active
    sheet.title = SHEET
    sheet.append(list(header))
    thin = Side(style="thin", color="BFBFBF")
    border = Border(left=thin, right=thin, top=thin, bottom=thin)
    centre = Alignment(horizontal="center", vertical="center")
    for cell in sheet[1]:
        cell.font = Font(name="宋体", bold=True, size=11)
        cell.fill = PatternFill("solid", fgColor="DDEBF7")
        cell.alignment, cell.border = centre, border
    for row in rows:
        sheet.append(list(row))
        for cell in sheet[sheet.max_row]:
            cell.font = Font(name="宋体", size=11)
            cell.alignment, cell.border = centre, border
            cell.number_format = "yyyy-mm-dd" if cell.column == 5 else "@"
    for letter, width in zip("ABCDEFG", (11, 23, 15, 15, 13, 11, 15), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    book.properties.creator = f"{cast.ENTERPRISE_NAME}（{cast.MARK}）"
    book.properties.title = f"复工人员返岗计划（{cast.MARK}）"
    book.properties.created = datetime(2026, 11, 23, 9, 0)
    out = BytesIO()
    book.save(out)
    return out.getvalue()
