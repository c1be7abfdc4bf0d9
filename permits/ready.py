"""Statements that every step of the review runs: their SQL is made once a process, and run with new values each time.

Django makes a statement's SQL anew at each call, which costs several times what the database takes to answer it. What
is asked stays a ``QuerySet``, what is written a model's own fields, so that both engines get their own SQL and nobody
writes any. Only for what is measured to need it: docs/decisions/0010-statements-made-once.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable, RelatedPopulator, get_related_populators

from permits.together import write

# --- reading ---------------------------------------------------------------------------------------------------------


class Ready:
    """A query by what changes in it. ``build`` gives a QuerySet of rows (``values_list``) or of objects for its
    arguments, which are given by name: whole numbers, texts, aware datetimes, or lists of whole numbers or texts.

    An argument has one type for ever. One that is ``None``, or a list of another length, makes another statement of
    it, kept beside; so lists are short, and never empty. What ``build`` asks besides its arguments it asks for ever.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self.build = build
        self.made: dict[Any, _Statement] = {}

    def __call__(self, **values: Any) -> list[Any]:
        database = _database()
        key = (database.vendor, *map(_shape, values.values()))
        statement = self.made.get(key)
        if statement is None:
            statement = self.made[key] = self._make(values, database)
        given = {at: _prepared(value, database) for at, value in _flat(values)}
        params = [given[at] if at else fixed for at, fixed in statement.places]
        with database.cursor() as cursor:
            cursor.execute(statement.sql_for(database), params)
            rows = cursor.fetchall()
        return statement.results(rows, database)

    def _make(self, values: dict[str, Any], database: BaseDatabaseWrapper) -> _Statement:
        marks = _marks(values)
        asked = self.build(**marks)
        compiler = asked.query.get_compiler(connection=database)
        sql, params = compiler.as_sql()
        at = {_prepared(mark, database): place for place, mark in _flat(marks) if mark is not None}
        places = [(at.get(param), param) for param in params]
        if missing := set(at.values()) - {place for place, _fixed in places}:
            raise ValueError(f"the query does not ask for {sorted(missing)}")
        row = _Object.of(compiler, database) if issubclass(asked._iterable_class, ModelIterable) else None
        converters = compiler.get_converters([each[0] for each in compiler.select])
        return _Statement(f"ready_{next(_NUMBERS)}", sql, places, converters, row)


_NUMBERS = count(1)


class _Statement:
    def __init__(
        self, name: str, sql: str, places: list[tuple[Any, Any]], converters: dict[int, Any], row: _Object | None
    ) -> None:
        self.name, self.sql = name, sql
        self.places = places  # each parameter: which argument it is, or what it always is
        self.converters, self.row = converters, row
        self.held_by: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def sql_for(self, database: BaseDatabaseWrapper) -> str:
        """On PostgreSQL each connection is told of it once (PREPARE), so that it is parsed and planned once; but not
        behind a pooler that gives every transaction another connection: docs/operations.md.
        """
        if database.vendor != "postgresql" or database.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
            return self.sql
        held = self.held_by.get(database.connection)
        if held is None:
            numbers = tuple(f"${place}" for place in range(1, len(self.places) + 1))
            with database.connection.cursor() as cursor:
                cursor.execute(f"PREPARE {self.name} AS {self.sql % numbers}")
            values = ", ".join(["%s"] * len(numbers))
            held = f"EXECUTE {self.name} ({values})" if values else f"EXECUTE {self.name}"
            self.held_by[database.connection] = held
        return held

    def results(self, rows: list[tuple[Any, ...]], database: BaseDatabaseWrapper) -> list[Any]:
        if self.converters:
            rows = [self._converted(row, database) for row in rows]
        return [self.row.made(row, database) for row in rows] if self.row else rows

    def _converted(self, row: tuple[Any, ...], database: BaseDatabaseWrapper) -> tuple[Any, ...]:
        found = list(row)
        for place, (functions, expression) in self.converters.items():
            for convert in functions:
                found[place] = convert(found[place], expression, database)
        return tuple(found)


