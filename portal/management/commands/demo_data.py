"""Fill the portal with demonstration data: accounts, departments, an enterprise, applications at every stage."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from permits.models import Application
from portal import demo

STAGES = ("decision", "submitted", "precheck", "countersign", "draft", "decision")


class Command(BaseCommand):
    help = "Create the demo accounts and N applications at different stages (演示数据)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--applications", type=int, default=12)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("demonstration data belongs on a demonstration portal only: set DEMO=1 if this is one")
        people = demo.ensure_cast()
        enterprise = demo.enterprise_of(people["owner"], demo.RECORD)
        for number in range(options["applications"]):
            application = demo.draft(people["owner"], enterprise, demo.answers_for(enterprise, first_batch=120))
            until = STAGES[number % len(STAGES)]
            if until != "draft":
                demo.carry_through(application, people, until=until, say=lambda line: None)
            if until == "submitted":
                demo.talk_about(application, people)
        if options["verbosity"]:
            self.stdout.write(f"{options['applications']} applications made, {Application.objects.count()} in all")
