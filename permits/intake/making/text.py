"""The text of documents, for searching: of a DOCX by page as Word broke them when it was saved, of an XLSX by sheet."""

from __future__ import annotations

import time
import zipfile
from typing import IO, Any
from xml.etree import ElementTree

from permits.intake import sheets
from permits.intake.looking.words import MB, Refused

MAX_CHARACTERS = 1_000_000
MAX_PAGE_CHARACTERS = 200_000
SECONDS = 8.0
MAX_ROWS = 20_000
MAX_POOL = 24 * MB  # Excel's texts, which have to be read whole; Python needs about eight times as much


class Budget:
    """So many characters and seconds of computing for all pages together. What is past them is left out: nobody decides by a search."""

    def __init__(self, seconds: float) -> None:
        self.left = MAX_CHARACTERS
        self.until = time.thread_time() + seconds

    @property
    def spent(self) -> bool:
        return self.left <= 0 or time.thread_time() > self.until

    def take(self, text: str) -> str:
        text = sheets.storable(text)[: min(self.left, MAX_PAGE_CHARACTERS)].strip()
        self.left -= len(text)
        return text


_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"


def of_docx(stream: IO[bytes]) -> list[str]:
    budget = Budget(SECONDS)
    pages: list[list[str]] = [[]]
    length = 0
    with zipfile.ZipFile(stream) as archive, archive.open(_main_part(archive)) as part:
        for event, element in ElementTree.iterparse(part, events=("start", "end")):  # noqa: S314 - inspected
            tag = element.tag.removeprefix(_WORD).removeprefix(_STRICT)
            if event == "start":
                if _breaks_page(tag, element):
                    pages.append([])
                continue
            if tag == "t" and element.text:
                pages[-1].append(element.text)
                length += len(element.text)
            elif tag in {"p", "br", "cr"}:
                pages[-1].append("\n")
            elif tag in {"tab", "tc"}:
                pages[-1].append("\t")
            if tag in {"p", "tr", "tbl"}:
                element.clear()
            if length > MAX_CHARACTERS or budget.spent:
                break
    return [budget.take("".join(page)) for page in pages]


def _breaks_page(tag: str, element: ElementTree.Element) -> bool:
    if tag == "lastRenderedPageBreak":
        return True
    return tag == "br" and any(value == "page" for key, value in element.attrib.items() if key.endswith("type"))


def _main_part(archive: zipfile.ZipFile) -> str:
    """Where the package says its document is; word/document.xml almost always."""
    root = ElementTree.fromstring(archive.read("_rels/.rels"))  # noqa: S314 - inspected
    for relation in root.iter():
        if relation.get("Type", "").endswith("/officeDocument"):
            return relation.get("Target", "").lstrip("/")
    return "word/document.xml"


def of_xlsx(stream: IO[bytes]) -> list[str]:
    budget = Budget(SECONDS)
    with zipfile.ZipFile(stream) as archive:
        if any(
            part.file_size > MAX_POOL for part in archive.infolist() if part.filename.lower().endswith("strings.xml")
        ):
            return []
    stream.seek(0)
    texts: list[str] = []
    try:
        with sheets.open_sheets(stream) as found:
            for rows in found:
                texts.append(_text_of_sheet(rows(), budget))
    except Refused:  # a sheet that openpyxl can't read; whoever needs its rows says so
        return texts
    return texts


def _text_of_sheet(rows: sheets.Rows, budget: Budget) -> str:
    lines: list[str] = []
    length = 0
    for number, cells in rows:
        line = "\t".join(_shown(cell) for cell in cells if cell is not None)
        if line:
            lines.append(line)
            length += len(line)
        if length > MAX_PAGE_CHARACTERS or number > MAX_ROWS or budget.spent:
            break
    return budget.take("\n".join(lines))


def _shown(cell: Any) -> str:
    return str(cell.date()) if hasattr(cell, "date") and callable(cell.date) else str(cell)
