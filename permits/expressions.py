"""The small expression language of service definitions: ``first_batch <= headcount``.

Names are fields of the form, ``months.headcount`` is what all rows of a group say; values are numbers, text, dates,
yes/no and lists. Python's own parser reads the text and only the nodes named here are taken: no other attribute, no
subscript, no call but the functions below, so an expression always ends and touches nothing. ``as_json`` gives the same tree to the browser, which only helps: the server decides.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from operator import add, eq, ge, gt, le, lt, mul, ne, sub, truediv
from typing import Any

from django.utils import timezone

MAX_LENGTH = 500
MAX_NODES = 100


class ExpressionError(ValueError):
    """The expression can't be taken; the message says why and what is allowed."""


class Unanswered(Exception):
    """A value that the expression needs has not been given."""


def _section(code: str) -> str:
    return code[:1]


def _sum(*values: Any) -> Any:
    values = _flat(values)
    return sum(values[1:], values[0]) if values else 0


def _flat(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """``sum(a, b)`` and ``sum(months.amount)`` alike."""
    return tuple(values[0]) if len(values) == 1 and isinstance(values[0], list) else values


def _extreme(choose: Callable[..., Any]) -> Callable[..., Any]:
    def chosen(*values: Any) -> Any:
        values = _flat(values)
        if not values:
            raise Unanswered
        return choose(values)

    return chosen


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "len": len,
    "min": _extreme(min),
    "max": _extreme(max),
    "sum": _sum,
    "section": _section,
    "today": lambda: timezone.localdate(),
    "now": lambda: timezone.now(),
}
COMPARE: dict[type[ast.cmpop], tuple[str, Callable[[Any, Any], bool]]] = {
    ast.Eq: ("==", eq),
    ast.NotEq: ("!=", ne),
    ast.Lt: ("<", lt),
    ast.LtE: ("<=", le),
    ast.Gt: (">", gt),
    ast.GtE: (">=", ge),
    ast.In: ("in", lambda a, b: a in b),
    ast.NotIn: ("not in", lambda a, b: a not in b),
}
ARITHMETIC: dict[type[ast.operator], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", add),
    ast.Sub: ("-", sub),
    ast.Mult: ("*", mul),
    ast.Div: ("/", truediv),
}


@dataclass(frozen=True)
class Expression:
    text: str
    tree: ast.expr
    names: frozenset[str]
    columns: frozenset[tuple[str, str]]

    def value(self, values: Mapping[str, Any]) -> Any:
        """The expression's value; raise ``Unanswered`` when it stands on a value that is missing (``None``)."""
        try:
            return _evaluate(self.tree, values)
        except (
            TypeError,
            ValueError,
            ArithmeticError,
        ) as error:  # text where a number is needed: an answer that its own field refuses as well
            raise Unanswered from error

    def holds(self, values: Mapping[str, Any], *, when_unanswered: bool) -> bool:
        try:
            return bool(self.value(values))
        except Unanswered:
            return when_unanswered

    def as_json(self, known: Mapping[str, Any] | None = None) -> list[Any]:
        """The tree for the browser. ``known``: values of what is not on its page, which are written into it."""
        return _to_json(self.tree, known or {})


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Raise ``ExpressionError`` for what the language doesn't have."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"longer than {MAX_LENGTH} characters: split it into several rules")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"can't be read: {getattr(error, 'msg', error)}") from error
    nodes = list(_checked(tree))
    if len(nodes) > MAX_NODES:
        raise ExpressionError(f"has {len(nodes)} parts, {MAX_NODES} at most")
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    names = frozenset(node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in called)
    columns = frozenset((str(_name(node.value)), node.attr) for node in nodes if isinstance(node, ast.Attribute))
    return Expression(text, tree, names, columns)


def _name(node: ast.expr) -> str | None:
    return node.id if isinstance(node, ast.Name) else None


