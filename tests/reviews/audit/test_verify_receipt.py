"""``static/verify_receipt.py`` on a computer that knows nothing of the portal: whatever was done to a receipt, it says so."""

from __future__ import annotations

import importlib.util
import io
import json
import subprocess
import sys
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from reviews.audit import merkle
from tests.reviews.audit.receipt_made import (
    ENTRIES,
    FORGER,
    NUMBER,
    ORIGIN,
    as_text,
    changed,
    events,
    fits,
    note,
    receipt,
    tamperings,
    tree,
    vkey,
)

PROGRAM = Path(settings.BASE_DIR) / "static" / "verify_receipt.py"
TAMPERINGS = tamperings()
spec = importlib.util.spec_from_file_location("verify_receipt", PROGRAM)
assert spec and spec.loader
program: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


def run(folder: Path, text: str | bytes, *options: str, lang: str = "en") -> tuple[int, str]:
    """The exit status, and what was said, in this process."""
    file = folder / "receipt.json"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(out):
        status = program.main([str(file), "--lang", lang, *options])
    out.seek(0)
    return status, out.read()


def kept(folder: Path, text: str) -> str:
    file = folder / "checkpoint.txt"
    file.write_text(text, encoding="utf-8")
    return str(file)


# --- what is genuine -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lang", "words"), [("en", "PROVED: 5 events"), ("zh", "已证明")])
def test_it_runs_alone_with_nothing_of_the_portal_and_proves_a_genuine_receipt(
    folder: Path, lang: str, words: str
) -> None:
    alone = folder / lang
    alone.mkdir()
    (alone / "program.py").write_bytes(PROGRAM.read_bytes())
    (alone / "receipt.json").write_text(as_text(receipt()), encoding="utf-8")
    command = [sys.executable, "-I", "program.py", "receipt.json", "--key", vkey(), "--lang", lang]
    done = subprocess.run(command, cwd=alone, env={}, capture_output=True, check=False)
    said = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    assert (
        words in said and NUMBER in said and ORIGIN in said and "材料齐全 ✓" in said and "2020-02-10T03:20:00Z" in said
    )


def test_a_withheld_event_is_counted_and_not_told(folder: Path) -> None:
    _status, said = run(folder, as_text(receipt()), "--key", vkey())
    assert "   2  (in the log; its contents are not in this receipt)\n" in said and "claimed" not in said


def test_the_key_inside_proves_nothing_by_itself(folder: Path) -> None:
    for made in (receipt(), receipt(key=FORGER)):
        status, said = run(folder, as_text(made))
        assert status == 3 and "ONLY THE KEY INSIDE THE RECEIPT VOUCHES FOR IT" in said


def test_keys_come_from_a_file_too(folder: Path) -> None:
    file = folder / "keys.txt"
    file.write_text(f"{vkey()}\n{vkey(FORGER)}\n", encoding="utf-8")
    assert run(folder, as_text(receipt()), "--key", str(file))[0] == 0
    file.write_text("no key\n", encoding="utf-8")
    status, said = run(folder, as_text(receipt()), "--key", str(file))
    assert status == 2 and "no key is no key" in said


# --- a checkpoint that somebody kept ---------------------------------------------------------------------------------------


def test_a_checkpoint_that_somebody_kept_vouches_for_the_key(folder: Path) -> None:
    status, said = run(folder, as_text(receipt()), "--checkpoint", kept(folder, note(3, tree(ENTRIES[:3])[0])))
    assert status == 0 and "which signed the checkpoint that you kept" in said and "very same log" not in said
    status, said = run(folder, as_text(receipt()), "--checkpoint", kept(folder, receipt()["checkpoint"]))
    assert status == 0 and "very same log" in said


def test_a_rewritten_log_is_found_by_who_kept_a_checkpoint(folder: Path) -> None:
    other = note(len(ENTRIES), merkle.leaf_hash(b"rewritten"))
    status, said = run(folder, as_text(receipt()), "--key", vkey(), "--checkpoint", kept(folder, other))
    assert status == 1 and "ANOTHER log of the same size" in said


@pytest.mark.parametrize(
    "text", [note(3, bytes(32), FORGER), note(3, bytes(32), origin="other.example/audit"), "no checkpoint\n", ""]
)
def test_a_checkpoint_of_somebody_elses_vouches_for_nothing(folder: Path, text: str) -> None:
    status, said = run(folder, as_text(receipt()), "--key", vkey(), "--checkpoint", kept(folder, text))
    assert status == 1 and "is not signed by a key that is known here" in said


