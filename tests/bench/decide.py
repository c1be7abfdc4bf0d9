"""One decision against pgbench writing the same rows: the model case's pre-check is accepted.

What the reference does is taken from a decision that was just made: the application's row is locked and read, then
every row that the decision left behind is written with the same columns and the same sizes, in the fewest statements
(one INSERT a table, one UPDATE a row, only the columns that changed). The reads in which the portal asks who may and
who is told are its own affair. Both work on applications of their own, copied from one that was really submitted;
pgbench speaks the simple protocol, as psycopg2 does.
"""

from __future__ import annotations

import os
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.db import connection

from reviews import workflow
from tests.bench.client import Clients
from tests.bench.measure import Result, in_turn
from tests.bench.prepared import Copies, settled, the_cast
from tests.cast import filled

TARGETS = {1: "≥ 0.35", 8: "≥ 0.20"}
EACH = {1: (400, 150), 8: (150, 30)}  # a round's transactions of each client: pgbench's, the portal's
ENCRYPTED = {"answers", "left_over"}  # encrypted anew by each save; that they did not change is the ORM's to know


def measure(rounds: int, folder: Path) -> list[Result]:
    cast = the_cast()
    sample = workflow.submit(filled(cast).pk, applicant=cast.owner)
    copies = Copies(sample)
    script = folder / "decide.pgbench"
    script.write_text(_script(copies, cast.street.pk))
    return [_beside(clients, rounds, copies, script, cast.street.pk) for clients in TARGETS]


def _beside(clients: int, rounds: int, copies: Copies, script: Path, official: int) -> Result:
    raw_each, each = EACH[clients] if rounds > 1 else (2, 2)

    def portal() -> float:
        jobs = [[[pk, official, "accept"] for pk in copies.more(each)] for _client in range(clients)]
        settled()
        return processes.per_second("tests.bench.calls.decide", jobs)

    def raw() -> float:
        first = copies.more(raw_each * clients)[0]
        settled()
        return _pgbench(script, clients, raw_each, first)

    with Clients(clients) as processes:
        figures = in_turn({"pgbench": raw, "portal": portal}, rounds)
    word = "client" if clients == 1 else "clients"
    return Result(f"decide, {clients} {word}", figures["portal"], "decisions/s", figures["pgbench"], TARGETS[clients])


def pgbench() -> str:
    """Comes with pgserver's wheel, or with Debian's postgresql."""
    if wheel := find_spec("pgserver"):
        return str(Path(wheel.origin or "").parent / "pginstall" / "bin" / "pgbench")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"), key=lambda file: int(file.parts[4]))
    if not found:
        raise SystemExit("pgbench is missing: make setup-dev, or apt-get install postgresql-contrib postgresql")
    return str(found[-1])


def _pgbench(script: Path, clients: int, transactions: int, first: int) -> float:
    """Transactions a second, without the time to connect."""
    done = subprocess.run(
        [pgbench(), "--no-vacuum", "--client", str(clients), "--jobs", str(min(clients, 2)), "--transactions",
         str(transactions), "--file", script, "--define", f"b_first={first}", "--define", f"b_each={transactions}",
         "--define", "b_done=0", os.environ["DATABASE_URL"]],
        capture_output=True, text=True,
    )  # fmt: skip
    found = re.search(r"^tps = ([\d.]+) ", done.stdout, re.MULTILINE)
    failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
    whole = f"number of transactions actually processed: {clients * transactions}/{clients * transactions}"
    if done.returncode or not found or whole not in done.stdout or (failed and failed[1] != "0"):
        raise SystemExit(f"pgbench failed:\n{done.stdout}\n{done.stderr}")
    return float(found[1])


# --- What the decision wrote, as a script --------------------------------------------------------------------


