"""What the parts of an office document may say: nothing fetched from elsewhere, nothing started, no XML that reads other files.

A hyperlink that a reader clicks is fine, and so is a path on the writer's own disk that leads nowhere for anyone else: Word keeps
the path of its template, and pictures pasted from a chat keep theirs.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from xml.etree import ElementTree

from permits.intake.looking import links, words

MAX_RELATIONS = 4 * 1024 * 1024
OVERLAP = 64 * 1024  # longer than any formula, field or tag that matters
MAX_INSTRUCTIONS = 1_000_000

_DOCUMENT_TYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ENTITY = re.compile(rb"<!ENTITY|<!DOCTYPE[^>]*\[", re.IGNORECASE)
_ENCODING = re.compile(rb"""^[^>]{0,100}encoding\s*=\s*["']([A-Za-z0-9._-]+)""")
_ENCODINGS = {b"utf-8", b"utf8", b"utf-16", b"us-ascii", b"ascii", b"iso-8859-1", b"gb2312", b"gbk", b"gb18030"}
_ASIDE = re.compile(rb"<!\[CDATA\[|\]\]>|<!--.*?-->", re.DOTALL)
_INSTRUCTION = re.compile(
    rb"""fldCharType=["'](begin)|<(?:\w+:)?instrText(?:\s[^>]*)?>([^<]*)<|\binstr\s*=\s*(?:"([^"]*)"|'([^']*)')"""
)
_STARTS = re.compile(r"(?:^|[\s\"])DDE(?:AUTO)?(?=[\s\"\\])", re.IGNORECASE | re.MULTILINE)
_FETCHES = re.compile(r"^\s*(?:INCLUDETEXT|INCLUDE|IMPORT|LINK|RD|DATABASE)\s", re.IGNORECASE | re.MULTILINE)
_FETCHES_SHARE = re.compile(r"^\s*INCLUDEPICTURE\s.*[\"\s](?:file:/*)?\\{2,4}\w", re.IGNORECASE | re.MULTILINE)
_FORMULA = re.compile(rb"<(?:\w+:)?(?:f|formula\d?|definedName)(?:\s[^>]*)?>([^<]{1,60000})<")
_TEXTS = re.compile(r'"[^"]*"')
_SHEET_NAMES = re.compile(r"(?<!\|)'[^']*'!")  # which may have a bar in them
_COMMANDS = re.compile(
    r"\||\b(?:WEBSERVICE|RTD|CALL|REGISTER(?:\.ID)?|EXEC|DDEINITIATE|IMPORTDATA|IMPORTXML)\s*\(", re.IGNORECASE
)  # a bar that is neither in a text nor in a name is DDE's


def reader(name: str, kind: str) -> XmlReader:
    """What reads the part of this name in a document of this kind."""
    lower = name.lower()
    if lower.endswith(".rels"):
        return RelationsReader(is_xml=True)
    if lower.endswith(".svg"):  # a drawing program's, put in as it was: it has a document type, which defines nothing
        return XmlReader(is_xml=None, forbidden=_ENTITY)
    is_xml = True if lower.endswith((".xml", ".vml")) else None
    return (FieldReader if kind == "docx" else FormulaReader)(is_xml)


