"""Find words that a reader would meet in one language only. Each finder takes a text and gives (line, words)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser

Found = tuple[int, str]
HAN = re.compile(r"[\u3400-\u9fff]")
WORD = re.compile(r"[A-Za-z]{2,}|[\u3400-\u9fff]")
READ_OUT = ("alt", "title", "placeholder", "aria-label", "aria-description", "aria-roledescription", "label", "content")
SILENT = ("script", "style", "code", "kbd", "samp")
# Gives what it is between these to be translated.
SPOKEN = re.compile(r"\{%\s*blocktrans(?:late)?\b.*?%\}.*?\{%\s*endblocktrans(?:late)?\s*%\}", re.S)
COMMENT = re.compile(r"\{%\s*comment\b.*?%\}.*?\{%\s*endcomment\s*%\}|\{#.*?#\}|<!--.*?-->", re.S)
TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.S)
# What a tag or filter says by itself: {% include … with title="Words" %}, |default:"words"
SAID = re.compile(
    r"""(?:\bwith\s|\s)(?:label|title|text|action|heading|why)=(?P<a>"[^"]*"|'[^']*')|\|default:(?P<b>"[^"]*"|'[^']*')"""
)


def in_template(source: str) -> Iterator[Found]:
    """Words of an HTML template outside of translate tags: in its text, in attributes that are read, in its own tags."""
    source = _blank(SPOKEN, _blank(COMMENT, source))
    for tag in TAG.finditer(source):
        for said in SAID.finditer(tag[0]):
            words = (said["a"] or said["b"]).strip("\"'")
            if (WORD.search(words) and " " in words.strip()) or HAN.search(words):
                yield source.count("\n", 0, tag.start()) + 1, words
    reader = _Reader()
    reader.feed(_blank(TAG, source, "\u2060"))
    yield from reader.found