# The tables that a decision adds rows to, in the order of their foreign keys, and which rows are an application's.
INSERTED = {
    "reviews_decision": "task_id IN (SELECT id FROM reviews_task WHERE application_id = {pk})",
    "reviews_event": "application_id = {pk}",
    "reviews_eventnote": "event_id IN (SELECT id FROM reviews_event WHERE application_id = {pk})",
    "reviews_task": "application_id = {pk}",
    "reviews_notice": "application_id = {pk}",
}
UPDATED = ("reviews_task", "permits_application")


def _script(copies: Copies, official: int) -> str:
    """Decide one copy, see what it left behind, and say that in SQL with the copy's ids as variables."""
    from permits.models import User

    (pk,) = copies.more(1)
    before = {table: _row(table, pk) for table in UPDATED}
    there = {table: {row["id"] for row in _own(table, pk)} for table in INSERTED}
    seen: list[str] = []
    with connection.execute_wrapper(lambda run, sql, *rest: seen.append(sql) or run(sql, *rest)):
        workflow.decide(pk, official=User.objects.get(pk=official), outcome="accept")
    written = {found[1] for sql in seen if (found := re.match(r'(?:INSERT INTO|UPDATE|DELETE FROM) "?(\w+)', sql))}
    if unknown := written - set(INSERTED) - set(UPDATED):
        raise SystemExit(f"a decision writes {', '.join(sorted(unknown))} now: teach tests/bench/decide.py to")
    here = _Here(copies, pk)
    lines = [
        r"\set b_done :b_done + 1",
        r"\set b_id :b_first + :client_id * :b_each + :b_done - 1",
        rf"\set b_uuid :b_id + {copies.UUID_FROM}",
        "BEGIN;",
        "SELECT * FROM permits_application WHERE id = :b_id FOR UPDATE;",
    ]
    for table in UPDATED:
        after = _row(table, pk)
        changed = {key: value for key, value in after.items() if value != before[table][key] and key not in ENCRYPTED}
        sets = ", ".join(f"{key} = {here.literal(table, key, value)}" for key, value in changed.items())
        lines.append(f"UPDATE {table} SET {sets} WHERE id = :b_id;")
    for table in INSERTED:
        rows = [row for row in _own(table, pk) if row["id"] not in there[table]]
        if table == "reviews_event":
            here.events = [row["id"] for row in rows]
        if not rows:
            continue
        columns = [name for name in rows[0] if name != "id"]
        values = ", ".join(
            "(" + ", ".join(here.literal(table, name, row[name]) for name in columns) + ")" for row in rows
        )
        insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {values}"
        if table == "reviews_event":
            # The notices name their event. The ids of one INSERT rise, with gaps where another client was between.
            ids = ", ".join(f"(array_agg(id ORDER BY id))[{n}] AS b_event{n}" for n in range(1, len(rows) + 1))
            lines.append(f"WITH made AS ({insert} RETURNING id) SELECT {ids} FROM made \\gset")
        else:
            lines.append(insert + ";")
    return "\n".join([*lines, "COMMIT;"]) + "\n"


class _Here:
    """Puts the copy's ids into a value's literal, so that each transaction writes rows of its own."""

    def __init__(self, copies: Copies, pk: int) -> None:
        self.copies, self.pk = copies, pk
        self.events: list[int] = []

    def literal(self, table: str, column: str, value: Any) -> str:
        if column == "event_id":
            return f":b_event{self.events.index(value) + 1}"
        if column in ("application_id", "task_id") and value == self.pk:
            return ":b_id"
        with connection.cursor() as cursor:
            text = cursor.cursor.mogrify("%s", [value]).decode()
        own = self.copies.uuid(self.pk)
        text = text.replace(own, own[:24] + ":b_uuid")
        if column == "public_id" or column == "hash":
            quoted = f"'{value}'"
            return f"{quoted[:-13]}:b_uuid'"
        return text


def _rows(sql: str) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _own(table: str, pk: int) -> list[dict[str, Any]]:
    return _rows(f"SELECT * FROM {table} WHERE {INSERTED[table].format(pk=pk)} ORDER BY id")


def _row(table: str, pk: int) -> dict[str, Any]:
    return _rows(f"SELECT * FROM {table} WHERE id = {pk}")[0]
