"""Triggers that make the audit log append-only in the database itself, on both engines.

The tables' own guard against whoever has SQL but not DDL; ``docs/operations.md`` gives the role that lacks both.
"""

from __future__ import annotations

from typing import Any

TABLES = ("reviews_event",)


def install(connection: Any) -> None:
    with connection.cursor() as cursor:
        for statement in _create(connection.vendor):
            cursor.execute(statement)


def remove(connection: Any) -> None:
    with connection.cursor() as cursor:
        for statement in _drop(connection.vendor):
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


def _create(vendor: str) -> list[str]:
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER IF NOT EXISTS {table}_append_only_{word.lower()} BEFORE {word} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for table in TABLES
            for word in ("UPDATE", "DELETE")
        ]
    statements = [
        "CREATE OR REPLACE FUNCTION portal_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    ]
    for table in TABLES:
        statements += [
            f"CREATE OR REPLACE TRIGGER {table}_append_only_row BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION portal_append_only()",
            f"CREATE OR REPLACE TRIGGER {table}_append_only_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION portal_append_only()",
        ]
    return statements


def _drop(vendor: str) -> list[str]:
    if vendor == "sqlite":
        return [
            f"DROP TRIGGER IF EXISTS {table}_append_only_{word}" for table in TABLES for word in ("update", "delete")
        ]
    return [
        f"DROP TRIGGER IF EXISTS {table}_append_only_{word} ON {table}"
        for table in TABLES
        for word in ("row", "truncate")
    ]