@dataclass(frozen=True)
class _Object:
    """How a row becomes an object with the objects that it points to, as ``QuerySet`` does it."""

    model: type[Model]
    names: list[str]
    columns: slice
    related: list[RelatedPopulator]

    @classmethod
    def of(cls, compiler: Any, database: BaseDatabaseWrapper) -> _Object:
        info = compiler.klass_info
        columns = slice(info["select_fields"][0], info["select_fields"][-1] + 1)
        names = [column[0].target.attname for column in compiler.select[columns]]
        related = get_related_populators(info, compiler.select, database.alias)  # type: ignore[call-arg]
        return cls(info["model"], names, columns, related)

    def made(self, row: tuple[Any, ...], database: BaseDatabaseWrapper) -> Model:
        found = self.model.from_db(database.alias, self.names, row[self.columns])
        for other in self.related:
            other.populate(row, found)
        return found


def _database() -> BaseDatabaseWrapper:
    """The thread's own; ``django.db.connection`` would look for it anew at each use."""
    return connections[DEFAULT_DB_ALIAS]


def _shape(value: Any) -> int:
    if value is None:
        return -1
    return len(value) if isinstance(value, list) else 0


def _flat(values: dict[str, Any]) -> Iterator[tuple[tuple[str, int], Any]]:
    for name, value in values.items():
        for place, each in enumerate(value if isinstance(value, list) else [value]):
            yield (name, place), each


def _marks(values: dict[str, Any]) -> dict[str, Any]:
    """Values of the same types that stand nowhere else: where they turn up in the SQL's parameters is their place."""
    number = count()
    return {
        name: [_mark(next(number), each) for each in value] if isinstance(value, list) else _mark(next(number), value)
        for name, value in values.items()
    }


def _mark(number: int, value: Any) -> Any:
    match value:
        case None:
            return None
        case bool():
            raise TypeError("a yes or no belongs to the query itself")
        case int():
            return 7_000_000_000_000_000_000 + number
        case str():
            return f"\ue000{number}"
        case datetime():
            return datetime(1900, 1, 1, 0, 0, 0, number, tzinfo=UTC)
    raise TypeError(f"{type(value).__name__} can't be an argument")


def _prepared(value: Any, database: BaseDatabaseWrapper) -> Any:
    return database.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


# --- writing ---------------------------------------------------------------------------------------------------------


# Plain values of plain columns are written as they are; the field, asked four times over, would give the same.
AS_THEY_ARE = (str, int, bool, type(None))
PLAIN = (
    models.CharField, models.SlugField, models.TextField, models.BooleanField, models.PositiveIntegerField,
    models.PositiveSmallIntegerField, models.ForeignKey, models.OneToOneField,
)  # fmt: skip


