"""Search for a part of an enterprise's name, or of a permit's holder's: by an index of trigrams where PostgreSQL has one.

``pg_trgm`` comes with PostgreSQL's contrib modules and may be created by the owner of the database (it is a trusted
extension since PostgreSQL 13). Where it is missing, and on SQLite, names are compared one by one, and whoever searches
has to bound how many.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import DatabaseError, connection, transaction

INDEX = "enterprise_name_trigrams"
CREATE = f"CREATE INDEX IF NOT EXISTS {INDEX} ON permits_enterprise USING gin (name gin_trgm_ops)"
HOLDERS = "permit_holder_trigrams"
CREATE_HOLDERS = f"CREATE INDEX IF NOT EXISTS {HOLDERS} ON permits_permit USING gin (holder_key gin_trgm_ops)"


def create_index(apps: Any, schema_editor: Any) -> None:
    """A migration's step. Without the extension, or the right to create it, it leaves everything as it is."""
    _create(CREATE, schema_editor)


def create_holders_index(apps: Any, schema_editor: Any) -> None:
    _create(CREATE_HOLDERS, schema_editor)


def _create(statement: str, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    try:
        with transaction.atomic(schema_editor.connection.alias), schema_editor.connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(statement)
    except DatabaseError:
        return


def drop_index(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX IF EXISTS {INDEX}")


def drop_holders_index(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX IF EXISTS {HOLDERS}")


@cache
def names_are_indexed(index: str = INDEX) -> bool:
    """Whether a part of a name is found by an index; asked of the database once a process."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_indexes WHERE indexname = %s", [index])
        return cursor.fetchone() is not None
