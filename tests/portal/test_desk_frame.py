"""The frame of every page of the desk is unfold's, less what the desk does without; a new unfold's has to be taken anew."""

from __future__ import annotations

import re
from pathlib import Path

import unfold
from django.conf import settings

FRAME = "templates/unfold/layouts/skeleton.html"
WITHOUT = {"inter/styles.css", "simplebar.css", "simplebar.js", "alpine.sort.js", "chart.js"}


def lines(folder: Path) -> list[str]:
    text = re.sub(r"{% comment %}.*?{% endcomment %}", "", (folder / FRAME).read_text(encoding="utf-8"), flags=re.DOTALL)
    return [line for line in text.splitlines() if line.strip()]


def test_the_frame_is_unfolds_but_for_what_is_left_out():
    theirs, ours = lines(Path(unfold.__file__).parent), lines(settings.BASE_DIR)
    left_out = [line for line in theirs if any(name in line for name in WITHOUT)]
    assert len(left_out) == len(WITHOUT)
    assert ours == [line for line in theirs if line not in left_out]
