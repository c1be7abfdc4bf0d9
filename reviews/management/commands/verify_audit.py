"""manage.py verify_audit [--since DATE|SIZE] [--against FILE …]: is the audit log what it was?"""

from __future__ import annotations

import sys
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date

from reviews.audit import verify
from reviews.models import Checkpoint

SHOWN = 20
WIDTH = 40  # characters of the bar


class Command(BaseCommand):
    help = (
        "Verify the audit log: chains, leaves, tree, checkpoints and their signatures, times, and that the tables say "
        "what the events say. Exit status 1, and the first broken place in words, when something was changed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since", metavar="DATE|SIZE", default="",
            help="only what was sealed since the last checkpoint of that day (2026-11-25) or size, and the whole of the "
            "applications that it is about: the nightly run",
        )  # fmt: skip
        parser.add_argument(
            "--against", metavar="FILE", action="append", default=[],
            help="a checkpoint that another office kept: prove that the log still begins with it; repeats",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        since = self._since(options["since"])
        notes = [self._read(name) for name in options["against"]]
        began, bar = time.monotonic(), _Bar(verify.to_read(since))
        report = verify.verify(since=since, against=notes, progress=bar.more)
        bar.end()
        for fault in report.faults[:SHOWN]:
            self.stderr.write(fault.words)
        more = len(report.faults[SHOWN:]) + report.more
        if more:
            self.stderr.write(f"… and {more} more")
        whole = f"since checkpoint {since.size}" if since else "the whole log"
        took = time.monotonic() - began
        self.stdout.write(
            f"{whole}: {report.events} events ({report.unsealed} wait to be sealed), {report.leaves} leaves, "
            f"{report.checkpoints} checkpoints, {len(notes)} witnessed, in {took:.1f} s"
        )
        if first := report.first:
            raise CommandError(f"The audit log does not hold. The first broken place: {first.words}")
        self.stdout.write("The audit log holds.")

    def _since(self, text: str) -> Checkpoint | None:
        if not text:
            return None
        if text.isdigit():
            return verify.checkpoint_before(size=int(text))
        midnight = datetime.combine(self._day(text), datetime.min.time(), tzinfo=timezone.get_current_timezone())
        return verify.checkpoint_before(at=midnight)

    def _day(self, text: str) -> date:
        try:
            day = parse_date(text)
        except ValueError:
            day = None
        if day is None:
            raise CommandError(f"--since takes a day (2026-11-25) or a size (120000), not '{text}'")
        return day

    def _read(self, name: str) -> str:
        try:
            return Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"--against {name} can't be read: {error}") from error


class _Bar:
    """How far it is, on a terminal; nothing anywhere else."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.shown = max(total, 1), 0, 0.0
        self.on = sys.stderr.isatty()

    def more(self, count: int) -> None:
        self.done += count
        now = time.monotonic()
        if self.on and now - self.shown > 0.1:
            self.shown = now
            share = min(self.done / self.total, 1.0)
            full = int(share * WIDTH)
            sys.stderr.write(f"\r[{'#' * full}{'·' * (WIDTH - full)}] {share:4.0%} {self.done:,} of {self.total:,}")
            sys.stderr.flush()

    def end(self) -> None:
        if self.on:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