# --- what was done to it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", TAMPERINGS)
def test_every_part_that_is_tampered_with_is_found_and_named(folder: Path, name: str, lang: str) -> None:
    made, code = TAMPERINGS[name]
    status, said = run(folder, as_text(made), "--key", vkey(), lang=lang)
    first, second = said.splitlines()
    assert status == 1 and first == program.WORDS["broken"][lang == "zh"]
    assert fits(program.WORDS[code][lang == "zh"], second)


def test_every_fault_that_the_program_knows_is_one_of_a_test() -> None:
    elsewhere = {"not_json", "not_kept", "fork"}
    names = list(program.WORDS)
    assert {code for _made, code in TAMPERINGS.values()} | elsewhere == set(names[: names.index("proved")])


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "7", "[" * 100_000, b"\xff\xfe", '{"format": 1, "format": 2}', '{"a": NaN}', as_text(changed("events", 7)),
     as_text(changed("events", [[]])), as_text(changed("events", {"0": 1})), as_text(changed("checkpoint", None)),
     as_text(changed("events/0/payload", "\ud800")).encode("utf-8", "surrogatepass"), as_text(changed("key", {})),
     json.dumps(changed("events/0/payload", "\ud800"))],
)  # fmt: skip
def test_nonsense_is_told_without_a_traceback(folder: Path, text: str | bytes) -> None:
    status, _said = run(folder, text, "--key", vkey())
    assert status in (1, 2)


def test_a_part_that_stands_there_twice_misleads_nobody_who_reads_the_file(folder: Path) -> None:
    twice = GENUINE.replace('"application":', '"application": "360924-20200210-000009-X",\n "application":', 1)
    assert json.loads(twice) == receipt() and run(folder, twice, "--key", vkey())[0] == 1


def test_no_file_no_checkpoint_file_and_no_key_file_are_told(folder: Path) -> None:
    for options in (["--key", "nowhere.txt"], ["--checkpoint", "nowhere.txt"]):
        status, said = run(folder, as_text(receipt()), *options)
        assert status == 2 and "nowhere.txt" in said


def test_what_stands_in_a_receipt_steers_no_terminal(folder: Path) -> None:
    made = changed("application", "\x1b[2J\x1b[31mPROVED")
    status, said = run(folder, as_text(made), "--key", vkey())
    assert status == 1 and "\x1b" not in said


GENUINE = as_text(receipt())
CHARACTERS = st.sampled_from('09azAZ+/=",:{}[] \\nu—✓')


@st.composite
def edited(draw: st.DrawFn) -> str:
    """The file with one to three characters replaced, put in or left out."""
    text = GENUINE
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text) - 1))
        text = text[:at] + draw(CHARACTERS | st.just("")) + text[at + draw(st.integers(0, 1)) :]
    return text


@given(text=edited())
@hypothesis_settings(max_examples=400)
def test_whatever_characters_change_it_is_found(folder: Path, text: str) -> None:
    with suppress(ValueError):
        assume(json.loads(text) != json.loads(GENUINE))
    assert run(folder, text, "--key", vkey())[0] == 1


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, each in inside for found in ((*way, key), *places(each, (*way, key)))]


PLACES = places(receipt())
VALUES = st.none() | st.booleans() | st.integers(-2, 12) | st.just("") | st.just({}) | st.just([]) | st.floats(0, 12)


def at(value: Any, way: tuple[Any, ...]) -> Any:
    for key in way:
        value = value[key]
    return value


@given(
    way=st.sampled_from(PLACES),
    other=st.sampled_from(PLACES),
    value=VALUES,
    how=st.sampled_from(["set", "move", "drop"]),
)
@hypothesis_settings(max_examples=400)
def test_whatever_parts_change_it_is_found(folder: Path, way: Any, other: Any, value: Any, how: str) -> None:
    made = receipt()
    inside = at(made, way[:-1])
    if how == "drop":
        del inside[way[-1]]
    else:
        inside[way[-1]] = at(receipt(), other) if how == "move" else value
    assume(as_text(made) != GENUINE)
    assume(not says_less(made))
    assert run(folder, as_text(made), "--key", vkey())[0] == 1


def says_less(made: Any) -> bool:
    """Words were left out, or the last events: that is no lie, and the program says that it proves nothing of what is later."""
    whole = receipt()
    if made.keys() != whole.keys() or not isinstance(made["events"], list) or not made["events"]:
        return False
    shorter = whole | {"events": whole["events"][: len(made["events"])]}
    blind = events(lambda them: [each | ({"reason": None} if "reason" in each else {}) for each in them])
    blind["events"] = blind["events"][: len(made["events"])]
    return made in (shorter, blind)
