"""The bench's own portal: migrated, services published, the cast in its offices; and many applications of one kind."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

import django

from tests.run import ROOT

SETTINGS = ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_connections")


def begin() -> str:
    """Make the database, and say how it is set."""
    django.setup()
    logging.disable(logging.WARNING)  # pages that are meant to be refused are not news
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
        found = []
        for name in SETTINGS:
            cursor.execute(f"SHOW {name}")
            found.append(f"{name} = {cursor.fetchone()[0]}")
    return f"PostgreSQL {version}, for both sides: {', '.join(found)}; notices' kicks go to a broker in memory"


@cache
def the_cast():
    """The model case's service published, and everybody in their office (tests.cast)."""
    from tests.cast import make_cast

    publish(ROOT / "permits" / "services" / "resumption.toml")
    return make_cast()


def publish(file: Path) -> None:
    from reviews.publishing import publish

    publish(file.read_text(encoding="utf-8"), name=file.name)


def settled() -> None:
    """What was prepared is on the disk before anybody is timed."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")


class Copies:
    """Copies of a submitted application, as many as are asked for: its row, its open task, its events.

    A copy's application and its task have the same primary key; the last twelve digits of its public id say which.
    """

    FIRST = 1_000_000
    UUID_FROM = 100_000_000_000  # twelve digits, whatever is added

    def __init__(self, sample) -> None:
        self.sample = sample
        self.task = sample.tasks.get()
        self.made = self.used = self.FIRST
        self.prefix = str(sample.public_id)[:24]

    def uuid(self, pk: int) -> str:
        return f"{self.prefix}{self.UUID_FROM + pk}"

    def more(self, count: int) -> list[int]:
        """Primary keys of copies that nobody has had yet."""
        first, self.used = self.used, self.used + count
        if self.used > self.made:
            self._make(max(count, 2000))
        return list(range(first, first + count))

    def _make(self, count: int) -> None:
        from django.db import connection

        own = f"'{self.prefix}' || ({self.UUID_FROM} + n)"
        changed = {
            "permits_application": {"id": "n", "public_id": f"({own})::uuid", "number": "'360924-copy-' || n"},
            "reviews_task": {
                "id": "n", "application_id": "n", "public_id": f"('{str(self.task.public_id)[:24]}' || ({self.UUID_FROM} + n))::uuid",
            },
            "reviews_event": {
                "id": "nextval(pg_get_serial_sequence('reviews_event', 'id'))", "application_id": "n", "stream": f"'application:' || {own}",
                "hash": "md5(n || hash) || md5(hash || n)",
            },
        }  # fmt: skip
        where = {
            "permits_application": f"id = {self.sample.pk}", "reviews_task": f"id = {self.task.pk}",
            "reviews_event": f"application_id = {self.sample.pk}",
        }  # fmt: skip
        last = self.made + count - 1
        with connection.cursor() as cursor:
            for table, values in changed.items():
                columns = [column.name for column in connection.introspection.get_table_description(cursor, table)]
                chosen = ", ".join(values.get(name, name) for name in columns)
                cursor.execute(
                    f"INSERT INTO {table} ({', '.join(columns)}) "
                    f"SELECT {chosen} FROM {table}, generate_series({self.made}, {last}) AS n WHERE {where[table]}"
                )
                cursor.execute(f"ANALYZE {table}")
        self.made += count
