"""``make css``: of Bootstrap's style sheet, the rules that a page of ours can use.

A rule stays when every class (and every ``data-bs-…``) of one of its selectors stands as a word in quotation marks somewhere
in our templates, scripts or Python, or in crispy's. That keeps a little too much and never too little. What is kept is not
changed, nor put into another order. The result is kept in the repository, so nothing is built where the portal runs;
a test says when it is out of date.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "static" / "vendor" / "bootstrap"
WHOLE, USED = FOLDER / "bootstrap.min.css", FOLDER / "bootstrap.used.css"
OURS = ("templates/**/*.html", "static/js/**/*.js", "portal/**/*.py", "permits/**/*.py", "reviews/**/*.py")
THE_DESK = ("admin", "unfold")  # folders of templates that never load Bootstrap
NAMES = re.compile(r"\.([A-Za-z][\w-]*)|\[(data-bs-[a-z]+)")
BETWEEN_SELECTORS = re.compile(r",(?![^(]*\))")


def build() -> str:
    return _kept(WHOLE.read_text(), _words()) + "\n"


def missing() -> set[str]:
    """Selectors of rules that pages use and that the kept style sheet has not."""
    return _selectors(build()) - _selectors(USED.read_text())


def _words() -> set[str]:
    files = [file for pattern in OURS for file in ROOT.glob(pattern) if file.relative_to(ROOT).parts[1] not in THE_DESK]
    for package in ("crispy_bootstrap5", "crispy_forms"):
        found = find_spec(package)
        folder = Path(next(iter(found.submodule_search_locations or ()))) if found else None
        if folder is None:
            raise LookupError(f"{package} is not installed: make setup")
        files += [*folder.glob("templates/bootstrap5/**/*.html"), *folder.glob("*.py")]
    return {word for file in files for text in _quoted(file) for word in re.findall(r"[A-Za-z][\w-]*", text)}


def _quoted(file: Path) -> list[str]:
    """Of a template or script what stands in quotation marks; of Python the same where it speaks of classes, but no docstring."""
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        return re.findall(r"\"[^\"]*\"|'[^']*'|`[^`]*`", text)
    if not re.search(r"css_class|\bclass=|[\"']class[\"']", text):
        return []
    tree = ast.parse(text)
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    ]


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """What stands before each ``{``, and what stands within its braces."""
    at = 0
    while (brace := css.find("{", at)) != -1:
        end, depth = brace + 1, 1
        while depth:
            depth += {"{": 1, "}": -1}.get(css[end], 0)
            end += 1
        yield css[at:brace], css[brace + 1 : end - 1]
        at = end


def _kept(css: str, words: set[str]) -> str:
    out = []
    for head, body in _rules(css):
        licence, head = (found[0], head[found.end() :]) if (found := re.match(r".*\*/", head, re.S)) else ("", head)
        if head.startswith(("@media", "@supports")):
            inner = _kept(body, words)
            kept = f"{head}{{{inner}}}" if inner else ""
        elif head.startswith("@keyframes"):
            kept = f"{head}{{{body}}}" if head.split()[1] in words else ""
        elif head.startswith("@"):
            kept = f"{head}{{{body}}}"
        else:
            used = [each for each in BETWEEN_SELECTORS.split(head) if _names(each) <= words]
            kept = f"{','.join(used)}{{{body}}}" if used else ""
        out.append(licence + kept)
    return "".join(out)


def _names(selector: str) -> set[str]:
    return {name or attribute for name, attribute in NAMES.findall(selector)}


def _selectors(css: str) -> set[str]:
    return {
        selector
        for head, body in _rules(css)
        for selector in (_selectors(body) if head.startswith("@media") else BETWEEN_SELECTORS.split(head))
    }


if __name__ == "__main__":
    USED.write_text(build())
    sys.stdout.write(f"{USED.relative_to(ROOT)}: {USED.stat().st_size} of {WHOLE.stat().st_size} bytes\n")