def _blank(pattern: re.Pattern[str], text: str, mark: str = "") -> str:
    """Without what matches, its lines kept."""
    return pattern.sub(lambda found: mark + "\n" * found[0].count("\n"), text)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Found] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT:
            self.silent.append(tag)
        given = dict(attrs)
        for name in READ_OUT:
            if name == "content" and given.get("name") not in ("description", "title"):
                continue
            self._note(given.get(name) or "")
        if tag == "input" and given.get("type") in ("submit", "button"):
            self._note(given.get("value") or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag in SILENT:
            self.silent.pop()

    def handle_endtag(self, tag: str) -> None:
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self._note(data)

    def _note(self, text: str) -> None:
        words = " ".join(text.replace("\u2060", " ").split())
        if WORD.search(words):
            self.found.append((self.getpos()[0], words))


# --- Python -----------------------------------------------------------------------------------------------------------

LAZY = {"gettext_lazy", "ngettext_lazy", "pgettext_lazy", "npgettext_lazy", "gettext_noop"}
NOW = {"gettext", "ngettext", "pgettext", "npgettext"}
# Arguments that somebody reads, by their names; and calls whose plain text argument somebody reads, by its place.
READ = {"label", "help_text", "verbose_name", "verbose_name_plural", "description", "short_description", "empty_label"}
SHOWN = {"ValidationError": 0, "Refused": 1, "Warned": 1, "add_error": 1, "ReasonNeeded": 0, "NotSensible": 0}
MESSAGES = {"success", "info", "warning", "error"}
MODEL_FIELD = re.compile(r"(Char|Text|Email|Boolean|Integer|Date|DateTime|Decimal|URL|Slug)Field$")


def in_python(source: str) -> Iterator[Found]:
    """Words that Python shows untranslated, or translates in a way that can't work."""
    tree = ast.parse(source)
    names = _names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _in_call(node, names)
        if isinstance(node, ast.ClassDef) and any(_last(base).endswith("Choices") for base in node.bases):
            for line in node.body:
                if isinstance(line, ast.Assign) and isinstance(line.value, ast.Tuple) and len(line.value.elts) > 1:
                    yield from _plain(line.value.elts[-1])
    yield from _at_import(tree, names)


def _names(tree: ast.Module) -> dict[str, str]:
    """By what name each of gettext's functions is called here."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            found |= {alias.asname or alias.name: alias.name for alias in node.names}
    return {name: function for name, function in found.items() if function in LAZY | NOW}


def _in_call(node: ast.Call, names: dict[str, str]) -> Iterator[Found]:
    called = _last(node.func)
    if called in names and node.args and isinstance(node.args[0], ast.JoinedStr):
        yield node.lineno, "an f-string is never in the catalogue"
    for word in node.keywords:
        if word.arg in READ:
            yield from _plain(word.value)
    place = SHOWN.get(called)
    if called in MESSAGES and isinstance(node.func, ast.Attribute) and _last(node.func.value) == "messages":
        place = 1
    if place is not None and len(node.args) > place:
        yield from _plain(node.args[place])
    if (
        MODEL_FIELD.search(called)
        and isinstance(node.func, ast.Attribute)
        and _last(node.func.value) == "models"
        and node.args
    ):
        yield from _plain(node.args[0])


def _plain(node: ast.expr) -> Iterator[Found]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and WORD.search(node.value):
        yield node.lineno, node.value
    if isinstance(node, ast.JoinedStr):
        for part in node.values:
            if isinstance(part, ast.Constant) and WORD.search(str(part.value)):
                yield node.lineno, str(part.value)


def _at_import(tree: ast.Module, names: dict[str, str]) -> Iterator[Found]:
    """gettext where a module is read: it would speak the language of whoever started the process."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += [*node.args.defaults, *getattr(node, "decorator_list", [])]
            continue
        if isinstance(node, ast.Call) and names.get(_last(node.func)) in NOW:
            yield node.lineno, "translated when the module is read, not when it is shown"
        waiting += ast.iter_child_nodes(node)


def _last(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def han_in_python(source: str) -> Iterator[Found]:
    """Chinese that isn't the Chinese half of a pair: {"zh": …, "en": …}, zh=…, en=…, a docstring."""
    tree = ast.parse(source)
    fine = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            if {"zh", "en"} <= keys:
                fine |= {id(each) for value in node.values for each in ast.walk(value)}
        if isinstance(node, ast.Call) and {"zh", "en"} <= {word.arg for word in node.keywords}:
            fine |= {id(each) for word in node.keywords for each in ast.walk(word.value)}
        if isinstance(node, ast.Expr):  # a docstring
            fine.add(id(node.value))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and HAN.search(node.value)
            and id(node) not in fine
        ):
            yield node.lineno, node.value


# --- scripts ------------------------------------------------------------------------------------------------------------

STRING = re.compile(r"""//[^\n]*|/\*.*?\*/|(?P<said>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)""", re.S)
SHOWN_BY = re.compile(
    r"(textContent|innerText|title|placeholder|ariaLabel|alert|confirm|prompt)\s*(=|\()\s*$|setAttribute\(\s*[\"'](aria-label|title|alt|placeholder)[\"']\s*,\s*$"
)


def in_script(source: str) -> Iterator[Found]:
    """Chinese in a script, and words that it puts on the page: words come from the page, in its language."""
    for found in STRING.finditer(source):
        said = found["said"]
        if not said or not WORD.search(said):
            continue
        before = source[max(0, found.start() - 60) : found.start()]
        if HAN.search(said) or SHOWN_BY.search(before):
            yield source.count("\n", 0, found.start()) + 1, said[1:-1]


# --- definitions and texts ----------------------------------------------------------------------------------------------


def in_definition(tree: object, at: str = "") -> Iterator[tuple[str, str]]:
    """Where a definition says something in one language only, or in the wrong one."""
    if isinstance(tree, list):
        for n, each in enumerate(tree):
            yield from in_definition(each, f"{at}[{n}]")
    if not isinstance(tree, dict):
        return
    if {"zh", "en"} & set(tree):
        zh, en = str(tree.get("zh", "")), str(tree.get("en", ""))
        if not HAN.search(zh):
            yield at, f"no Chinese: {zh or en}"
        if not en.strip() or (HAN.search(en) and not re.search(r"[A-Za-z]{3}", en)):
            yield at, f"no English: {en or zh}"
        return
    for key, value in tree.items():
        yield from in_definition(value, f"{at}.{key}".lstrip("."))
