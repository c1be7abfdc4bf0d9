"""Close the portal for a while, with a page that says so, and open it again."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal import maintenance


class Command(BaseCommand):
    help = "Close the portal for maintenance (503 with Retry-After), open it again, or say which it is."
    requires_system_checks: list[str] = []  # it has to work when nothing else does

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=("on", "off", "status"))
        parser.add_argument(
            "--until", default="", metavar="HH:MM", help="when it will be open again: 14:30, or 2026-11-27T14:30"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "off":
            self.stdout.write("open again" if maintenance.open_again() else "was open already")
        elif options["what"] == "on":
            maintenance.close(moment(options["until"]) if options["until"] else None)
        closed = maintenance.state()
        if options["what"] == "off" and closed:
            raise CommandError("MAINTENANCE=1 stands in the environment: unset it and restart the site")
        if options["what"] != "off":
            until = f" until {closed['until']:%Y-%m-%d %H:%M}" if closed and closed["until"] else ""
            self.stdout.write(f"closed for maintenance{until} ({maintenance.file()})" if closed else "open")


def moment(text: str) -> datetime:
    """``14:30``, the next there is, or a day and a time; in local time. Raise ``CommandError`` for what is no such thing."""
    now = timezone.localtime()
    if clock := re.fullmatch(r"(\d\d?):(\d\d)", text):
        hour, minute = int(clock[1]), int(clock[2])
        if hour > 23 or minute > 59:
            raise CommandError(f"{text} is no time: give HH:MM")
        today = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        return today if today > now else today + timedelta(days=1)
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text} is no time: give HH:MM, or 2026-11-27T14:30") from None
    given = given if given.tzinfo else timezone.make_aware(given)
    if given <= now:
        raise CommandError(f"{text} is over already")
    return given