class XmlReader:
    """Reads a part piece by piece, each with the end of the one before, so that a border hides nothing.

    XML whatever its name says (``is_xml`` None), and a part that is called XML has to be it. No document type, which Office never
    writes; in an encoding that is read here as it is read there.
    """

    def __init__(self, is_xml: bool | None, forbidden: re.Pattern[bytes] = _DOCUMENT_TYPE) -> None:
        self.is_xml = is_xml
        self.forbidden = forbidden
        self.begun = False
        self.tail = b""

    def read(self, chunk: bytes) -> None:
        plain = chunk.replace(b"\0", b"")  # UTF-16 too
        if not self.begun:
            self.begun = True
            self._begin(plain[:400].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n"))
        if not self.is_xml:
            return
        piece = self.tail + plain
        if self.forbidden.search(piece):
            raise words.doctype()
        seen = self.look(_ASIDE.sub(b"", piece) if b"<!" in piece else piece)
        self.tail = piece[-OVERLAP:] if seen is None else seen[-OVERLAP:]

    def _begin(self, plain: bytes) -> None:
        if self.is_xml is None:
            self.is_xml = plain.startswith(b"<")
        elif not plain.startswith(b"<"):
            raise words.container()
        found = _ENCODING.match(plain) if self.is_xml else None
        if found and found[1].lower() not in _ENCODINGS:
            raise words.container()

    def look(self, piece: bytes) -> bytes | None:
        """Look at this much of the part. What is left to look at again is given back, None for the usual end of the piece."""

    def end(self) -> None:
        """All of the part was read."""


class FormulaReader(XmlReader):
    """Formulas of Excel, of names and of conditional formats too."""

    def look(self, piece: bytes) -> None:
        for found in _FORMULA.finditer(piece):
            formula = found[1]
            if (b"|" in formula or b"(" in formula) and _COMMANDS.search(
                _SHEET_NAMES.sub("", _TEXTS.sub("", _plain(formula)))
            ):
                raise words.command()


class FieldReader(XmlReader):
    """Fields of Word. The name of one may be cut into several runs, so they are put together before they are looked at."""

    def __init__(self, is_xml: bool | None) -> None:
        super().__init__(is_xml)
        self.instructions: list[str] = []
        self.length = 0

    def look(self, piece: bytes) -> bytes:
        at = 0
        for found in _INSTRUCTION.finditer(piece):
            at = found.end()
            begins, *texts = found.groups()
            text = "\n" if begins or texts[0] is None else ""
            text += _plain(next((each for each in texts if each), b""))
            self.instructions.append(text)
            self.length += len(text)
            if self.length > MAX_INSTRUCTIONS:
                raise words.too_complex()
        return piece[at:]

    def end(self) -> None:
        whole = "".join(self.instructions)
        if _STARTS.search(whole):
            raise words.command()
        if _FETCHES.search(whole) or _FETCHES_SHARE.search(whole):
            raise words.remote()


class RelationsReader(XmlReader):
    """What the parts refer to."""

    def __init__(self, is_xml: bool | None) -> None:
        super().__init__(is_xml)
        self.content = bytearray()

    def read(self, chunk: bytes) -> None:
        super().read(chunk)
        self.content += chunk
        if len(self.content) > MAX_RELATIONS:
            raise words.unpacks_too_large()

    def end(self) -> None:
        try:
            root = ElementTree.fromstring(bytes(self.content))  # noqa: S314 - a document type was refused
        except ElementTree.ParseError as error:
            raise words.damaged() from error
        for relation in root.iter():
            if relation.tag.endswith("Relationship"):
                _refuse_relation(relation.attrib)


def _plain(text: bytes) -> str:
    return html.unescape(text.decode("utf-8", "replace"))


# --- Relations and types ------------------------------------------------------------------------------------

_MACRO_KINDS = re.compile(
    r"/(vbaProject|wordVbaData|xlMacrosheet|xlIntlMacrosheet|attachedToolbars|keyMapCustomizations)$"
)
_CONTROL_KINDS = re.compile(r"/(control|activeXControlBinary|webextension|webextensiontaskpanes)$", re.IGNORECASE)
_EMBEDDED_KINDS = re.compile(r"/(oleObject|aFChunk)$")
_LINKED_KINDS = re.compile(
    r"/(externalLink|externalLinkPath|xlExternalLinkPath\w*|xlPathMissing|connections|queryTable)$"
)
_MACRO_TYPES = re.compile(rb"macroEnabled|vbaProject|vbaData|macrosheet|attachedToolbars", re.IGNORECASE)
_LINK_KINDS = ("/hyperlink",)
_PATH_KINDS = ("/image", "/attachedTemplate")


def refuse_types(types: bytes) -> None:
    if _MACRO_TYPES.search(types.replace(b"\0", b"")):
        raise words.macros()


def _refuse_relation(said: Mapping[str, str]) -> None:
    kind, target = said.get("Type", ""), said.get("Target", "").strip()
    if _MACRO_KINDS.search(kind):
        raise words.macros()
    if _CONTROL_KINDS.search(kind):
        raise words.control()
    if _LINKED_KINDS.search(kind):
        raise words.linked()
    if said.get("TargetMode", "").lower() == "external":
        _refuse_target(kind, target)
    elif _EMBEDDED_KINDS.search(kind):
        raise words.embedded()


def _refuse_target(kind: str, target: str) -> None:
    if kind.endswith(_LINK_KINDS):
        allowed = links.is_safe(target)
    else:
        allowed = kind.endswith(_PATH_KINDS) and links.stays_here(target)
    if not allowed:
        raise words.remote()
