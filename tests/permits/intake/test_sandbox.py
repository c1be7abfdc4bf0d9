"""Strangers' files are opened in a process that has nothing, can't take much, and ends in time."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from permits.definition import Requirement
from permits.intake import sandbox
from tests.data import bad
from tests.permits.intake.conftest import document, upload


@pytest.fixture(autouse=True)
def in_a_child(settings, tmp_path: Path) -> None:
    settings.INSPECTION_SANDBOX = True
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)


@pytest.fixture
def requirement(definition) -> Requirement:
    return definition.requirement("epidemic_plan")


def test_a_file_is_looked_into_and_what_was_made_of_it_comes_back(requirement, tmp_path):
    with sandbox.looked_into(document("epidemic_plan.pdf"), name="plan.pdf", requirement=requirement) as looked:
        assert (looked.media_type, looked.facts["pages"], len(looked.thumbs)) == ("application/pdf", 4, 4)
        assert looked.thumbs[0].read_bytes().startswith(b"\xff\xd8") and "应急" in "".join(looked.texts)
    assert list(tmp_path.iterdir()) == []  # nothing is left


def test_a_refusal_comes_back_in_both_languages(requirement):
    file = upload(bad.encrypted_pdf(), "a.pdf")
    with pytest.raises(sandbox.Turned) as caught, sandbox.looked_into(file, name="a.pdf", requirement=requirement):
        pass
    assert caught.value.code == "encrypted" and set(caught.value.verdict["text"]) == {"zh-hans", "en"}
    assert caught.value.messages[0].startswith("The file is protected")


def test_what_was_made_in_the_child_is_what_would_be_made_here(requirement, settings):
    def looked() -> tuple:
        with sandbox.looked_into(document("epidemic_plan.docx"), name="a.docx", requirement=requirement) as found:
            return found.media_type, found.facts, found.texts

    there = looked()
    settings.INSPECTION_SANDBOX = False
    assert looked() == there


def test_without_a_child_threads_take_turns_as_pdfium_ends_a_process_that_has_two_in_it(requirement, settings, monkeypatch):
    settings.INSPECTION_SANDBOX = False
    at_once, most, look = 0, 0, sandbox.work.do

    def counted(folder: Path, job: Mapping[str, Any]) -> dict[str, Any]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        try:
            return look(folder, job)
        finally:
            at_once -= 1

    def pages(_number: int) -> int:
        with sandbox.looked_into(document("epidemic_plan.pdf"), name="plan.pdf", requirement=requirement) as looked:
            return int(looked.facts["pages"])

    monkeypatch.setattr(sandbox.work, "do", counted)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(pages, range(12))) == [4] * 12
    assert most == 1


def child_that(monkeypatch, code: str) -> None:
    monkeypatch.setattr(sandbox, "CHILD", code)


def failure(requirement: Requirement) -> sandbox.Failed:
    file = document("epidemic_plan.pdf")
    with pytest.raises(sandbox.Failed) as caught, sandbox.looked_into(file, name="a.pdf", requirement=requirement):
        pass
    return caught.value


def test_a_child_that_computes_for_ever_is_ended(requirement, settings, monkeypatch):
    settings.INSPECTION_LIMITS = {"megabytes": 256, "seconds": 1}
    child_that(monkeypatch, "import sys; sys.path.insert(0, sys.argv[1])\nfrom pathlib import Path\n"
                            "from permits.intake.sandbox import confine\n"
                            "confine.confine({'megabytes': 256, 'seconds': 1}, Path.cwd())\nwhile True: pass")  # fmt: skip
    assert "computing" in str(error := failure(requirement)) and not error.again


def test_a_child_that_sleeps_is_ended_and_its_children_with_it(requirement, settings, monkeypatch, tmp_path):
    settings.INSPECTION_LIMITS = {"megabytes": 256, "seconds": -2}  # waits two seconds
    mark = tmp_path / "alive"
    child_that(monkeypatch, "import os, time\nif os.fork() == 0:\n    time.sleep(4)\n"
                            f"    open({str(mark)!r}, 'w').close()\ntime.sleep(60)")  # fmt: skip
    began = time.monotonic()
    assert "not done" in str(failure(requirement)) and time.monotonic() - began < 8
    time.sleep(3)
    assert not mark.exists()


def test_a_child_that_is_killed_may_be_tried_again_and_one_that_crashes_not(requirement, monkeypatch):
    child_that(monkeypatch, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert failure(requirement).again
    child_that(monkeypatch, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert not failure(requirement).again


@pytest.mark.parametrize(
    "answer",
    ["", "[", '{"media_type": "application/pdf", "extension": ".pdf", "facts": {}, "content": "../file", "thumbs": [], "texts": []}'],
    ids=["none", "no JSON", "a path that leads out"],
)  # fmt: skip
def test_nothing_but_a_proper_answer_is_believed(requirement, monkeypatch, answer):
    child_that(monkeypatch, f"import os\nos.mkdir('made')\nopen('answer.json', 'w').write({answer!r})")
    failure(requirement)


def test_a_link_that_leads_out_of_the_folder_is_not_followed(requirement, monkeypatch):
    answer = json.dumps({"media_type": "a/b", "extension": ".pdf", "facts": {}, "content": None, "thumbs": ["t.jpg"], "texts": []})
    child_that(monkeypatch, f"import os\nos.mkdir('made')\nos.symlink('/etc/passwd', 'made/t.jpg')\n"
                            f"open('answer.json', 'w').write({answer!r})")  # fmt: skip
    assert "didn't make" in str(failure(requirement))
    answer = answer.replace("t.jpg", "passwd")
    child_that(monkeypatch, f"import os\nos.symlink('/etc', 'made')\nopen('answer.json', 'w').write({answer!r})")
    assert "didn't make" in str(failure(requirement))
    child_that(monkeypatch, "import os; os.symlink('/etc/passwd', 'answer.json')")
    assert "no answer" in str(failure(requirement))
