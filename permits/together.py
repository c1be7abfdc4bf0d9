"""Writes whose answer nobody waits for travel with the statement that comes after them: one round trip for several.

On PostgreSQL they stand before it in the same message, in their order. SQLite is in the process itself and takes one
statement at a time, so there it only means a moment later. Measured: docs/decisions/0010-statements-made-once.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import local
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

_here = local()


@contextmanager
def together() -> Iterator[None]:
    """Within it ``write`` may wait, at the longest until its end, which has to be before the transaction's.

    Whatever is asked meanwhile, by the ORM too, finds what was written before it. An error of a write is raised by the
    statement that it travelled with; the transaction is lost then, as it always is. Within another one, it is that one.
    """
    if _waiting() is not None:
        yield
        return
    database = connections[DEFAULT_DB_ALIAS]
    waiting = _here.waiting = _Waiting(database)
    try:
        with database.execute_wrapper(waiting):
            yield
            waiting.send()
    finally:
        _here.waiting = None


def write(sql: str, params: Sequence[Any]) -> bool:
    """Leave a statement to travel with the next one. ``False`` where nothing waits: it is the caller's to execute."""
    waiting = _waiting()
    if waiting is None:
        return False
    waiting.statements.append((sql, params))
    return True


def _waiting() -> _Waiting | None:
    return getattr(_here, "waiting", None)


class _Waiting:
    def __init__(self, database: BaseDatabaseWrapper) -> None:
        self.database = database
        self.statements: list[tuple[str, Sequence[Any]]] = []

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not self.statements:
            return execute(sql, params, many, context)
        if self.database.vendor != "postgresql" or many or not params:
            self.send()
            return execute(sql, params, many, context)
        before, self.statements = self.statements, []
        sql = "; ".join([*(each for each, _params in before), sql])
        return execute(sql, [*(param for _sql, each in before for param in each), *params], many, context)

    def send(self) -> None:
        """Now, and by themselves."""
        before, self.statements = self.statements, []
        if not before:
            return
        if self.database.vendor == "postgresql":
            before = [("; ".join(sql for sql, _ in before), [param for _, each in before for param in each])]
        with self.database.cursor() as cursor:
            for sql, params in before:
                cursor.execute(sql, params)