def _checked(node: ast.AST) -> Iterator[ast.AST]:
    """Walk the tree without recursion and refuse every node that the language doesn't have."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        match node:
            case ast.BoolOp(op=ast.And() | ast.Or()) | ast.List() | ast.Tuple() | ast.Name():
                pass
            case ast.UnaryOp(op=ast.Not() | ast.USub()):
                pass
            case ast.Attribute(value=ast.Name(), ctx=ast.Load()):
                pass
            case ast.BinOp(op=op) if type(op) in ARITHMETIC:
                pass
            case ast.Compare(ops=ops) if all(type(op) in COMPARE for op in ops):
                pass
            case ast.Constant(value=str() | int() | float() | bool() | None):
                pass
            case ast.Call(func=ast.Name(id=name), keywords=[]) if name in FUNCTIONS:
                pass
            case ast.Call():
                raise ExpressionError(f"functions are {', '.join(sorted(FUNCTIONS))}, called with plain values")
            case ast.operator() | ast.cmpop() | ast.boolop() | ast.unaryop() | ast.expr_context():
                pass
            case _:
                raise ExpressionError(f"{type(node).__name__} is not part of the language")
        waiting.extend(ast.iter_child_nodes(node))


def _known(value: Any) -> Any:
    if value is None or value == "":
        raise Unanswered
    return Decimal(str(value)) if isinstance(value, float) else value


def _evaluate(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return values.get(name)
        case ast.Attribute(value=ast.Name(id=name), attr=column):
            rows = _known(values.get(name))
            return [row[column] for row in rows if row.get(column) is not None]
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_evaluate(item, values) for item in items]
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_evaluate(part, values) for part in parts)
        case ast.BoolOp(values=parts):
            return any(_evaluate(part, values) for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _evaluate(operand, values)
        case ast.UnaryOp(operand=operand):
            return -_known(_evaluate(operand, values))
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _known(_evaluate(left, values)), _known(_evaluate(right, values))
            if isinstance(op, ast.Div) and b == 0:
                raise Unanswered
            if isinstance(op, ast.Mult) and (isinstance(a, str | list) or isinstance(b, str | list)):
                raise Unanswered  # text times a number is no number, and could fill the memory
            return ARITHMETIC[type(op)][1](*_same_kind(a, b))
        case ast.Call(func=ast.Name(id=name), args=args):
            return FUNCTIONS[name](*[_known(_evaluate(arg, values)) for arg in args])
        case ast.Compare(left=left, ops=ops, comparators=rights):
            return _compare(_evaluate(left, values), ops, [_evaluate(right, values) for right in rights])
    raise ExpressionError(f"{type(node).__name__} is not part of the language")  # pragma: no cover


def _compare(left: Any, ops: list[ast.cmpop], rights: list[Any]) -> bool:
    for op, right in zip(ops, rights, strict=True):
        if not isinstance(op, ast.Eq | ast.NotEq):
            left, right = _known(left), _known(right)
        if not COMPARE[type(op)][1](*_same_kind(left, right)):
            return False
        left = right
    return True


def _same_kind(a: Any, b: Any) -> tuple[Any, Any]:
    """Dates are written as text in a definition: ``resumption_date >= "2020-02-10"``; a day is compared with days."""
    if isinstance(a, datetime) and isinstance(b, str):
        b = datetime.fromisoformat(b)
        return a, b if b.tzinfo else timezone.make_aware(b)
    if isinstance(b, datetime) and isinstance(a, str):
        return _same_kind(b, a)[::-1]
    if isinstance(a, datetime) and isinstance(b, date) and not isinstance(b, datetime):
        return timezone.localdate(a), b
    if isinstance(b, datetime) and isinstance(a, date) and not isinstance(a, datetime):
        return a, timezone.localdate(b)
    if isinstance(a, date) and isinstance(b, str):
        return a, date.fromisoformat(b)
    if isinstance(b, date) and isinstance(a, str):
        return date.fromisoformat(a), b
    return a, b


def _to_json(node: ast.expr, known: Mapping[str, Any]) -> list[Any]:
    def inner(part: ast.expr) -> list[Any]:
        return _to_json(part, known)

    match node:
        case ast.Constant(value=value):
            return ["const", value]
        case ast.Name(id=name):
            return ["const", _plain(known[name])] if name in known else ["name", name]
        case ast.Attribute(value=ast.Name(id=name), attr=column):
            if name in known:
                return ["const", [_plain(row[column]) for row in known[name] or [] if row.get(column) is not None]]
            return ["column", name, column]
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return ["list", *map(inner, items)]
        case ast.BoolOp(op=op, values=parts):
            return ["and" if isinstance(op, ast.And) else "or", *map(inner, parts)]
        case ast.UnaryOp(op=op, operand=operand):
            return ["not" if isinstance(op, ast.Not) else "neg", inner(operand)]
        case ast.BinOp(left=left, op=op, right=right):
            return ["bin", ARITHMETIC[type(op)][0], inner(left), inner(right)]
        case ast.Call(func=ast.Name(id=name), args=args):
            return ["call", name, *map(inner, args)]
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return ["cmp", COMPARE[type(op)][0], inner(left), inner(right)]
        case ast.Compare(left=left, ops=ops, comparators=rights):
            pairs = zip([left, *rights], ops, rights, strict=False)
            return ["and", *(["cmp", COMPARE[type(op)][0], inner(a), inner(b)] for a, op, b in pairs)]
    raise ExpressionError(f"{type(node).__name__} is not part of the language")  # pragma: no cover


def _plain(value: Any) -> Any:
    """A value as JSON has it, and as a control of the page would say it."""
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list):
        return [{} if isinstance(one, dict) else _plain(one) for one in value]  # of rows only their number matters
    return value
