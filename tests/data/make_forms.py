"""Makes the forms to download, and the pictures of good documents, that the shipped definitions name.

Run when a definition's roster or its pledge changes: ``python -m tests.data.make_forms`` (needs python-docx).
"""

from __future__ import annotations

from pathlib import Path

from docx import Document
from docx.oxml.ns import qn
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from PIL import Image

from permits.definition_file import parse

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "permits" / "services"
HERE = SERVICES / "files"
PLEDGE = (
    "本单位（盖章处见下）就复工复产疫情防控工作郑重承诺：",
    "一、严格落实疫情防控主体责任，法定代表人为第一责任人。",
    "二、返岗人员逐一登记，来自疫情重点地区的人员按规定隔离观察后上岗。",
    "三、按要求储备口罩、体温计、消毒液等防疫物资，每日测温、消毒并记录。",
    "四、发现发热等异常情况立即报告，配合处置。",
    "五、提交的材料真实、准确；如有不实，愿承担相应法律责任。",
    "企业名称（盖章）：____________________________",
    "统一社会信用代码：____________________________",
    "法定代表人（签字）：__________________________",
    "日期：________年______月______日",
)


def roster() -> None:
    """The staff plan with its header row, every column formatted as text: Excel makes numbers of long codes."""
    definition = parse((SERVICES / "resumption.toml").read_text(encoding="utf-8"))
    wanted = definition.requirement("roster")
    assert wanted is not None
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = "返岗人员"
    for place, column in enumerate(wanted.roster, 1):
        cell = page.cell(1, place, column.header)
        cell.font = Font(bold=True)
        dimension = page.column_dimensions[get_column_letter(place)]
        dimension.width, dimension.number_format = max(14, 2 * len(column.header) + 4), "@"
    page.freeze_panes = "A2"
    book.save(HERE / "returning_staff.xlsx")


def pledge() -> None:
    document = Document()
    style = document.styles["Normal"]
    style.font.name = "SimSun"
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "SimSun")
    document.add_heading("疫情防控责任承诺书", 0)
    for paragraph in PLEDGE:
        document.add_paragraph(paragraph)
    document.core_properties.author = ""
    document.save(str(HERE / "signed_pledge.docx"))


def licence() -> None:
    """The invented licence of the tests, small enough for a phone."""
    with Image.open(ROOT / "tests" / "data" / "business_licence.jpg") as picture:
        picture.thumbnail((1000, 1000))
        picture.convert("RGB").save(HERE / "business_licence_example.jpg", quality=70, optimize=True)


if __name__ == "__main__":
    roster()
    pledge()
    licence()
