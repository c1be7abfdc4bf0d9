"""A process of ours in which strangers' files are opened: begun apart from this one, ended in time with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from django.conf import settings


class TooLong(Exception):
    """It was not done in time."""


def run(
    arguments: Sequence[str], *, folder: Path, seconds: float, environment: Mapping[str, str] | None = None, said: bytes = b""
) -> tuple[int, str]:
    """Run this Python with ``arguments`` in ``folder``, and ``said`` on its standard input. Return how it ended (as
    ``Popen.returncode``) and the last line that it complained in. Raise ``TooLong``.
    """
    # What it complains of goes where it can't put another file in its place.
    with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as errors:
        process = subprocess.Popen(  # noqa: S603 (ourselves)
            [sys.executable, "-I", "-X", "utf8", *arguments], cwd=folder, env=dict(environment or {}), stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=errors, close_fds=True, start_new_session=True,
        )  # fmt: skip
        try:
            process.communicate(said, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise TooLong(f"not done after {seconds:.0f} s") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        errors.seek(max(0, errors.seek(0, 2) - 2000))
        lines = errors.read().decode(errors="replace").strip().splitlines()
    return process.returncode, lines[-1] if lines else ""
