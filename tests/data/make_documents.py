"""Makes the demonstration documents of this folder (演示数据, all invented), the same bytes each time.

    .venv/bin/python -m tests.data.make_documents            # all of them
    .venv/bin/python -m tests.data.make_documents pledge     # those whose name begins so

Needs the Noto CJK fonts (Debian: fonts-noto-cjk), Pillow, reportlab (its QR encoder), typst, python-docx
and openpyxl. Another version of these, or of the fonts, may give other bytes.
"""

from __future__ import annotations

import io
import json
import math
import random
import re
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import typst
from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps
from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

from . import cast, roster, texts
from .drawing import add, clouds, font, multiply, noise, seal, shade, stamp, warp, write

HERE = Path(__file__).parent
MADE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
RED = (206, 30, 38)
DEMO_LINE = "演示数据 · 企业与人员均为虚构 · 无法律效力"


def fixed_zip(data: bytes) -> bytes:
    """An Office file without the moment it was saved, so that the same content gives the same bytes."""
    out = io.BytesIO()
    stamp_ = f"{MADE:%Y-%m-%dT%H:%M:%SZ}".encode()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            body = old.read(item)
            if item.filename == "docProps/core.xml":
                body = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp_, body)
            info = zipfile.ZipInfo(item.filename, (2026, 11, 23, 9, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            new.writestr(info, body)
    return out.getvalue()


# ── the business licence, scanned ─────────────────────────────────────────────────────────────────


def qr(text: str, size: int) -> Image.Image:
    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    count = code.getModuleCount()
    image = Image.new("L", (count, count), 255)
    for row in range(count):
        for column in range(count):
            if code.isDark(row, column):
                image.putpixel((column, row), 20)
    return image.resize((size, size), Image.Resampling.NEAREST)


def _emblem(draw: ImageDraw.ImageDraw, cx: float, cy: float, r: float) -> None:
    """An ornament of bamboo leaves on a disc: not the state emblem, nor like it."""
    gold, deep, green = (196, 150, 62), (158, 108, 34), (64, 116, 72)
    for i in range(24):
        a = i * math.pi / 12
        tip = (cx + r * math.cos(a), cy + r * math.sin(a))
        left = (cx + r * 0.76 * math.cos(a - 0.12), cy + r * 0.76 * math.sin(a - 0.12))
        right = (cx + r * 0.76 * math.cos(a + 0.12), cy + r * 0.76 * math.sin(a + 0.12))
        draw.polygon((tip, left, (cx, cy), right), fill=gold if i % 2 else (222, 186, 104), outline=deep)
    draw.ellipse(
        (cx - r * 0.76, cy - r * 0.76, cx + r * 0.76, cy + r * 0.76),
        fill=(250, 240, 208),
        outline=deep,
        width=4,
    )
    for dx, top in ((-0.2, -0.42), (0.02, -0.6), (0.24, -0.36)):
        x = cx + dx * r
        y, bottom = cy + top * r, cy + 0.56 * r
        draw.rectangle((x - r * 0.045, y, x + r * 0.045, bottom), fill=green)
        joint = y
        while joint < bottom:
            draw.line((x - r * 0.065, joint, x + r * 0.065, joint), fill=(34, 76, 44), width=4)
            joint += r * 0.22
        for side, low, reach in ((-1, 0.1, 0.3), (1, 0.24, 0.28), (-1, 0.42, 0.24), (1, 0.6, 0.22)):
            root = (x, y + low * r)
            tip = (x + side * reach * r * 0.8, y + (low + 0.16) * r)
            over = (x + side * reach * r * 0.42, y + (low + 0.0) * r)
            under = (x + side * reach * r * 0.36, y + (low + 0.13) * r)
            draw.polygon((root, over, tip, under), fill=(86, 140, 82))
    draw.arc(
        (cx - r * 0.62, cy - r * 0.62, cx + r * 0.62, cy + r * 0.62),
        35,
        145,
        fill=(178, 40, 36),
        width=round(r * 0.06),
    )


def _security_paper(size: tuple[int, int]) -> Image.Image:
    """Pale paper under fine wavy lines in two colours."""
    page = Image.new("RGB", size, (253, 251, 243))
    draw = ImageDraw.Draw(page)
    w, h = size
    for k in range(-6, h // 22 + 6):
        points = [(x, k * 22 + 16 * math.sin(x / 90 + k * 0.35) + 7 * math.sin(x / 31)) for x in range(0, w + 12, 12)]
        draw.line(points, fill=(240, 228, 200) if k % 2 else (226, 236, 226), width=2)
    cx, cy = w / 2, h * 0.56
    for ring in range(9):
        points = []
        for i in range(721):
            a = math.radians(i / 2)
            r = 430 + 22 * ring + 60 * math.sin(12 * a + ring * 0.35)
            points.append((cx + r * math.cos(a), cy + r * math.sin(a)))
        draw.line(points, fill=(238, 222, 196), width=2)
    return page


def _guilloche_frame(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], width: int) -> None:
    x0, y0, x1, y1 = box
    gold, dark, pale = (190, 146, 66), (150, 106, 36), (236, 214, 160)
    draw.rectangle(box, outline=dark, width=7)
    draw.rectangle((x0 + 14, y0 + 14, x1 - 14, y1 - 14), outline=gold, width=width - 26)
    draw.rectangle((x0 + width - 4, y0 + width - 4, x1 - width + 4, y1 - width + 4), outline=dark, width=4)
    middle, half = width / 2 + 1, width / 2 - 17

    def braid(a: tuple[float, float], b: tuple[float, float]) -> None:
        length = math.hypot(b[0] - a[0], b[1] - a[1])
        ux, uy = (b[0] - a[0]) / length, (b[1] - a[1]) / length
        turns = max(1, round(length / (half * 3.2)))
        for phase in range(6):
            line = []
            for i in range(round(length / 4) + 1):
                t = min(length, i * 4)
                off = half * math.sin(2 * math.pi * turns * t / length + phase * math.pi / 3) * 0.95
                line.append((a[0] + ux * t - uy * off, a[1] + uy * t + ux * off))
            draw.line(line, fill=pale, width=3)

    braid((x0 + width, y0 + middle), (x1 - width, y0 + middle))
    braid((x0 + width, y1 - middle), (x1 - width, y1 - middle))
    braid((x0 + middle, y0 + width), (x0 + middle, y1 - width))
    braid((x1 - middle, y0 + width), (x1 - middle, y1 - width))
    for cx, cy in (
        (x0 + middle, y0 + middle),
        (x1 - middle, y0 + middle),
        (x0 + middle, y1 - middle),
        (x1 - middle, y1 - middle),
    ):
        r = width / 2 + 12
        draw.rectangle((cx - r, cy - r, cx + r, cy + r), fill=gold, outline=dark, width=5)
        for k in range(5):
            s = r * (0.85 - 0.16 * k)
            turn = k * math.pi / 10
            corners = [turn + q * math.pi / 2 for q in range(4)]
            square = [(cx + s * math.cos(a), cy + s * math.sin(a)) for a in corners]
            draw.polygon(square, outline=pale, width=3)


def _wrapped(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, width: int, size: int, leading: float) -> int:
    face = font(size)
    x, y = at
    line = ""
    for char in text + "\n":
        if char == "\n" or (draw.textlength(line + char, face) > width and char not in "，。；、）"):
            draw.text((x, y), line, (30, 28, 30), face, anchor="ls")
            y += round(size * leading)
            line = char if char != "\n" else ""
        else:
            line += char
    return y


def business_licence() -> bytes:
    rng = random.Random(91360924)
    page = _security_paper((3508, 2480))
    draw = ImageDraw.Draw(page)
    _guilloche_frame(draw, (96, 96, 3412, 2384), 112)
    draw = ImageDraw.Draw(page)
    black, brown = (28, 26, 28), (96, 66, 28)
    _emblem(draw, 1754, 400, 150)

    title = font(236, "Serif", "Bold")
    for i, char in enumerate("营业执照"):
        draw.text((1754 + (i - 1.5) * 330, 720), char, black, title, anchor="mm")
    draw.text((1754, 905), "（副  本）", black, font(72), anchor="mm")
    draw.text((2290, 905), "1–1", (90, 90, 90), font(50), anchor="mm")

    draw.text((330, 480), "统一社会信用代码", black, font(58, "Serif", "Bold"), anchor="ls")
    draw.text((330, 572), cast.USCC, black, font(74, "Sans", "Bold"), anchor="ls")
    draw.text((330, 300), "证照编号：演示 D 0000001", brown, font(44), anchor="ls")

    page.paste(qr(f"{cast.MARK} DEMO ONLY {cast.USCC} {cast.ENTERPRISE_NAME}", 330).convert("RGB"), (2560, 330))
    for i, text in enumerate(("扫描二维码可见", "“演示数据”字样。", "本件为系统演示", "样张，不作任何", "证明使用。")):
        draw.text((2925, 380 + i * 62), text, black, font(42), anchor="ls")

    def field(x: int, y: int, label: str, value: str, width: int, size: int = 60) -> int:
        face = font(54, "Serif", "Bold")
        span = 290
        gap = (span - draw.textlength(label, face)) / max(1, len(label) - 1)
        at = float(x)
        for char in label:
            draw.text((at, y), char, brown, face, anchor="ls")
            at += draw.textlength(char, face) + gap
        return _wrapped(draw, (x + span + 56, y), value, width, size, 1.45)

    left, right = 330, 1990
    field(left, 1130, "名称", cast.ENTERPRISE_NAME, 1240)
    field(left, 1260, "类型", "有限责任公司（自然人投资或控股）", 1240)
    field(left, 1390, "法定代表人", cast.LEGAL_NAME, 1240)
    field(left, 1520, "经营范围",
          "一般项目：竹制品制造；竹制品销售；日用木制品制造；日用木制品销售；地板制造；地板销售；竹材采运（除依法须经批准的项目外，"
          "凭营业执照依法自主开展经营活动）。（演示数据，虚构企业）", 1200, 52)  # fmt: skip
    field(right, 1130, "注册资本", "伍佰万元整", 900)
    field(right, 1260, "成立日期", "2016年05月18日", 900)
    field(right, 1390, "营业期限", "2016年05月18日至长期", 900)
    field(right, 1520, "住所", cast.REGISTERED_ADDRESS, 900)

    draw.text((2210, 1950), "登记机关", brown, font(66, "Serif", "Bold"), anchor="ls")
    draw.text((2560, 1950), "宜丰县市场监督管理局（演示）", black, font(50), anchor="ls")
    draw.text((2640, 2110), "2021 年 03 月 09 日", black, font(64), anchor="ls")
    draw.line((300, 2205, 3208, 2205), fill=(170, 130, 60), width=3)
    draw.text(
        (330, 2255),
        "国家企业信用信息公示系统网址（演示）：https://gsxt.example",
        brown,
        font(38),
        anchor="ls",
    )
    draw.text((2480, 2255), "演示数据 · 样张 · 无法律效力", brown, font(38), anchor="rs")

    ghost = Image.new("L", page.size)
    mark = Image.new("L", (2600, 320))
    ImageDraw.Draw(mark).text((1300, 160), "演示数据  样张", 40, font(250, "Sans", "Bold"), anchor="mm")
    mark = mark.rotate(17, Image.Resampling.BICUBIC, expand=True)
    ghost.paste(mark, (1754 - mark.width // 2, 1560 - mark.height // 2))
    page.paste((150, 150, 158), (0, 0), ghost)

    page = page.filter(ImageFilter.GaussianBlur(0.9))
    stamp(page, seal(rng, "宜丰县市场监督管理局", "演示专用章", 500), (2870, 1975), (214, 34, 44), 7)

    # The copy has been folded in a drawer: a soft vertical crease, and a little yellowed at the edges.
    crease = shade(page.size, lambda x, y: 0.985 - 0.05 * math.exp(-(((x - 0.502) / 0.006) ** 2)), 240)
    page = multiply(page, crease)
    page = multiply(page, shade(page.size, lambda x, y: 1 - 0.09 * (abs(x - 0.48) ** 2.6 + abs(y - 0.5) ** 2.6) * 3))
    page = add(page, clouds(rng, page.size, (24, 17), 1.2))
    page = add(page, noise(rng, page.size, 6).filter(ImageFilter.GaussianBlur(1.4)))

    # On the glass: slightly turned, a grey lid behind, a shadow along two edges.
    glass = Image.new("RGB", (3508, 2480), (222, 223, 221))
    glass = add(glass, noise(rng, glass.size, 3))
    sheet = page.resize((3400, 2404), Image.Resampling.LANCZOS).convert("RGBA").rotate(
        -0.74, Image.Resampling.BICUBIC, expand=True
    )  # fmt: skip
    at = (glass.width // 2 - sheet.width // 2 + 8, glass.height // 2 - sheet.height // 2 - 3)
    dark = Image.new("L", glass.size)
    dark.paste(sheet.getchannel("A"), (at[0] + 9, at[1] + 11))
    glass.paste((146, 146, 148), (0, 0), dark.filter(ImageFilter.GaussianBlur(9)))
    glass.paste(sheet.convert("RGB"), at, sheet.getchannel("A"))

    scan = glass.resize((1754, 1240), Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(scan)
    for _ in range(70):  # dust
        x, y, r = rng.uniform(0, 1754), rng.uniform(0, 1240), rng.uniform(0.3, 1.1)
        tone = rng.randrange(90, 190)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(tone, tone, tone - 6))
    for _ in range(3):  # hairs
        x, y, a = rng.uniform(100, 1650), rng.uniform(100, 1140), rng.uniform(0, 6.3)
        draw.line(
            [(x + 7 * i * math.cos(a + i * 0.16), y + 7 * i * math.sin(a + i * 0.16)) for i in range(7)],
            fill=(168, 166, 160),
        )
    scan = multiply(scan, shade(scan.size, lambda x, y: 0.995 - 0.035 * x - 0.02 * y * y))
    scan = add(scan, noise(rng, scan.size, 2.0, "RGB"))
    scan = scan.filter(ImageFilter.UnsharpMask(0.9, 60, 2))
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0131] = "DemoScan", "DemoScan A4 (invented)", "yanshi shuju"
    scan.save(out, "JPEG", quality=86, subsampling=0, dpi=(150, 150), exif=exif)
    return out.getvalue()


# ── the emergency plan and the canteen plan ───────────────────────────────────────────────────────


def _typst_text(text: str) -> str:
    return re.sub(r"([\\#*_$@<>`=\[\]~/])", r"\\\1", text)


def _typst(title: str, blocks: list[texts.Block], small: bool = False) -> bytes:
    q = _typst_text
    body = []
    number = 0
    tables = 0
    for kind, content in blocks:
        if kind in ("h1", "h2"):
            number = 0
        if isinstance(content, list):
            tables += 1
            count = len(content[0])
            head = "".join(f"[*{q(c)}*], " for c in content[0])
            rows = "".join(f"[{q(c)}], " for row in content[1:] for c in row)
            widths = "(8.6em, 5em, 8em, 1fr)" if count == 4 else "(" + "auto, " * (count - 1) + "1fr)"
            widths = "(1.6fr, " + "1fr, " * (count - 1) + ")" if count > 4 else widths
            body.append(
                f"#v(2pt)\n#block(width: 100%)[#align(center)[#text(font: sans, size: 9.5pt)[表{tables}]]"
                f"#table(columns: {widths}, align: center + horizon, inset: 5pt, stroke: .5pt + luma(90), "
                f"fill: (_, y) => if y == 0 {{ luma(232) }}, table.header({head}), {rows})]\n#v(2pt)"
            )
        elif kind == "sign":
            body.append(
                f"#v(1.2em)\n#block(breakable: false, width: 100%, align(right)"
                f"[{q(cast.ENTERPRISE_NAME)} #h(2em) \\ {q(content)} #h(2em)])"
            )
        elif kind == "h1":
            body.append(f"= {q(content)}")
        elif kind == "h2":
            body.append(f"== {q(content)}")
        elif kind == "li":
            number += 1
            body.append(f"#par[{number}.#h(.4em){q(content)}]")
        else:
            body.append(f"#par[{q(content)}]")
    size, leading = ("11pt", ".82em") if small else ("12pt", "1.0em")
    source = f"""
#let sans = ("Noto Sans CJK SC",)
#set document(title: "{title}（{cast.MARK}）",
  author: "{cast.ENTERPRISE_NAME}（{cast.MARK}）", keywords: ("演示数据", "invented"))
#set page(paper: "a4", margin: (x: 2.7cm, top: 2.8cm, bottom: 2.4cm),
  header: text(font: sans, size: 8.5pt, fill: luma(110))[{q(cast.ENTERPRISE_NAME)} #h(1fr) {DEMO_LINE}],
  footer: context align(center, text(size: 9pt)[— #counter(page).display() —]))
#set text(font: ("Noto Serif CJK SC",), size: {size}, lang: "zh", region: "cn")
#set par(leading: {leading}, spacing: {leading}, first-line-indent: (amount: 2em, all: true), justify: true)
#show heading: set text(font: sans, weight: "bold")
#show heading.where(level: 1): set text(size: 14pt)
#show heading.where(level: 2): set text(size: 12pt)
#show heading: set block(above: 1.35em, below: 1em)
#show table: set text(size: 9.5pt)
#show table: set par(first-line-indent: 0pt, leading: .55em, justify: false)
#align(center)[#text(font: sans, size: 20pt, weight: "bold")[{title}]]
#align(center)[#text(size: 10.5pt)[
  编制单位：{q(cast.ENTERPRISE_NAME)} #h(2em) 版本：第1版 #h(2em) （{cast.MARK}）]]
#v(6pt)
{chr(10).join(line + chr(10) for line in body)}
"""
    return typst.compile(source.encode(), format="pdf", timestamp=int(MADE.timestamp()), pdf_tags=False)


def epidemic_plan_pdf() -> bytes:
    return _typst(texts.PLAN_TITLE, texts.PLAN)


def canteen_plan() -> bytes:
    return _typst(texts.CANTEEN_TITLE, texts.CANTEEN, small=True)


def epidemic_plan_docx() -> bytes:
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.7)
    section.top_margin, section.bottom_margin = Cm(2.8), Cm(2.4)

    def face(style_or_run: object, latin: str, chinese: str, size: float, bold: bool = False) -> None:
        f = style_or_run.font  # type: ignore[attr-defined]
        f.name, f.size, f.bold, f.color.rgb = latin, Pt(size), bold, RGBColor(0, 0, 0)
        fonts = style_or_run.element.get_or_add_rPr().get_or_add_rFonts()  # type: ignore[attr-defined]
        for key in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(key), None)
        fonts.set(qn("w:eastAsia"), chinese)

    def field(paragraph: object, code: str) -> None:
        run = paragraph.add_run()  # type: ignore[attr-defined]
        for kind, text in (("begin", None), (None, code), ("end", None)):
            element = OxmlElement("w:fldChar" if kind else "w:instrText")
            if kind:
                element.set(qn("w:fldCharType"), kind)
            else:
                element.text = text
            run._r.append(element)

    face(document.styles["Normal"], "Times New Roman", "宋体", 12)
    face(document.styles["Title"], "Arial", "黑体", 20, True)
    face(document.styles["Heading 1"], "Arial", "黑体", 14, True)
    face(document.styles["Heading 2"], "Arial", "楷体", 12, True)
    document.styles["Normal"].paragraph_format.line_spacing = 1.5
    head = section.header.paragraphs[0].add_run(f"{cast.ENTERPRISE_NAME}\t\t{DEMO_LINE}")
    face(head, "Arial", "黑体", 8)
    section.footer.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
    field(section.footer.paragraphs[0], "PAGE")

    document.add_paragraph(texts.PLAN_TITLE, "Title").alignment = WD_ALIGN_PARAGRAPH.CENTER
    under = document.add_paragraph(f"编制单位：{cast.ENTERPRISE_NAME}  版本：第1版  （{cast.MARK}）")
    under.alignment = WD_ALIGN_PARAGRAPH.CENTER
    number = tables = 0
    for kind, content in texts.PLAN:
        if kind in ("h1", "h2"):
            number = 0
        if isinstance(content, list):
            tables += 1
            caption = document.add_paragraph(f"表{tables}")
            caption.alignment = WD_ALIGN_PARAGRAPH.CENTER
            table = document.add_table(0, len(content[0]), "Table Grid")
            table.alignment = WD_TABLE_ALIGNMENT.CENTER
            for i, row in enumerate(content):
                cells = table.add_row().cells
                for cell, text in zip(cells, row, strict=True):
                    paragraph = cell.paragraphs[0]
                    paragraph.paragraph_format.line_spacing = 1.15
                    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
                    face(paragraph.add_run(text), "Times New Roman", "黑体" if i == 0 else "宋体", 10, i == 0)
            if len(content[0]) == 4:
                for row_ in table.rows:
                    for cell, width in zip(row_.cells, (2.9, 2.0, 3.0, 7.7), strict=True):
                        cell.width = Cm(width)
            repeat = OxmlElement("w:tblHeader")
            repeat.set(qn("w:val"), "true")
            table.rows[0]._tr.get_or_add_trPr().append(repeat)
        elif kind == "sign":
            for text in ("", cast.ENTERPRISE_NAME, content):
                document.add_paragraph(text).alignment = WD_ALIGN_PARAGRAPH.RIGHT
        elif kind == "h1":
            document.add_heading(content, 1)
        elif kind == "h2":
            document.add_heading(content, 2)
        else:
            if kind == "li":
                number += 1
                content = f"{number}. {content}"
            paragraph = document.add_paragraph(content)
            paragraph.paragraph_format.first_line_indent = Pt(24)
            paragraph.paragraph_format.space_after = Pt(2)
    core = document.core_properties
    core.author = core.last_modified_by = f"{cast.ENTERPRISE_NAME}（{cast.MARK}）"
    core.title, core.keywords, core.comments = f"{texts.PLAN_TITLE}（{cast.MARK}）", "演示数据, invented", ""
    core.language = "zh-CN"
    core.created = core.modified = MADE.replace(tzinfo=None)
    out = io.BytesIO()
    document.save(out)
    return fixed_zip(out.getvalue())


# ── the roster ────────────────────────────────────────────────────────────────────────────────────


def roster_xlsx() -> bytes:
    return fixed_zip(roster.workbook_bytes(roster.people()))


def roster_faulty() -> bytes:
    return fixed_zip(roster.workbook_bytes(roster.faulty()[0]))


def faults() -> bytes:
    return (json.dumps(roster.faulty()[1], ensure_ascii=False, indent=2) + "\n").encode()


# ── the signed pledge, photographed ───────────────────────────────────────────────────────────────


def _pledge_page(rng: random.Random) -> Image.Image:
    q = _typst_text
    loose = "\u200b".join(cast.USCC)  # may break anywhere, so that no line is stretched
    source = f"""
#set page(paper: "a4", margin: (x: 2.8cm, top: 3cm, bottom: 2cm))
#set text(font: ("Noto Serif CJK SC",), size: 15pt, lang: "zh", region: "cn")
#set par(leading: 1.05em, spacing: 1.05em, first-line-indent: (amount: 2em, all: true), justify: true)
#align(center)[#text(font: ("Noto Sans CJK SC",), size: 21pt, weight: "bold")[{texts.PLEDGE_TITLE}]]
#v(10pt)
#par(first-line-indent: 0em)[{q(texts.PLEDGE_TO)}]
{chr(10).join(f"#par[{q(p).replace(cast.USCC, loose)}]{chr(10)}" for p in texts.PLEDGE)}
#place(bottom + left, dy: -3.6cm, dx: 5.4cm, block[
  #set par(first-line-indent: 0em, leading: 1.9em)
  承诺单位（盖章）：{q(cast.ENTERPRISE_NAME)} \\ 法定代表人（签字）： \\ #h(5em)年#h(2.6em)月#h(2.6em)日 ])
#place(bottom + center, text(size: 9pt, fill: luma(90), font: ("Noto Sans CJK SC",))[{DEMO_LINE}])
"""
    png = typst.compile(source.encode(), format="png", ppi=300)
    return Image.open(io.BytesIO(png)).convert("RGB")


def _desk(rng: random.Random, size: tuple[int, int]) -> Image.Image:
    """A wooden desk top: fibres along y at three scales, boards, a few dark pores."""
    grain = Image.new("L", size, 128)
    for cells, amplitude in (((22, 4), 26), ((240, 9), 13), ((1500, 60), 20)):
        grain = add(grain, noise(rng, cells, amplitude).resize(size, Image.Resampling.BICUBIC))
    bend = clouds(rng, (size[0] // 8, size[1] // 8), (4, 5), 60).resize(size, Image.Resampling.BICUBIC)
    rings = bend.point([round(128 + 16 * math.sin(v * 0.55)) for v in range(256)]).filter(ImageFilter.GaussianBlur(9))
    grain = add(grain, rings)
    desk = ImageOps.colorize(grain, (92, 62, 38), (208, 168, 122), (158, 114, 74))
    draw = ImageDraw.Draw(desk)
    for x in (round(size[0] * 0.07), round(size[0] * 0.955)):
        draw.line((x, 0, x + 26, size[1]), fill=(38, 22, 14), width=9)
        draw.line((x + 9, 0, x + 35, size[1]), fill=(168, 122, 80), width=3)
    return desk.filter(ImageFilter.GaussianBlur(1.6))


def pledge() -> bytes:
    rng = random.Random(20261123)
    page = _pledge_page(rng)
    w, h = page.size  # 2480 × 3508 at 300 dpi
    write(page, rng, cast.LEGAL_NAME, (1570, 2610), 190, 12)
    write(page, rng, "2026", (1000, 2790), 92, 8, advance=0.95)
    write(page, rng, "11", (1372, 2790), 92, 8, advance=0.9)
    write(page, rng, "23", (1578, 2790), 92, 8, advance=0.95)
    stamp(page, seal(rng, cast.ENTERPRISE_NAME, "演示专用", 500), (1700, 2590), RED, -11)

    # paper: folded in three to be carried, not quite white, a little limp
    page = multiply(page, Image.new("RGB", page.size, (250, 249, 244)))
    page = add(page, clouds(rng, page.size, (8, 11), 3))

    def creases(x: float, y: float) -> float:
        value = 0.985
        for at, depth in ((0.334, 0.055), (0.668, 0.045)):
            d = (y - at - 0.004 * math.sin(x * 5)) / 0.0028
            value -= depth * math.exp(-d * d) - 0.03 * math.exp(-((d - 3) ** 2) / 3)
            value += 0.035 * math.tanh((y - at) * 26) * math.exp(-(((y - at) / 0.13) ** 2))
        return value

    page = multiply(page, shade(page.size, creases, 420))
    strips = 64
    mesh = []
    for i in range(strips):
        y0, y1 = h * i // strips, h * (i + 1) // strips

        def bow(y: float) -> float:
            return 11 * math.sin(y / h * math.pi * 3) + 7 * math.sin(y / h * 5.1 + 1)

        a, b = bow(y0), bow(y1)
        mesh.append(((0, y0, w, y1), (a, y0, b, y1, w + b, y1, w + a, y0)))
    page = page.transform(page.size, Image.Transform.MESH, mesh, Image.Resampling.BICUBIC, fillcolor=(236, 234, 226))

    size = (3000, 4000)  # as held: portrait
    photo = _desk(rng, size)
    quad = [(430, 318), (2640, 384), (2812, 3694), (196, 3612)]
    laid, mask = warp(page, quad, size)
    shadow = Image.new("L", size)
    ImageDraw.Draw(shadow).polygon([(x - 26 if x < 1500 else x + 4, y + 30) for x, y in quad], fill=190)
    photo.paste((40, 25, 16), (0, 0), shadow.filter(ImageFilter.GaussianBlur(30)))
    close = Image.new("L", size)
    ImageDraw.Draw(close).polygon([(x - 6, y + 10) for x, y in quad], fill=150)
    photo.paste((14, 9, 6), (0, 0), close.filter(ImageFilter.GaussianBlur(6)))
    photo.paste(laid, (0, 0), mask.filter(ImageFilter.GaussianBlur(1.8)))

    # a ceiling lamp up on the right, the window's cool light on the left, the hand and phone shading the foot
    def lamp(x: float, y: float) -> float:
        light = 1.1 - 0.42 * ((x - 0.66) ** 2 + (y - 0.3) ** 2) - 0.1 * (1 - x)
        hand = 0.2 / (1 + math.exp(-((y - 0.86) + (x - 0.5) * 0.35 + 0.03 * math.sin(x * 7)) * 26))
        return light - hand

    warm = Image.merge("RGB", (
        shade(size, lambda x, y: lamp(x, y) * (0.95 + 0.05 * x)),
        shade(size, lambda x, y: lamp(x, y) * (0.94 + 0.01 * x)),
        shade(size, lambda x, y: lamp(x, y) * (0.92 - 0.08 * x)),
    ))  # fmt: skip
    photo = ImageChops.multiply(photo, warm)

    # focus was on the middle: the far corners are softer
    soft = photo.filter(ImageFilter.GaussianBlur(5.2))
    focus = shade(size, lambda x, y: min(1.0, max(0.0, 2.1 * ((x - 0.52) ** 2 + (y - 0.56) ** 2) - 0.22)))
    photo = Image.composite(soft, photo.filter(ImageFilter.GaussianBlur(1.5)), focus)
    grain = noise(rng, size, 8, "RGB").filter(ImageFilter.GaussianBlur(0.7))
    photo = add(photo, grain)
    photo = photo.filter(ImageFilter.UnsharpMask(2.2, 70, 3))

    stored = photo.transpose(Image.Transpose.ROTATE_90)  # the sensor's way up; orientation 6 turns it back
    assert stored.size == (4000, 3000)
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "DemoPhone", "DemoPhone P40 (invented)"
    exif[0x0112] = 6
    exif[0x011A] = exif[0x011B] = 72.0
    exif[0x0128] = 2
    exif[0x0131] = "DemoCamera 1.0 yanshi shuju"
    exif[0x0132] = "2026:11:23 16:42:07"
    exif.get_ifd(0x8769).update({
        0x829A: 1 / 50, 0x829D: 1.8, 0x8827: 200, 0x9000: b"0231", 0x9003: "2026:11:23 16:42:07",
        0x9004: "2026:11:23 16:42:07", 0x9011: "+08:00", 0x9209: 16, 0x920A: 5.58, 0xA001: 1, 0xA002: 4000,
        0xA003: 3000, 0xA405: 27, 0xA434: "DemoPhone rear camera 5.58mm f/1.8",
    })  # fmt: skip
    exif.get_ifd(0x8825).update({
        0: b"\2\3\0\0", 1: "N", 2: (28.0, 23.0, 12.6), 3: "E", 4: (114.0, 47.0, 24.3), 5: b"\0", 6: 92.0,
        7: (8.0, 42.0, 7.0), 29: "2026:11:23",
    })  # fmt: skip
    out = io.BytesIO()
    stored.save(out, "JPEG", quality=90, subsampling=2, exif=exif)
    return out.getvalue()


# ── photographs of the stock ──────────────────────────────────────────────────────────────────────

Vec = tuple[float, float, float]


class Camera:
    """A pinhole: world metres (x right, y up, z away) → pixels."""

    def __init__(self, size: tuple[int, int], eye: Vec, yaw: float, pitch: float, focal: float) -> None:
        self.size, self.eye, self.focal = size, eye, focal * size[0]
        self.yaw, self.pitch = yaw, pitch

    def __call__(self, p: Vec) -> tuple[float, float]:
        x, y, z = (a - b for a, b in zip(p, self.eye, strict=True))
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        x, z = c * x - s * z, s * x + c * z
        c, s = math.cos(self.pitch), math.sin(self.pitch)
        y, z = c * y - s * z, s * y + c * z
        return self.size[0] / 2 + self.focal * x / z, self.size[1] / 2 - self.focal * y / z


class Scene:
    def __init__(self, rng: random.Random, camera: Camera, wall: tuple[int, int, int]) -> None:
        self.rng, self.camera = rng, camera
        self.image = Image.new("RGB", camera.size, wall)
        self.image = add(self.image, clouds(rng, camera.size, (14, 10), 5))

    def face(self, texture: Image.Image, corners: list[Vec], light: float) -> None:
        """Lays a texture on four corners (from its top left, clockwise), dimmed to `light`."""
        quad = [self.camera(c) for c in corners]
        texture = texture.point([min(255, round(v * light)) for v in range(256)] * 3)
        laid, mask = warp(texture, quad, self.camera.size)
        self.image.paste(laid, (0, 0), mask)

    def dim(self, corners: list[Vec], strength: int, blur: float) -> None:
        mask = Image.new("L", self.camera.size)
        ImageDraw.Draw(mask).polygon([self.camera(c) for c in corners], fill=strength)
        self.image.paste((12, 10, 8), (0, 0), mask.filter(ImageFilter.GaussianBlur(blur)))

    def box(self, at: Vec, dims: Vec, front: Image.Image, side: Image.Image, top: Image.Image) -> None:
        (x, y, z), (w, h, d) = at, dims
        self.dim(
            [(x - 0.015, y, z - 0.01), (x + w + 0.03, y, z - 0.01), (x + w + 0.04, y, z + d), (x, y, z + d)],
            150,
            7,
        )
        if self.camera.eye[0] < x:
            self.face(side, [(x, y + h, z + d), (x, y + h, z), (x, y, z), (x, y, z + d)], 0.62)
        if self.camera.eye[0] > x + w:
            self.face(side, [(x + w, y + h, z), (x + w, y + h, z + d), (x + w, y, z + d), (x + w, y, z)], 0.74)
        if self.camera.eye[1] > y + h:
            self.face(top, [(x, y + h, z + d), (x + w, y + h, z + d), (x + w, y + h, z), (x, y + h, z)], 1.08)
        light = 0.93 + self.rng.uniform(-0.05, 0.04)
        self.face(front, [(x, y + h, z), (x + w, y + h, z), (x + w, y, z), (x, y, z)], light)

    def bottle(self, at: Vec, height: float, radius: float, label: Image.Image, body: tuple[int, int, int]) -> None:
        """A white or blue bottle seen from the front, drawn flat and shaded round."""
        x, y, z = at
        texture = Image.new("RGBA", (240, 600))
        draw = ImageDraw.Draw(texture)
        draw.rounded_rectangle((92, 0, 148, 90), 10, fill=(36, 92, 168, 255))
        for i in range(96, 146, 7):
            draw.line((i, 6, i, 84), fill=(24, 70, 136, 255), width=2)
        draw.polygon(((88, 86), (152, 86), (232, 176), (8, 176)), fill=(*body, 255))
        draw.rounded_rectangle((4, 150, 236, 598), 26, fill=(*body, 255))
        texture.paste(label.resize((232, 300)), (4, 232))
        round_ = Image.new("L", (240, 1))
        round_.putdata(
            [round(255 * (0.5 + 0.5 * math.sin(math.pi * (0.1 + 0.78 * i / 239)) ** 0.8)) for i in range(240)]
        )
        rgb = ImageChops.multiply(texture.convert("RGB"), Image.merge("RGB", [round_.resize((240, 600))] * 3))
        shine = Image.new("L", (240, 600))
        ImageDraw.Draw(shine).rounded_rectangle((52, 170, 66, 560), 7, fill=110)
        rgb.paste((255, 255, 255), (0, 0), shine.filter(ImageFilter.GaussianBlur(6)))
        self.dim(
            [
                (x - radius, y, z - 0.03),
                (x + radius * 1.6, y, z - 0.03),
                (x + radius * 1.9, y, z + 0.08),
                (x, y, z + 0.08),
            ],
            150,
            6,
        )
        corners = [
            (x - radius, y + height, z),
            (x + radius, y + height, z),
            (x + radius, y, z),
            (x - radius, y, z),
        ]
        quad = [self.camera(c) for c in corners]
        laid, _ = warp(rgb, quad, self.camera.size)
        alpha = Image.merge("RGB", [texture.getchannel("A")] * 3)
        cover, _ = warp(alpha, quad, self.camera.size)
        self.image.paste(laid, (0, 0), cover.getchannel(0))


def _cardboard(rng: random.Random, size: tuple[int, int], colour: tuple[int, int, int]) -> Image.Image:
    image = Image.new("RGB", size, colour)
    image = add(image, noise(rng, (size[0], max(2, size[1] // 40)), 4).resize(size))
    image = add(image, clouds(rng, size, (5, 4), 5))
    draw = ImageDraw.Draw(image)
    edge = tuple(round(c * 0.72) for c in colour)
    draw.rectangle((0, 0, size[0] - 1, size[1] - 1), outline=edge, width=3)
    return image


def _carton(
    rng: random.Random, name: str, lines: list[str], colour: tuple[int, int, int], ink: tuple[int, int, int]
) -> Image.Image:
    image = _cardboard(rng, (640, 480), colour)
    draw = ImageDraw.Draw(image)
    draw.text((320, 120), name, ink, font(104 if len(name) < 5 else 76, "Sans", "Bold"), anchor="mm")
    draw.line((60, 198, 580, 198), fill=ink, width=5)
    for i, line in enumerate(lines):
        draw.text((62, 248 + i * 48), line, ink, font(34, "Sans"), anchor="lm")
    draw.text((62, 436), "演示数据 DEMO", ink, font(30, "Sans"), anchor="lm")
    for i in range(3):  # this side up, keep dry
        x = 420 + i * 66
        draw.rectangle((x, 380, x + 52, 444), outline=ink, width=4)
        if i < 2:
            draw.polygon(((x + 26, 390), (x + 40, 410), (x + 12, 410)), fill=ink)
            draw.line((x + 26, 408, x + 26, 436), fill=ink, width=6)
        else:
            draw.pieslice((x + 8, 392, x + 44, 428), 180, 360, fill=ink)
            draw.line((x + 26, 408, x + 26, 438), fill=ink, width=4)
    tape = Image.new("L", image.size)
    ImageDraw.Draw(tape).rectangle((276, 0, 364, 56), fill=120)
    image.paste((214, 188, 140), (0, 0), tape)
    return image


def _small_box(rng: random.Random, name: str, under: str, colour: tuple[int, int, int]) -> Image.Image:
    image = Image.new("RGB", (420, 210), (246, 248, 250))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 420, 66), fill=colour)
    draw.text((210, 34), name, (255, 255, 255), font(42, "Sans", "Bold"), anchor="mm")
    draw.text((22, 104), under, (40, 60, 90), font(30, "Sans"), anchor="lm")
    draw.text((22, 152), "50只/盒  演示数据", (80, 90, 100), font(28, "Sans"), anchor="lm")
    draw.rounded_rectangle((320, 96, 402, 150), 14, fill=(150, 198, 232), outline=colour, width=3)
    for y in (112, 124, 136):
        draw.line((324, y, 398, y), fill=colour, width=2)
    draw.rectangle((0, 0, 419, 209), outline=(176, 186, 196), width=3)
    return image


def _bottle_label(name: str, under: str, colour: tuple[int, int, int]) -> Image.Image:
    image = Image.new("RGB", (232, 300), (250, 250, 248))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 232, 86), fill=colour)
    draw.text((116, 44), name, (255, 255, 255), font(54, "Sans", "Bold"), anchor="mm")
    draw.text((116, 126), under, (40, 40, 60), font(30, "Sans", "Bold"), anchor="mm")
    draw.text((116, 176), "有效氯 5.5%–6.5%", (70, 70, 80), font(21, "Sans"), anchor="mm")
    draw.text((116, 218), "演示数据", (150, 40, 40), font(28, "Sans", "Bold"), anchor="mm")
    draw.rectangle((0, 270, 232, 300), fill=colour)
    return image


def _shelf(scene: Scene, y: float, x0: float, x1: float, z0: float, z1: float, metal: tuple[int, int, int]) -> None:
    scene.dim(
        [(x0, y - 0.04, z0), (x1, y - 0.04, z0), (x1, y - 0.16, z0 + 0.05), (x0, y - 0.16, z0 + 0.05)],
        110,
        16,
    )
    board = add(Image.new("RGB", (600, 200), metal), noise(scene.rng, (600, 200), 3))
    if scene.camera.eye[1] > y:
        scene.face(board, [(x0, y, z1), (x1, y, z1), (x1, y, z0), (x0, y, z0)], 1.0)
    else:
        scene.face(board, [(x0, y - 0.045, z0), (x1, y - 0.045, z0), (x1, y - 0.045, z1), (x0, y - 0.045, z1)], 0.42)
    scene.face(board, [(x0, y, z0), (x1, y, z0), (x1, y - 0.045, z0), (x0, y - 0.045, z0)], 0.8)


def _stock_scene(rng: random.Random, size: tuple[int, int], variant: int) -> Image.Image:
    metal = (158, 166, 172) if variant == 1 else (96, 122, 150)
    wall = (206, 204, 192) if variant == 1 else (190, 200, 196)
    eye: Vec = (-0.35, 1.38, -2.95) if variant == 1 else (0.42, 1.2, -2.75)
    camera = Camera(
        size,
        eye,
        0.13 if variant == 1 else -0.17,
        -0.09 if variant == 1 else -0.03,
        0.98 if variant == 1 else 0.86,
    )
    scene = Scene(rng, camera, wall)
    floor = add(
        Image.new("RGB", (900, 500), (128, 124, 116)),
        noise(rng, (900, 500), 8).filter(ImageFilter.GaussianBlur(1)),
    )
    fd = ImageDraw.Draw(floor)
    for i in range(0, 900, 150):
        fd.line((i, 0, i, 500), fill=(104, 100, 94), width=3)
    for i in range(0, 500, 125):
        fd.line((0, i, 900, i), fill=(104, 100, 94), width=3)
    scene.face(floor, [(-2.6, 0, 0.62), (2.6, 0, 0.62), (2.6, 0, -1.2), (-2.6, 0, -1.2)], 0.95)
    skirting = Image.new("RGB", (40, 10), (112, 100, 88))
    scene.face(skirting, [(-3, 0.1, 0.62), (3, 0.1, 0.62), (3, 0, 0.62), (-3, 0, 0.62)], 0.8)
    x0, x1, z0, z1 = -1.15, 1.15, 0.0, 0.5
    scene.dim([(x0, 2.1, 0.6), (x1 + 0.25, 2.1, 0.6), (x1 + 0.25, 0.05, 0.6), (x0, 0.05, 0.6)], 70, 34)
    post = add(Image.new("RGB", (30, 900), metal), noise(rng, (30, 900), 4))
    pd = ImageDraw.Draw(post)
    for i in range(12, 900, 26):
        pd.ellipse((11, i, 19, i + 10), fill=(50, 54, 58))

    def upright(x: float, z: float, light: float) -> None:
        scene.face(post, [(x, 2.12, z), (x + 0.045, 2.12, z), (x + 0.045, 0, z), (x, 0, z)], light)

    upright(x0, z1, 0.62)
    upright(x1 - 0.045, z1, 0.62)

    kraft, white = (186, 148, 102), (222, 218, 208)
    side, top = _cardboard(rng, (300, 300), kraft), _cardboard(rng, (400, 300), kraft)
    pale_side, pale_top = _cardboard(rng, (300, 300), white), _cardboard(rng, (400, 300), white)
    masks = [
        _carton(
            rng,
            "医用口罩",
            ["一次性使用 三层", "规格：2000只/箱", f"批号：YS2611{k:02d}"],
            kraft,
            (40, 60, 120),
        )
        for k in (3, 7)
    ]
    fluid = [
        _carton(
            rng,
            "消毒液",
            ["84消毒液 500mL×20瓶", "净含量：10升", f"批号：YS2610{k:02d}"],
            white,
            (170, 40, 44),
        )
        for k in (5, 9)
    ]
    alcohol = _carton(rng, "75%酒精", ["500mL×30瓶 易燃", "远离火源", "批号：YS261018"], kraft, (160, 60, 20))
    small = [
        _small_box(rng, "医用口罩", "一次性 平面型", (36, 116, 186)),
        _small_box(rng, "防护口罩", "KN95 折叠型", (28, 138, 112)),
    ]
    small_side = _cardboard(rng, (200, 100), (232, 236, 240))
    label = [
        _bottle_label("消毒液", "84 500mL", (28, 92, 172)),
        _bottle_label("酒精", "75% 500mL", (196, 92, 30)),
    ]

    def row_cartons(
        y: float, fronts: list[Image.Image], w: float, h: float, gap: float, start: float, pale: bool
    ) -> None:
        places: list[tuple[float, Image.Image]] = []
        for f in fronts:
            places.append((start, f))
            start += w + gap * rng.uniform(0.5, 1.6)
        for x, f in sorted(places, key=lambda p: -abs(p[0] + w / 2 - eye[0])):  # the nearest last
            at = (x, y, z0 + 0.03 + rng.uniform(0.0, 0.05))
            scene.box(at, (w, h, 0.36), f, pale_side if pale else side, pale_top if pale else top)

    shelf = (0.16, 0.68, 1.2, 1.72)
    for level, y in enumerate(shelf):
        if eye[1] > y:
            _shelf(scene, y, x0, x1, z0, z1, metal)
        plan = (level + variant) % 4
        if plan == 1:
            row_cartons(y, [rng.choice(masks) for _ in range(4)], 0.5, 0.37, 0.03, x0 + 0.07, False)
        elif plan == 2:
            row_cartons(y, [fluid[0], fluid[1], fluid[0]], 0.46, 0.34, 0.03, x0 + 0.07, True)
            for back in (1, 0):
                for k in range(5 - back):
                    scene.bottle((0.46 + k * 0.135 + back * 0.06, y, z0 + 0.08 + back * 0.14), 0.3, 0.058,
                                 label[0], (236, 238, 240))  # fmt: skip
        elif plan == 3:
            order = [(c, r) for c in range(6) for r in range(4 if c != 4 else 2)]
            order.sort(key=lambda cr: (-abs(x0 + 0.07 + cr[0] * 0.27 - eye[0]), cr[1]))
            for c, r in order:
                jog = rng.uniform(-0.012, 0.012)
                scene.box((x0 + 0.08 + c * 0.262 + jog, y + r * 0.101, z0 + 0.05 + rng.uniform(0, 0.03)),
                          (0.245, 0.1, 0.2), small[(c // 2) % 2], small_side, small_side)  # fmt: skip
            for k in range(4):
                scene.bottle((0.56 + k * 0.15, y, z0 + 0.1), 0.31, 0.06, label[1], (226, 234, 240))
        else:
            row_cartons(y, [masks[0], alcohol, fluid[1], masks[1]], 0.49, 0.32, 0.05, x0 + 0.07, False)
        if eye[1] <= y:  # seen from below: the board hides the feet of what stands on it
            _shelf(scene, y, x0, x1, z0, z1, metal)
    upright(x0, z0, 0.95)
    upright(x1 - 0.045, z0, 0.95)

    card = Image.new("RGB", (420, 150), (250, 248, 236))
    cd = ImageDraw.Draw(card)
    cd.rectangle((4, 4, 415, 145), outline=(190, 40, 40), width=4)
    cd.text((210, 52), "防疫物资专用架", (170, 30, 34), font(46, "Sans", "Bold"), anchor="mm")
    cd.text((210, 108), "青竹制品 · 演示数据", (70, 70, 70), font(30, "Sans"), anchor="mm")
    scene.face(
        card,
        [
            (-0.2, 1.21, z0 - 0.012),
            (0.2, 1.21, z0 - 0.012),
            (0.2, 1.07, z0 - 0.012),
            (-0.2, 1.07, z0 - 0.012),
        ],
        0.97,
    )
    # a stack on the floor before the shelf
    bx = 0.72 if variant == 1 else -1.25
    for k in range(2):
        at = (bx + k * 0.025, 0.31 * k, -0.62)
        if variant == 1:
            scene.box(at, (0.48, 0.31, 0.36), masks[k], side, top)
        else:
            scene.box(at, (0.48, 0.31, 0.36), fluid[k], pale_side, pale_top)
    return scene.image


def _developed(rng: random.Random, image: Image.Image, lamp_x: float, grain: float) -> Image.Image:
    size = image.size
    light = shade(size, lambda x, y: 1.2 - 0.55 * ((x - lamp_x) ** 2 + 0.8 * (y - 0.3) ** 2) - 0.05 * y)
    image = multiply(image, light)
    glow = image.filter(ImageFilter.GaussianBlur(size[0] / 60))
    image = Image.blend(image, ImageChops.screen(image, glow.point([v // 5 for v in range(256)] * 3)), 0.6)
    image = ImageChops.multiply(image, Image.new("RGB", size, (255, 249, 236)))
    image = image.filter(ImageFilter.GaussianBlur(0.9))
    if grain:
        image = add(image, noise(rng, size, grain, "RGB").filter(ImageFilter.GaussianBlur(0.6)))
    return image.filter(ImageFilter.UnsharpMask(1.6, 60, 3))


def stock_1() -> bytes:
    rng = random.Random(1)
    big = _stock_scene(rng, (2400, 1800), 1)
    image = _developed(rng, big.resize((1600, 1200), Image.Resampling.LANCZOS), 0.4, 5)
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0132] = "DemoPhone", "DemoPhone P40 (invented)", "2026:11:23 15:20:41"
    out = io.BytesIO()
    image.save(out, "JPEG", quality=84, exif=exif)
    return out.getvalue()


def stock_2() -> bytes:
    rng = random.Random(2)
    big = _stock_scene(rng, (2048, 1536), 2)
    image = _developed(rng, big.resize((1024, 768), Image.Resampling.LANCZOS), 0.62, 2.2)
    image = image.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    "business_licence.jpg": business_licence,
    "epidemic_plan.docx": epidemic_plan_docx,
    "epidemic_plan.pdf": epidemic_plan_pdf,
    "roster.xlsx": roster_xlsx,
    "roster_faulty.xlsx": roster_faulty,
    "faults.json": faults,
    "pledge.jpg": pledge,
    "stock_1.jpg": stock_1,
    "stock_2.png": stock_2,
    "canteen_plan.pdf": canteen_plan,
}


def main(prefixes: list[str]) -> None:
    for name, make in FILES.items():
        if not prefixes or name.startswith(tuple(prefixes)):
            data = make()
            (HERE / name).write_bytes(data)
            sys.stdout.write(f"{name:24} {len(data):>10,} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
