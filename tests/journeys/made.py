"""The demonstration's database, in the portal of this environment: ``python -m tests.journeys.made``."""

from __future__ import annotations

import os
from pathlib import Path

import django
from django.core.management import call_command

SHIPPED = Path(__file__).parents[2] / "permits" / "services"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.journeys.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("publish_service", *sorted(map(str, SHIPPED.glob("*.toml"))))
    call_command("demo_data", applications=0)


if __name__ == "__main__":
    main()
