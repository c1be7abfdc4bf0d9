"""Run the whole embedded portal on this machine: `make run` calls it."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal import stack


class Command(BaseCommand):
    help = "Run the whole portal on this machine until Ctrl-C · 在本机运行整个门户"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-demo", action="store_true", help="no demo accounts and applications")
        parser.add_argument("--applications", type=int, default=stack.DEMO_APPLICATIONS)
        parser.add_argument(
            "--quiet",
            action="store_true",
            help="of the processes' output show the errors only; all of it is in var/log",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            status = stack.run(
                port=options["port"],
                demo=not options["no_demo"],
                applications=options["applications"],
                quiet=options["quiet"],
            )
        except stack.Refused as refusal:
            self.stderr.write(str(refusal))
            status = 1
        except KeyboardInterrupt:
            status = 130
        sys.exit(status)
