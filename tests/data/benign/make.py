"""The good files, made when they are asked for; what is in them is invented, and none stands in the repository.

.venv/bin/python -m tests.data.benign.make FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.data.benign.entries import Good
from tests.data.benign.offices import offices
from tests.data.benign.pdfs import pdfs
from tests.data.benign.photos import photos

SETS = {"photos": photos.files, "pdfs": pdfs.files, "offices": offices.files}
GOOD: list[Good] = [good for files in SETS.values() for good in files]


def write(folder: Path, files: list[Good] = GOOD) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for good in files:
        (folder / good.file).write_bytes(good.make())


if __name__ == "__main__":
    write(Path(sys.argv[1]))
    print(f"{len(GOOD)} files in {sys.argv[1]}")  # noqa: T201
