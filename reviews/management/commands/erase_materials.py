"""manage.py erase_materials [--apply]: the files, and the words of the messages, of applications whose time is over."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from reviews import retention, workflow


class Command(BaseCommand):
    help = (
        "Erase the files, and the words of the messages, of applications that have been kept as long as KEEP_FILES, or the definition of their service, says. Without "
        "--apply nothing is erased: what would be is listed. Rows, digests and the audit log stay; each erasure is an event."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--apply", action="store_true", help="erase; it can't be undone")
        parser.add_argument("--number", help="only this application, if its time is over")
        parser.add_argument("--limit", type=int, metavar="N", help="so many applications at most")

    def handle(self, *args: Any, **options: Any) -> None:
        # An empty variable in a script must not turn "this one" into "all of them".
        if options["number"] == "":
            raise CommandError("--number: the application's number, as in 360924-20261124-000001-Y; it is empty")
        if options["limit"] is not None and options["limit"] < 1:
            raise CommandError("--limit: at least 1; without --limit all that is due")
        now, counted, size = timezone.now(), Counter[str](), 0
        for due in retention.all_over(now):
            application = due.application
            if options["number"] is not None and application.number != options["number"]:
                continue
            files = workflow.erase_files(application.pk, now=now) if options["apply"] else due.files
            counted["applications"] += bool(files)
            counted["files"] += files
            size += due.size
            name = application.number or f"draft {application.public_id}"
            self.stdout.write(
                f"{name}  {application.version.service.slug}  {due.group}: {due.days} days since "
                f"{timezone.localtime(due.since):%Y-%m-%d}, {files} files, {filesizeformat(due.size)}"
            )
            if options["limit"] is not None and counted["applications"] >= options["limit"]:
                break
        self._threads(now, counted, options)
        if options["number"] is not None and not (counted["applications"] or counted["threads"]):
            raise CommandError(f"The time of application {options['number']} is not over, or it has no files.")
        done = "erased" if options["apply"] else "would be erased; --apply erases them"
        self.stdout.write(
            f"{counted['files']} files of {counted['applications']} applications ({filesizeformat(size)}) {done}."
        )
        if counted["threads"]:
            self.stdout.write(f"The words of {counted['threads']} threads {done}.")

    def _threads(self, now: datetime, counted: Counter[str], options: dict[str, Any]) -> None:
        for application, days in retention.threads_over(now):
            if options["number"] is not None and application.number != options["number"]:
                continue
            if options["limit"] is not None and counted["threads"] >= options["limit"]:
                return
            if options["apply"]:
                workflow.erase_thread(application.pk, now=now)
            counted["threads"] += 1
            name = application.number or f"draft {application.public_id}"
            self.stdout.write(f"{name}  messages: {days} days are over")
