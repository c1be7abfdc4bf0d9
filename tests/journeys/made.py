"""The demonstration's database, in the portal of this environment: ``python -m tests.journeys.made [applications]``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import django
from django.core.management import call_command

SHIPPED = Path(__file__).parents[2] / "permits" / "services"


def main(applications: int = 0) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.journeys.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("publish_service", *sorted(map(str, SHIPPED.glob("*.toml"))))
    call_command("demo_data", applications=applications)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
