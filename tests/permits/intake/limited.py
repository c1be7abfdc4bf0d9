"""Inspection in a process of its own, which may use no more memory and time than the portal's would.

python -m tests.permits.intake.limited   reads [[path, name], …] and writes a result for each, one JSON a line
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

MB = 1024 * 1024
MEMORY = 512 * MB
SECONDS = 30


def look_at(files: list[tuple[Path, str]], max_mb: int = 20) -> list[dict[str, Any]]:
    """One result for each file: ``code`` and ``words`` (by language) of a refusal, or what came out; seconds, memory in MB."""
    asked = json.dumps({"files": [[str(path), name] for path, name in files], "max_mb": max_mb})
    done = subprocess.run(
        [sys.executable, "-m", "tests.permits.intake.limited"], input=asked, capture_output=True, text=True, timeout=600
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode or len(found) != len(files):
        raise AssertionError(f"died at {files[len(found)][0].name}: {done.returncode}, {done.stderr[-2000:]}")
    return found


def _set_up() -> Any:
    import django
    from django.conf import settings

    root = Path(__file__).parents[3]
    settings.configure(USE_I18N=True, LANGUAGE_CODE="zh-hans", LOCALE_PATHS=[root / "portal" / "locale"])
    django.setup()
    import permits.intake.derive  # noqa: F401 - what it loads counts before the limit is set
    from permits.definition import Requirement, Text

    def asked(max_mb: int) -> Requirement:
        formats = ("pdf", "jpg", "png", "docx", "xlsx")
        return Requirement(key="any", title=Text(zh="材料", en="Material"), formats=formats, max_mb=max_mb)

    return asked


def _result(path: str, name: str, requirement: Any) -> dict[str, Any]:
    from permits.intake.derive import derive
    from permits.intake.inspect import Refused, inspect

    Path("/proc/self/clear_refs").write_text("5")  # the most memory used is counted anew
    began, clock = time.process_time(), time.monotonic()
    with open(path, "rb") as stream, tempfile.TemporaryDirectory() as folder:
        try:
            found = inspect(stream, name=name, requirement=requirement)
            inspected = time.process_time()
            made = derive(stream, found.extension[1:], folder=Path(folder), facts=found.facts)
        except Refused as refused:
            said: dict[str, Any] = {"code": refused.code, "words": _both(refused)}
        else:
            said = {
                "kind": found.extension, "facts": found.facts, "kept": made.extension, "texts": made.texts,
                "warnings": [warning.code for warning in (*found.warnings, *made.warnings)],
                "thumbs": len(made.thumbs), "content": made.content.stat().st_size if made.content else None,
                "of_it_inspecting": inspected - began,
            }  # fmt: skip
    return {
        "file": Path(path).name,
        **said,
        "cpu": time.process_time() - began,
        "seconds": time.monotonic() - clock,
        "mb": _peak(),
    }


def _both(refused: Any) -> dict[str, str]:
    from django.utils import translation

    words = {}
    for language in ("zh-hans", "en"):
        with translation.override(language):
            words[language] = " ".join(refused.messages)
    return words


def _peak() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 1024
    return 0


def main() -> None:
    asked = json.load(sys.stdin)
    requirement = _set_up()(asked["max_mb"])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for path, name in asked["files"]:
        spent = int(time.process_time())
        resource.setrlimit(resource.RLIMIT_CPU, (spent + SECONDS, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        print(json.dumps(_result(path, name, requirement)), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
