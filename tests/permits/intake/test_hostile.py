"""The corpus of hostile files: none comes in, each is told what is wrong with it, none takes too long or too much memory."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from permits.intake.upload import safe_name
from tests.data.hostile import containers, images, make, offices, pdfbombs, pdfs, plain
from tests.data.hostile.entries import Entry
from tests.permits.intake import limited

pytestmark = pytest.mark.once
MODULES = [plain, images, pdfs, pdfbombs, offices, containers]  # a process for each: that is what costs time


def entries_of(module) -> list[Entry]:
    return [entry for family in vars(module).values() if isinstance(family, make.Family) for entry in family.entries]


@pytest.fixture(autouse=True)
def storage_folder():
    """Nothing here is stored."""


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_none_of_them_comes_in_and_each_is_refused_for_what_it_is(module, tmp_path: Path):
    entries = entries_of(module)
    make.write(tmp_path, entries)
    try:
        found = limited.look_at([(tmp_path / entry.file, entry.name) for entry in entries])
    finally:
        for path in tmp_path.iterdir():  # pytest would keep 60 MB of them for three runs
            path.unlink()
    wrong = [
        f"{entry.file} ({entry.what}): {entry.code} was expected, got {result.get('code', 'accepted')}"
        for entry, result in zip(entries, found, strict=True)
        if result.get("code") != entry.code
    ]
    assert not wrong, "\n".join(wrong)
    slow = [f"{r['file']}: {r['cpu']:.1f} s, {r['mb']} MB" for r in found if r["cpu"] > 15 or r["mb"] > 400]
    assert not slow, "\n".join(slow)  # half of what they may take: this machine isn't the slowest
    _each_code_has_its_words(found)


def _each_code_has_its_words(found: list[dict]) -> None:
    by_code: dict[str, set[str]] = defaultdict(set)
    for result in found:
        chinese, english = result["words"]["zh-hans"], result["words"]["en"]
        assert re.search(r"[\u4e00-\u9fff]", chinese) and not re.search(r"[\u4e00-\u9fff]", english)
        assert "{" not in chinese + english and "%(" not in chinese + english
        assert english.count(".") + english.count("!") >= 2 or result["code"] == "unreadable", (
            english
        )  # what is wrong; what to do
        by_code[result["code"]].add(english)
    said = [words for code, several in by_code.items() for words in several]
    assert len(said) == len(set(said)), "two codes say the same"
    assert all(
        len(several) == 1
        for code, several in by_code.items()
        if code not in {"format", "too_large", "too_many_pixels", "too_many_pages"}
    )


def test_there_are_enough_of_them_and_none_is_called_as_another():
    assert len(make.CORPUS) >= 150
    assert len({entry.file for entry in make.CORPUS}) == len(make.CORPUS)
    assert {entry for module in MODULES for entry in entries_of(module)} == set(make.CORPUS)
    assert len({entry.code for entry in make.CORPUS}) >= 25


def test_no_name_of_theirs_leads_out_of_a_folder_or_turns_its_letters_around():
    for entry in make.CORPUS:
        name = safe_name(entry.name, extension=".pdf")
        assert not re.search(r"[/\\\x00-\x1f\u202a-\u202e\u2066-\u2069\u200e\u200f]", name), name
        assert name.endswith(".pdf") and name not in {".pdf", "..pdf"}


def test_the_corpus_is_the_same_each_time():
    chosen = [entry for entry in make.CORPUS if "bomb" not in entry.family and entry.family != "pdf-locked"]  # AES draws lots
    for entry in chosen[::12]:
        assert entry.make() == entry.make(), entry.file
