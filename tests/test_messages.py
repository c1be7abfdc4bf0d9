"""Chinese and English are complete: nothing on a screen is left in the other language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.utils.translation.template import templatize

from permits.definition_file import parse

ROOT = Path(__file__).parents[1]
CATALOGUE = ROOT / "portal" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
CALLS = {"_", "_l", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
LITERAL = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
# The texts of a call, as templatize writes them: gettext('…'), ngettext('…', '…', count), _("…").
CALL = re.compile(rf"\b(?:(?:n|p|np)?gettext|_)\(\s*{LITERAL}(?:\s*,\s*{LITERAL})*", re.S)
pytestmark = pytest.mark.once


def catalogue() -> polib.POFile:
    return polib.pofile(str(CATALOGUE))


def test_every_text_is_translated():
    missing = [entry.msgid for entry in catalogue() if not entry.translated()]
    assert not missing


def test_the_compiled_catalogue_is_the_one_that_was_written():
    compiled = polib.mofile(str(CATALOGUE.with_suffix(".mo")))
    said = {(e.msgctxt, e.msgid): (e.msgstr, e.msgstr_plural) for e in compiled}
    written = {(e.msgctxt, e.msgid): (e.msgstr, e.msgstr_plural) for e in catalogue() if not e.obsolete}
    assert said == written, "run: make messages"


def placeholders(text: str) -> list[str]:
    return sorted(set(re.findall(r"%\((\w+)\)", text)) | set(re.findall(r"(?<!\{)\{(\w*)\}(?!\})", text)))


def test_a_translation_has_the_gaps_of_its_text():
    for entry in catalogue():
        texts = [entry.msgstr, *entry.msgstr_plural.values()]
        for text in filter(None, texts):
            wanted = set(placeholders(entry.msgid_plural or entry.msgid))
            assert set(placeholders(text)) == wanted, entry.msgid


def in_python(source: str, name: str) -> Iterator[tuple[str | None, str]]:
    for node in ast.walk(ast.parse(source, name)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if called in CALLS and texts:
            context = called.startswith("pgettext") and len(texts) > 1
            yield (texts[0], texts[1]) if context else (None, texts[0])


def texts() -> Iterator[tuple[str, str | None, str]]:
    for room in ("portal", "permits", "reviews"):
        for file in (ROOT / room).rglob("*.py"):
            for context, text in in_python(file.read_text(encoding="utf-8"), file.name):
                yield str(file.relative_to(ROOT)), context, text
    for file in (ROOT / "templates").rglob("*.html"):
        # Django turns a template into calls that xgettext reads; Python's own parser reads them one by one.
        calls = templatize(file.read_text(encoding="utf-8"), origin=str(file))
        for call in CALL.findall(calls):
            for context, text in in_python(f"{call})", file.name):
                yield str(file.relative_to(ROOT)), context, text


def test_every_text_of_the_code_is_in_the_catalogue():
    known = {(entry.msgctxt, entry.msgid) for entry in catalogue()}
    known |= {(None, msgid) for _context, msgid in known}
    missing = sorted({f"{file}: {text}" for file, context, text in texts() if (context, text) not in known and text})
    assert not missing, "\n".join(missing)


def test_a_text_with_gaps_and_one_of_several_is_found():
    calls = templatize("{% blocktranslate count n=n %}{{ n }} (one){% plural %}{{ n }} more{% endblocktranslate %}{{ _('x') }}")
    found = [text for call in CALL.findall(calls) for _context, text in in_python(f"{call})", "x.html")]
    assert "%(n)s (one)" in found
    assert [text for _context, text in in_python("from x import gettext_lazy as _l\nA = _l('Said')", "x.py")] == ["Said"]


def test_enough_was_found_for_the_search_to_mean_something():
    found = list(texts())
    assert len([file for file, _c, _t in found if file.endswith(".html")]) > 150
    assert len([file for file, _c, _t in found if file.endswith(".py")]) > 250


@pytest.mark.parametrize("file", sorted((ROOT / "permits" / "services").glob("*.toml")), ids=lambda file: file.stem)
def test_a_shipped_definition_speaks_both_languages(file):
    """The schema asks for both; English is English, and Chinese is Chinese."""
    parse(file.read_text(encoding="utf-8"), name=file.name)
    for zh, en in re.findall(r'zh = "([^"]*)", en = "([^"]*)"', file.read_text(encoding="utf-8")):
        assert re.search(r"[\u4e00-\u9fff]", zh), zh
        if "header row" not in en:
            assert not re.search(r"[\u4e00-\u9fff]", en), en


def test_every_notice_has_its_text_in_both_languages():
    zh = {file.name for file in (ROOT / "templates" / "notices" / "zh").iterdir()}
    en = {file.name for file in (ROOT / "templates" / "notices" / "en").iterdir()}
    assert zh == en and len(zh) > 8
