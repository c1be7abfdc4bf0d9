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
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable, RelatedPopulator, get_related_populators

# --- reading ---------------------------------------------------------------------------------------------------------


class Ready:
    """A query by what changes in it. ``build`` gives a QuerySet of rows (``values_list``) or of objects for its
    arguments, which are given by name: whole numbers, texts, aware datetimes, or lists of whole numbers or texts.

    An argument has one type for ever. One that is ``None``, or a list of another length, makes another statement of
    it, kept beside; so lists are for what is short. What ``build`` asks besides its arguments is asked for ever.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self.build = build
        self.made: dict[Any, _Statement] = {}

    def __call__(self, **values: Any) -> list[Any]:
        key = (connection.vendor, *map(_shape, values.values()))
        statement = self.made.get(key)
        if statement is None:
            statement = self.made[key] = self._make(values)
        flat = dict(_flat(values))
        with connection.cursor() as cursor:
            cursor.execute(
                statement.sql, [fixed if at is None else _for_database(flat[at]) for at, fixed in statement.places]
            )
            rows = cursor.fetchall()
        return statement.results(rows)

    def _make(self, values: dict[str, Any]) -> _Statement:
        marks = _marks(values)
        asked = self.build(**marks)
        compiler = asked.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        at = {_for_database(mark): place for place, mark in _flat(marks) if mark is not None}
        places = [(at.get(param), param) for param in params]
        if missing := set(at.values()) - {place for place, _fixed in places}:
            raise ValueError(f"the query does not ask for {sorted(missing)}")
        statement = _Statement(sql, places, compiler.get_converters([each[0] for each in compiler.select]))
        if issubclass(asked._iterable_class, ModelIterable):
            info = compiler.klass_info
            first, last = info["select_fields"][0], info["select_fields"][-1] + 1
            names = [each[0].target.attname for each in compiler.select[first:last]]
            related = get_related_populators(info, compiler.select, connection.alias)  # type: ignore[call-arg]
            statement.object = _Object(info["model"], names, first, last, related)
        return statement


@dataclass
class _Object:
    """How a row becomes an object, as ``QuerySet`` does it."""

    model: type[Model]
    names: list[str]
    first: int
    last: int
    related: list[RelatedPopulator]

    def of(self, row: Sequence[Any]) -> Model:
        found = self.model.from_db(connection.alias, self.names, row[self.first : self.last])
        for other in self.related:
            other.populate(row, found)
        return found


@dataclass
class _Statement:
    sql: str
    places: list[tuple[tuple[str, int] | None, Any]]  # each parameter: which argument it is, or what it always is
    converters: dict[int, Any]
    object: _Object | None = None

    def results(self, rows: list[tuple[Any, ...]]) -> list[Any]:
        if self.converters:
            rows = [self._converted(row) for row in rows]
        return [self.object.of(row) for row in rows] if self.object else rows

    def _converted(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        found = list(row)
        for place, (functions, expression) in self.converters.items():
            for convert in functions:
                found[place] = convert(found[place], expression, connection)
        return tuple(found)


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
    count = iter(range(10_000))
    return {
        name: [_mark(next(count), each) for each in value] if isinstance(value, list) else _mark(next(count), value)
        for name, value in values.items()
    }


def _mark(place: int, value: Any) -> Any:
    match value:
        case None:
            return None
        case bool():
            raise TypeError("a yes or no belongs to the query itself")
        case int():
            return 7_000_000_000_000_000_000 + place
        case str():
            return f"\ue000{place}"
        case datetime():
            return datetime(1900, 1, 1, 0, 0, 0, place, tzinfo=UTC)
    raise TypeError(f"{type(value).__name__} can't be an argument")


def _for_database(value: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


# --- writing ---------------------------------------------------------------------------------------------------------


def insert(rows: Sequence[Model]) -> None:
    """Write new rows of one table in one statement, and give each its key: ``bulk_create`` without its ceremony.

    No signals, no conflicts, no defaults of the database; what a row points to has to be written before it.
    """
    if not rows:
        return
    model = type(rows[0])
    fields = _written(model)
    for row in rows:
        for field in fields:
            if field.is_relation and getattr(row, field.attname) is None and field.is_cached(row):
                setattr(row, field.name, getattr(row, field.name))  # it has its key by now
    size = connection.ops.bulk_batch_size(fields, rows)
    for first in range(0, len(rows), size):
        _insert(model, fields, rows[first : first + size])


def _insert(model: type[Model], fields: tuple[Any, ...], rows: Sequence[Model]) -> None:
    values = [
        field.get_db_prep_save(field.pre_save(row, add=True), connection=connection) for row in rows for field in fields
    ]
    with connection.cursor() as cursor:
        cursor.execute(_insertion(model, len(rows)), values)
        for row, (key,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = key
            row._state.adding, row._state.db = False, connection.alias


def update(row: Model, names: tuple[str, ...]) -> None:
    """Write these fields of a row that is there. Raise ``LookupError`` when it isn't."""
    sql, fields = _updating(type(row), names)
    values = [field.get_db_prep_save(getattr(row, field.attname), connection=connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, row.pk])
        if not cursor.rowcount:
            raise LookupError(f"{type(row).__name__} {row.pk} is not there any more")


# A table's and a column's name come from the models, never from anybody's input.
@cache
def _written(model: type[Model]) -> tuple[Any, ...]:
    return tuple(field for field in model._meta.concrete_fields if not field.primary_key)


@lru_cache(1000)
def _insertion(model: type[Model], count: int) -> str:
    columns = [_quoted(field.column) for field in _written(model)]
    one = "(" + ", ".join(["%s"] * len(columns)) + ")"
    table, key = _quoted(model._meta.db_table), _quoted(model._meta.pk.column)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([one] * count)} RETURNING {key}"  # noqa: S608


@cache
def _updating(model: type[Model], names: tuple[str, ...]) -> tuple[str, list[Any]]:
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    sets = ", ".join(f"{_quoted(field.column)} = %s" for field in fields)
    table, key = _quoted(model._meta.db_table), _quoted(model._meta.pk.column)
    return f"UPDATE {table} SET {sets} WHERE {key} = %s", fields  # noqa: S608


def _quoted(name: str | None) -> str:
    return str(connection.ops.quote_name(name or ""))
