"""The rooms of the house: what may import what, and that no circle is broken by an import inside a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.application import use_cases
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.once
LOCAL_IMPORTS_ALLOWED = {
    # Django asks for these: models don't exist before the registry is full.
    "apps.py",
}


def test_every_room_imports_only_to_its_right(capsys):
    assert lint_imports(str(ROOT / "pyproject.toml"), no_cache=True) == 0, capsys.readouterr().out
    assert use_cases.SUCCESS is True


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("room", ["permits", "reviews"])
def test_no_function_hides_an_import_of_our_own(room):
    hidden = []
    for file in sorted((ROOT / room).rglob("*.py")):
        if file.name in LOCAL_IMPORTS_ALLOWED or "migrations" in file.parts:
            continue
        for function in functions(ast.parse(file.read_text(encoding="utf-8"))):
            for node in ast.walk(function):
                if isinstance(node, ast.ImportFrom):
                    modules = [node.module or ""] if not node.level else [room]
                elif isinstance(node, ast.Import):
                    modules = [name.name for name in node.names]
                else:
                    continue
                if any(module.split(".")[0] in ("permits", "reviews", "portal") for module in modules):
                    hidden.append(f"{file.relative_to(ROOT)}:{node.lineno} in {function.name}()")
    assert not hidden, "imports inside functions:\n" + "\n".join(hidden)
