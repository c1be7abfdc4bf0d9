"""DOCX and XLSX: by Word, WPS, LibreOffice, Google, python-docx, openpyxl; what is peculiar to each of them is put in by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any

import openpyxl
from docx import Document
from docx.shared import Cm
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image as SheetImage
from openpyxl.formatting.rule import CellIsRule
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

from tests.data.benign.entries import Set
from tests.data.benign.photos import DATA, document, saved
from tests.data.hostile.base import R, docx, docx_parts, relations, sheet, word, xlsx, zipped

offices = Set()
HEAD = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'


def written(write: Callable[[Any], Any]) -> bytes:
    """By python-docx."""
    text = Document()
    text.add_heading("疫情防控应急预案", 0)
    text.add_paragraph("演示数据：每日测温两次。")
    write(text)
    out = BytesIO()
    text.save(out)
    return out.getvalue()


def _table(text: Any) -> None:
    table = text.add_table(rows=3, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "口罩", "5000"


offices.add("plain.docx", "by python-docx", lambda: written(lambda text: None), words="每日测温两次")
offices.add("table.docx", "with a table", lambda: written(_table), words="5000")
offices.add("picture.docx", "with a photo", lambda: written(lambda text: text.add_picture(BytesIO(saved()), width=Cm(8))))
offices.add("header.docx", "with a header and a footer", lambda: written(lambda text: setattr(text.sections[0].header.paragraphs[0], "text", "青竹")))
offices.add("pages.docx", "with a page break", lambda: written(lambda text: (text.add_page_break(), text.add_paragraph("第二页"))), words="第二页")
offices.add("plan.docx", "the demonstration's plan", lambda: (DATA / "epidemic_plan.docx").read_bytes(), words="演示数据")
offices.add("宜丰县青竹制品有限公司复工复产疫情防控应急预案（2020年2月20日第三次修订，含附件一至附件五）.docx", "a long Chinese name", lambda: written(lambda text: None))

_APP = b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"><Template>Normal.dotm</Template><Application>%s</Application></Properties>'
_CUSTOM = (
    b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" '
    b'xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes">'
    b'<property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="2" name="KSOProductBuildVer"><vt:lpwstr>2052-12.1.0.16120</vt:lpwstr></property>'
    b'<property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="3" name="ICV"><vt:lpwstr>0123456789ABCDEF0123456789ABCDEF_13</vt:lpwstr></property>'
    b"</Properties>"
)
_WPS_DATA = (
    b'<s:customData xmlns="http://www.wps.cn/officeDocument/2013/wpsCustomData" xmlns:s="http://www.wps.cn/officeDocument/2013/wpsCustomData">'
    b"<customSectProps><customSectPr/></customSectProps></s:customData>"
)


def wps(more: dict[str, bytes] | None = None) -> bytes:
    """As WPS writes a text: its build number among the properties, its data as custom XML, no web settings, its namespace declared."""
    text = word("<w:p><w:r><w:t>WPS 文字写的预案</w:t></w:r></w:p>").replace(b"<w:document ", b'<w:document xmlns:wpsCustomData="http://www.wps.cn/officeDocument/2013/wpsCustomData" ')
    return docx({
        "word/document.xml": text, "docProps/app.xml": HEAD + _APP % b"WPS Office_12.1.0.16120_F1E327BC-269C-435d-A152-05C5408002CA",
        "docProps/custom.xml": HEAD + _CUSTOM, "customXml/item1.xml": HEAD + _WPS_DATA,
        "word/_rels/document.xml.rels": relations(("customXml", "../customXml/item1.xml", "")), **(more or {}),
    })  # fmt: skip


offices.add("wps.docx", "by WPS", wps, words="WPS 文字写的预案")
offices.add("wps-chat.docx", "by WPS, a picture pasted from a chat", lambda: wps({"word/document.xml": word('<w:p><w:fldSimple w:instr=" INCLUDEPICTURE &quot;C:\\\\Users\\\\a\\\\Documents\\\\Tencent Files\\\\1\\\\Image\\\\x.png&quot; \\* MERGEFORMAT "><w:r><w:t>图</w:t></w:r></w:fldSimple></w:p>')}))
offices.add("wps-path.docx", "by WPS, which keeps the path of a picture", lambda: wps({"word/_rels/document.xml.rels": relations(("image", "file:///C:/Users/a/x.png", "External"))}))
offices.add("word-template.docx", "by Word, after a template on the writer's disk", lambda: docx({"word/settings.xml": HEAD + b"<w:settings/>", "word/_rels/settings.xml.rels": relations(("attachedTemplate", "file:///C:\\Users\\a\\AppData\\Roaming\\Microsoft\\Templates\\Normal.dotm", "External"))}))
offices.add("word-links.docx", "with links to the web and to mail", lambda: docx({"word/_rels/document.xml.rels": relations(("hyperlink", "https://www.gov.cn/", "External"), ("hyperlink", "mailto:a@example.invalid", "External"), ("hyperlink", "附件.pdf", "External"), ("hyperlink", "file:///D:\\附件.pdf", "External"), ("hyperlink", "https：//www.gov.cn", "External"), ("hyperlink", "", "External"), ("image", "NULL", "External"), ("attachedTemplate", "Normal.dotm", "External"))}))
offices.add("word-fields.docx", "with a table of contents, a date and page numbers", lambda: docx({"word/document.xml": word("".join(f'<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve">{said}</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>' for said in (' TOC \\o "1-3" \\h ', " PAGE ", " DATE \\@ &quot;yyyy-MM-dd&quot; ", ' HYPERLINK "http://example.invalid/DDE" ', " SEQ Figure "))) }))
offices.add("word-chart.docx", "with a chart and its sheet", lambda: docx({"word/charts/chart1.xml": HEAD + b"<c:chartSpace/>", "word/embeddings/Microsoft_Excel_Worksheet.xlsx": xlsx(), "word/charts/_rels/chart1.xml.rels": relations(("package", "../embeddings/Microsoft_Excel_Worksheet.xlsx", ""))}))
offices.add("word-drawing.docx", "with an SVG that a drawing program wrote", lambda: docx({"word/media/image1.svg": b'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd"><svg xmlns="http://www.w3.org/2000/svg"/>', "word/media/image2.emf": b"\x01\0\0\0" + b"\0" * 100}))
offices.add("word-2.docx", "whose text is called document2.xml, as SharePoint does", lambda: zipped({key.replace("document.xml", "document2.xml"): value.replace(b"document.xml", b"document2.xml") for key, value in docx_parts().items()}), words="预案")
offices.add("word-thumbnail.docx", "with a small picture of itself and comments", lambda: docx({"docProps/thumbnail.jpeg": saved(image=document(150, 200)), "word/comments.xml": HEAD + b"<w:comments><!-- none --></w:comments>", "word/printerSettings1.bin": "HP LaserJet".encode("utf-16-le")}))
offices.add("word-utf16.docx", "with a part in UTF-16", lambda: docx({"customXml/item1.xml": '<?xml version="1.0" encoding="UTF-16"?><x/>'.encode("utf-16")}))
offices.add("word-folders.docx", "with entries for its folders, as other ZIP programs write them", lambda: zipped({"word/": b"", "_rels/": b"", "empty.xml": b"", **docx_parts()}))
offices.add("word-stored.docx", "not packed at all", lambda: zipped(docx_parts(), 0))
offices.add("google.docx", "by Google, which leaves most parts out", lambda: docx({"word/fontTable.xml": HEAD + b"<w:fonts/>", "word/numbering.xml": HEAD + b"<w:numbering/>"}))
offices.add("libreoffice.docx", "by LibreOffice", lambda: docx({"docProps/app.xml": HEAD + _APP % b"LibreOffice/7.4.7.2$Linux_X86_64", "word/settings.xml": HEAD + b"<w:settings/>", "word/theme/theme1.xml": HEAD + b"<a:theme/>"}))


def counted(write: Callable[[Any, Any], Any], **options: Any) -> bytes:
    """By openpyxl."""
    book = openpyxl.Workbook(**options)
    page = book.active if not options else book.create_sheet()
    for row in (["姓名", "人数", "日期"], ["张三", 12, date(2020, 2, 20)], ["李四", 3.5, None]):
        page.append(row)
    write(book, page)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _chart(_book: Any, page: Any) -> None:
    chart = BarChart()
    chart.add_data(Reference(page, min_col=2, min_row=1, max_row=3), titles_from_data=True)
    page.add_chart(chart, "E2")


def _everything(book: Any, page: Any) -> None:
    page["B4"], page["B5"] = "=SUM(B2:B3)", '=IF(A2="张三",VLOOKUP(A2,A1:B3,2,0)&"|"&B2,HYPERLINK("https://www.gov.cn"))'
    page["B6"], page["B7"] = "='表|一'!A1&\"a|b!\"", '=COUNTIF(A1:A3,"CALL (x)")'
    page["A2"].comment = Comment("核对", "演示")
    page["A3"].hyperlink = "https://www.gov.cn/"
    page.merge_cells("A6:C6")
    page.conditional_formatting.add("B2:B3", CellIsRule(operator="greaterThan", formula=["5"]))
    check = DataValidation(type="list", formula1='"是,否"')
    page.add_data_validation(check)
    check.add("C2")
    book.defined_names["total"] = DefinedName("total", attr_text="Sheet!$B$4")
    book.create_sheet("第二页").append(["第二页的文字"])
    book.create_sheet("hidden").sheet_state = "hidden"


offices.add("plain.xlsx", "by openpyxl", lambda: counted(lambda book, page: None), words="张三")
offices.add("chart.xlsx", "with a chart", lambda: counted(_chart))
offices.add("picture.xlsx", "with a photo", lambda: counted(lambda book, page: page.add_image(SheetImage(BytesIO(saved(image=document(300, 400)))), "E2")))
offices.add("formulas.xlsx", "with formulas, notes, links, lists to choose from, a hidden sheet", lambda: counted(_everything), words="第二页的文字")
offices.add("5000.xlsx", "5,000 rows", lambda: counted(lambda book, page: [page.append([f"员工{n}", n, None]) for n in range(5000)], write_only=True), words="员工4999")
offices.add("roster.xlsx", "the demonstration's roster", lambda: (DATA / "roster.xlsx").read_bytes(), words="姓名")
offices.add("inline.xlsx", "texts within the cells, as web systems export", lambda: xlsx({"xl/worksheets/sheet1.xml": sheet('<c r="A1" t="inlineStr"><is><t>导出的名单</t></is></c>')}), words="导出的名单")
offices.add("libreoffice.xlsx", "by LibreOffice", lambda: xlsx({"docProps/app.xml": HEAD + _APP % b"LibreOffice/7.4.7.2$Linux_X86_64"}))
offices.add("printer.xlsx", "with a printer's settings and controls of a form", lambda: xlsx({"xl/printerSettings/printerSettings1.bin": "HP LaserJet".encode("utf-16-le") + b"\0" * 900, "xl/ctrlProps/ctrlProp1.xml": HEAD + b"<formControlPr/>", "xl/drawings/vmlDrawing1.vml": b'<xml xmlns:v="urn:schemas-microsoft-com:vml"/>'}))
offices.add("wps.xlsx", "by WPS, a photo within a cell", lambda: _wps_sheet(), words="照片")
offices.add("复工复产返岗人员名单（含重点地区人员）2020年2月.xlsx", "a long Chinese name", lambda: counted(lambda book, page: None))


def _wps_sheet() -> bytes:
    """WPS keeps a photo of a cell in a part of its own, and writes a formula that only it knows."""
    cells = '<c r="A1" t="inlineStr"><is><t>照片</t></is></c><c r="B1" t="str"><f>_xlfn.DISPIMG("ID_0A1B",1)</f><v>=DISPIMG("ID_0A1B",1)</v></c>'
    etc = "http://www.wps.cn/officeDocument/2017/etCustomData"
    picture = f'<etc:cellImages xmlns:etc="{etc}" xmlns:r="{R}"><etc:cellImage/></etc:cellImages>'
    return xlsx({
        "xl/worksheets/sheet1.xml": sheet(cells), "xl/cellimages.xml": HEAD + picture.encode(), "xl/media/image1.jpeg": saved(image=document(150, 200)),
        "xl/_rels/cellimages.xml.rels": relations(("image", "media/image1.jpeg", "")), "docProps/custom.xml": HEAD + _CUSTOM,
        "docProps/app.xml": HEAD + _APP % "WPS 表格".encode(),
        "xl/_rels/workbook.xml.rels": relations(("worksheet", "worksheets/sheet1.xml", ""), ("http://www.wps.cn/officeDocument/2020/cellImage", "cellimages.xml", "")),
    })  # fmt: skip