def insert(rows: Sequence[Model], *, keys: bool = True) -> None:
    """Write new rows of one table in one statement, and give each its key: ``bulk_create`` without its ceremony.

    No signals, no conflicts, no defaults of the database; what a row points to has to be written before it. Without
    ``keys`` nobody needs the rows as objects any more, and the statement may travel with the next one.
    """
    if not rows:
        return
    model = type(rows[0])
    columns = _columns(model)
    for row in rows:
        for column in columns:
            if column.is_relation and getattr(row, column.attname) is None and column.is_cached(row):
                setattr(row, column.name, getattr(row, column.name))  # it has its key by now
    values = [[column.pre_save(row, add=True) for column in columns] for row in rows]
    if not keys:
        _insert_unasked(model, values)
        return
    for row, key in zip(rows, _insert(model, values), strict=True):
        row.pk = key
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def insert_values(model: type[Model], names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> list[int]:
    """The same for rows that nobody needs as objects, and their keys. ``names`` says what stands in each row (a key as
    ``event_id``); the other columns have their defaults.
    """
    columns = _columns(model)
    if strange := set(names) - {column.attname for column in columns}:
        raise ValueError(f"{model.__name__} has no {', '.join(sorted(strange))}")
    places = [names.index(column.attname) if column.attname in names else None for column in columns]
    rest = [None if place is not None else column.get_default() for place, column in zip(places, columns, strict=True)]
    return _insert(
        model,
        [[other if at is None else row[at] for at, other in zip(places, rest, strict=True)] for row in rows],
    )


def _insert(model: type[Model], rows: list[list[Any]]) -> list[int]:
    database, columns = _database(), _columns(model)
    size = database.ops.bulk_batch_size(columns, rows)
    keys: list[int] = []
    for first in range(0, len(rows), size):
        part = rows[first : first + size]
        with database.cursor() as cursor:
            cursor.execute(_insertion(model, len(part)), _cells(columns, part, database))
            keys += [key for (key,) in cursor.fetchall()]
    return keys


def _insert_unasked(model: type[Model], rows: list[list[Any]]) -> None:
    database, columns = _database(), _columns(model)
    size = database.ops.bulk_batch_size(columns, rows)
    for first in range(0, len(rows), size):
        part = rows[first : first + size]
        _execute(_insertion(model, len(part), keys=False), _cells(columns, part, database))


def _cells(columns: tuple[Any, ...], rows: list[list[Any]], database: BaseDatabaseWrapper) -> list[Any]:
    cells: list[Any] = []
    same: dict[tuple[str, int], Any] = {}  # what several rows share, such as a text to be encrypted, is prepared once
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            if type(value) in AS_THEY_ARE and type(column) in PLAIN:
                cells.append(value)
                continue
            key = (column.attname, id(value))
            if key not in same:
                same[key] = column.get_db_prep_save(value, connection=database)
            cells.append(same[key])
    return cells


def update(row: Model, names: tuple[str, ...]) -> None:
    """Write these fields of a row that is there: one that the caller holds locked, for the statement may travel with
    the next one. Raise ``LookupError`` when it can be seen at once that it isn't there.
    """
    sql, columns = _updating(type(row), names)
    database = _database()
    values = [column.get_db_prep_save(getattr(row, column.attname), connection=database) for column in columns]
    if _execute(sql, [*values, row.pk]) == 0:
        raise LookupError(f"{type(row).__name__} {row.pk} is not there any more")


def _execute(sql: str, params: list[Any]) -> int | None:
    """How many rows it wrote; ``None`` when it travels with the next statement."""
    if write(sql, params):
        return None
    with _database().cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


# The names of tables and columns are the models', never anybody's input.
@cache
def _columns(model: type[Model]) -> tuple[Any, ...]:
    return tuple(column for column in model._meta.concrete_fields if not column.primary_key)


@lru_cache(1000)
def _insertion(model: type[Model], rows: int, *, keys: bool = True) -> str:
    columns = [_quoted(column.column) for column in _columns(model)]
    one = "(" + ", ".join(["%s"] * len(columns)) + ")"
    sql = f"INSERT INTO {_quoted(model._meta.db_table)} ({', '.join(columns)}) VALUES {', '.join([one] * rows)}"  # noqa: S608
    return f"{sql} RETURNING {_quoted(model._meta.pk.column)}" if keys else sql


@cache
def _updating(model: type[Model], names: tuple[str, ...]) -> tuple[str, list[Any]]:
    columns: list[Any] = [model._meta.get_field(name) for name in names]
    sets = ", ".join(f"{_quoted(column.column)} = %s" for column in columns)
    table, key = _quoted(model._meta.db_table), _quoted(model._meta.pk.column)
    return f"UPDATE {table} SET {sets} WHERE {key} = %s", columns  # noqa: S608


def _quoted(name: str | None) -> str:
    return str(_database().ops.quote_name(name or ""))
