"""One sheet read once, in a process of its own: ``python -m tests.bench.sheet SIDE FILE``; seconds and peak memory.

Every side runs with the portal loaded, so that the memory told is the reading's. The peak is the kernel's own
(VmHWM), set back just before the reading begins.
"""

from __future__ import annotations

import json
import sys
import time
from io import BytesIO
from pathlib import Path
from typing import Any

COLUMNS = {
    "name": ("姓名", "text"), "id_number": ("身份证号", "resident_id"), "mobile": ("手机号", "mobile"),
    "origin": ("来源地区代码", "region"), "return_date": ("返岗日期", "date"), "transport": ("交通方式", "text"),
    "quarantine": ("是否需要隔离", "yesno"),
}  # fmt: skip


def bare(content: BytesIO) -> int:
    """What nobody can do without: the file opened, every cell's value handed over."""
    import openpyxl

    workbook = openpyxl.load_workbook(content, read_only=True, data_only=True, keep_links=False)
    count = 0
    for _row in workbook.worksheets[0].iter_rows(values_only=True):
        count += 1
    workbook.close()
    return count - 1


def material(content: BytesIO) -> int:
    """The returning-staff plan as a material: every cell checked, the ID number unique."""
    from permits.definition import Requirement
    from permits.intake import roster

    columns = [
        {"key": key, "header": header, "type": kind, "unique": key == "id_number"}
        for key, (header, kind) in COLUMNS.items()
    ]
    title = {"zh": "返岗计划", "en": "Roster"}
    done = roster.read(
        content, Requirement.model_validate({"key": "roster", "title": title, "formats": ["xlsx"], "roster": columns})
    )
    assert not done.faults, done.faults[0]
    return done.rows


def group(content: BytesIO) -> int:
    """The same columns as a repeating group of the form: checked as if typed, and kept."""
    from permits.definition import FormField
    from permits.intake import group_sheet

    fields = [
        {"key": key, "type": kind, "label": {"zh": header, "en": key}, "unique": key == "id_number"}
        for key, (header, kind) in COLUMNS.items()
    ]
    field = {"key": "staff", "type": "group", "label": {"zh": "人员", "en": "Staff"}, "importable": True,
             "max_rows": 20_000, "fields": fields}  # fmt: skip
    done = group_sheet.read(content, FormField.model_validate(field), {})
    assert not done.faults, done.faults[0]
    return len(done.rows)


SIDES = {"openpyxl": bare, "material": material, "group": group}


def peak() -> int:
    """The process's peak of memory in kB since it was last set back."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def main(side: str, file: str) -> dict[str, Any]:
    import django

    django.setup()
    # Everything that is loaded once, whatever the size of the sheet: imports, tables of codes, calendars.
    warm = Path(file).with_name("10.xlsx").read_bytes()
    for each in SIDES.values():
        each(BytesIO(warm))
    content = BytesIO(Path(file).read_bytes())
    Path("/proc/self/clear_refs").write_text("5")
    before, started = peak(), time.perf_counter()
    rows = SIDES[side](content)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "before": before, "peak": peak(), "rows": rows}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2])))
