"""The corpus of hostile and broken files, made when it is asked for: none of them stands in the repository.

    .venv/bin/python -m tests.data.hostile.make FOLDER

writes all of them and ``index.json``: file, name, what it is, the code of the refusal. The same bytes each time (but for what
encryption draws by lot and compression libraries change). Each does harm, if any, only to a reader that this portal keeps it from; no address in it exists.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.data.hostile import containers, images, offices, pdfbombs, pdfs, plain
from tests.data.hostile.entries import Entry, Family

FAMILIES = [
    found for module in (plain, images, pdfs, pdfbombs, offices, containers) for found in vars(module).values()
    if isinstance(found, Family)
]  # fmt: skip
CORPUS: list[Entry] = [entry for family in FAMILIES for entry in family.entries]


def write(folder: Path, entries: list[Entry] = CORPUS) -> None:
    """Those that aren't there yet. Each under a name of its own first, so that a second process never reads half of one."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        path = folder / entry.file
        if not path.exists():
            part = folder / f".{entry.file}.{id(entry)}"
            part.write_bytes(entry.make())
            part.replace(path)


def main(folder: Path) -> None:
    write(folder)
    index = [
        {"file": entry.file, "name": entry.name, "what": entry.what, "code": entry.code, "family": entry.family}
        for entry in CORPUS
    ]
    (folder / "index.json").write_text(json.dumps(index, ensure_ascii=False, indent=1), encoding="utf-8")
    print(f"{len(index)} files in {folder}")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
