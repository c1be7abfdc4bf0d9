"""Triggers that make the audit log append-only in the database itself, on both engines.

The tables' own guard against whoever has SQL but not DDL; ``docs/operations.md`` gives the role that lacks both.
On PostgreSQL one more gives a transaction its number before it takes an event's id, for ``unsealed``.
"""

from __future__ import annotations

from typing import Any

TABLES = ("reviews_event", "reviews_leaf", "reviews_checkpoint", "reviews_archive", "reviews_archivedstream")
# The rows of a stream that is recorded as archived may go; that record stays, and is verified against the archive.
ARCHIVED = "EXISTS (SELECT 1 FROM reviews_archivedstream WHERE stream = OLD.stream AND last_seq >= OLD.seq)"


def install(connection: Any, tables: tuple[str, ...] = TABLES, *, archives: bool = True) -> None:
    """``archives`` is False in the migrations before the table of archived streams."""
    with connection.cursor() as cursor:
        for statement in _create(connection.vendor, tables, archives):
            cursor.execute(statement)


def remove(connection: Any, tables: tuple[str, ...] = TABLES) -> None:
    with connection.cursor() as cursor:
        for statement in _drop(connection.vendor, tables):
            cursor.execute(statement)


def installed(connection: Any) -> bool:
    """Whether every guard is in place, as ``manage.py doctor`` asks."""
    if connection.vendor == "sqlite":
        query = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%append_only%'"
    else:
        query = "SELECT count(*) FROM pg_trigger WHERE tgname LIKE '%append_only%' AND tgenabled <> 'D'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0] >= 2 * len(TABLES)


def _create(vendor: str, tables: tuple[str, ...], archives: bool) -> list[str]:
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER IF NOT EXISTS {table}_append_only_{word.lower()} BEFORE {word} ON {table} "
            f"{f'WHEN NOT {ARCHIVED} ' if archives and (table, word) == ('reviews_event', 'DELETE') else ''}"
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for table in tables
            for word in ("UPDATE", "DELETE")
        ]
    statements = [
        "CREATE OR REPLACE FUNCTION portal_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$",
        "CREATE OR REPLACE FUNCTION portal_append_only_or_archived() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF TG_OP = 'DELETE' AND {ARCHIVED} THEN RETURN OLD; END IF; "
        "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$",
        "CREATE OR REPLACE FUNCTION portal_numbered() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_current_xact_id(); RETURN NULL; END $$",
        "CREATE OR REPLACE TRIGGER reviews_event_numbered BEFORE INSERT ON reviews_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION portal_numbered()",
    ]
    for table in tables:
        function = "portal_append_only_or_archived" if archives and table == "reviews_event" else "portal_append_only"
        statements += [
            f"CREATE OR REPLACE TRIGGER {table}_append_only_row BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {function}()",
            f"CREATE OR REPLACE TRIGGER {table}_append_only_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION portal_append_only()",
        ]
    return statements


def _drop(vendor: str, tables: tuple[str, ...]) -> list[str]:
    if vendor == "sqlite":
        return [
            f"DROP TRIGGER IF EXISTS {table}_append_only_{word}" for table in tables for word in ("update", "delete")
        ]
    return [
        f"DROP TRIGGER IF EXISTS {table}_append_only_{word} ON {table}"
        for table in tables
        for word in ("row", "truncate")
    ]
