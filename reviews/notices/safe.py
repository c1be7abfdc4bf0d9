"""The template language of notices: Django's own, with nothing in it that reaches beyond the values it is given.

No ``load``, ``include``, ``url`` or ``debug`` exists here; what a text may name is told by sample values, and a loop goes
over one of their lists, never within another loop: no text can keep a worker busy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.template import Context, Engine, Template, TemplateSyntaxError
from django.template.base import FilterExpression, TextNode, Variable, VariableNode
from django.template.defaulttags import ForNode, IfNode
from django.utils.translation import gettext as _

LONGEST = 6000  # characters of a text
TAGS, FILTERS = "if, elif, else, for, empty", "default, length, truncatechars"
MISSING = object()
STRAY = re.compile(r"\{\{|\}\}|\{%|%\}")
LOOP = {"counter": 1, "counter0": 0, "first": True, "last": True}
ALWAYS = {"True": True, "False": False, "None": None}


class _Small(Engine):
    default_builtins = ["reviews.notices.safe_tags"]


ENGINE = _Small(loaders=[], autoescape=False)


@dataclass(frozen=True)
class Fault:
    """``line`` counts from 1; 0 when the whole text is meant."""

    line: int
    words: str


@lru_cache(maxsize=1000)
def compiled(source: str) -> Template:
    """Raise ``TemplateSyntaxError``."""
    return ENGINE.from_string(source)


def render(source: str, values: Mapping[str, Any]) -> str:
    """Raise whatever is wrong with the text, or with the values that it meets."""
    return str(compiled(source).render(Context(dict(values), autoescape=False, use_l10n=False)))


def faults(source: str, sample: Mapping[str, Any], needed: tuple[str, ...] = ()) -> list[Fault]:
    """What is wrong with a text, by line: it can't be read, names what is not in ``sample``, or lacks what is needed."""
    if len(source) > LONGEST:
        return [Fault(0, _("The text is longer than %(most)d characters.") % {"most": LONGEST})]
    try:
        template = compiled(source)
    except TemplateSyntaxError as error:
        return [Fault(_line(error), _unread(str(error)))]
    except RecursionError:
        return [Fault(0, _("The text is nested too deeply."))]
    found: list[Fault] = []
    named: set[str] = set()
    for line, variable, scope in _variables(template.nodelist, {**sample, **ALWAYS}, found):
        if _value(variable, scope) is not MISSING:
            named.add(str(variable.var).split(".")[0])
        else:
            found.append(Fault(line, _("There is no “%(name)s” here.") % {"name": variable.var}))
    for name in needed:
        if name not in named:
            found.append(Fault(0, _("The text has to say {{ %(name)s }}.") % {"name": name}))
    return sorted(found, key=lambda fault: fault.line or LONGEST)


def names(sample: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a text may name, and what it would show."""
    shown: list[tuple[str, str]] = []
    for name, value in sample.items():
        if isinstance(value, list):
            first = value[0] if value else {}
            inside = ", ".join(f"{{{{ item.{path} }}}}" for path in _paths(first))
            shown.append((f"{{% for item in {name} %}} … {{% endfor %}}", inside))
        else:
            shown.append((f"{{{{ {name} }}}}", str(value)))
    return shown


Scope = Mapping[str, Any]


def _variables(nodes: Any, scope: Scope, found: list[Fault], depth: int = 0) -> Iterator[tuple[int, Variable, Scope]]:
    """Every name that the text uses: in which line, and among which names it has to be."""
    for node in nodes:
        line = node.token.lineno if node.token else 0
        if isinstance(node, TextNode):
            if stray := STRAY.search(node.s):
                line += node.s.count("\n", 0, stray.start())
                found.append(Fault(line, _("“%(mark)s” stands alone here.") % {"mark": stray[0]}))
        elif isinstance(node, VariableNode):
            yield from ((line, each, scope) for each in _of(node.filter_expression))
            if name := _whole_list(node.filter_expression, scope):
                found.append(Fault(line, _("“%(name)s” is a list: go over it with a loop.") % {"name": name}))
        elif isinstance(node, IfNode):
            for condition, inside in node.conditions_nodelists:
                yield from ((line, each, scope) for each in _of_condition(condition))
                yield from _variables(inside, scope, found, depth)
        elif isinstance(node, ForNode):
            yield from ((line, each, scope) for each in _of(node.sequence))
            items = _list(node.sequence, scope)
            if items is None or depth or len(node.loopvars) != 1:
                found.append(Fault(line, _("A loop goes over one list, such as “items”, and not within another loop.")))
            inner = {**scope, "forloop": LOOP, node.loopvars[0]: (items or [{}])[0]}
            yield from _variables(node.nodelist_loop, inner, found, depth + 1)
            yield from _variables(node.nodelist_empty, scope, found, depth)
        else:  # a tag that this module doesn't look into has no place in safe_tags
            found.append(Fault(line, _("This can't be used here.")))


def _list(sequence: Any, scope: Scope) -> list[Any] | None:
    name = sequence.var.var if isinstance(sequence.var, Variable) and not sequence.filters else ""
    value = scope.get(str(name))
    return value if isinstance(value, list) else None


def _whole_list(expression: Any, scope: Scope) -> str:
    """The name of what isn't one value but several, where it is to be shown as it is."""
    if expression.filters or not isinstance(expression.var, Variable):
        return ""
    value = _value(expression.var, scope)
    return str(expression.var.var) if isinstance(value, list | Mapping) else ""


def _of(expression: Any) -> Iterator[Variable]:
    if isinstance(expression.var, Variable):
        yield expression.var
    for _function, arguments in expression.filters:
        yield from (each for is_name, each in arguments if is_name and isinstance(each, Variable))


def _of_condition(condition: Any) -> Iterator[Variable]:
    if condition is None:  # "else"
        return
    for part in (getattr(condition, "first", None), getattr(condition, "second", None)):
        if part is not None:
            yield from _of_condition(part)
    if isinstance(value := getattr(condition, "value", None), FilterExpression):
        yield from _of(value)


def _value(variable: Variable, scope: Scope) -> Any:
    """What it stands for, ``MISSING`` when it isn't there: by keys alone, so that no attribute or method of a value is
    ever reached.
    """
    if variable.lookups is None:
        return variable.literal
    value: Any = scope
    for part in variable.lookups:
        if not isinstance(value, Mapping) or part not in value:
            return MISSING
        value = value[part]
    return value


def _paths(value: Any, before: str = "") -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield before
        return
    for key, inside in value.items():
        yield from _paths(inside, f"{before}.{key}" if before else key)


def _line(error: TemplateSyntaxError) -> int:
    token = getattr(error, "token", None)
    return token.lineno if token else 0


def _unread(words: str) -> str:
    """Django's words for the faults that are made most, in the reader's language."""
    if found := re.match(r"Invalid block tag on line \d+: '([^']*)'", words):
        return _("There is no {%% %(tag)s %%} here, only: %(tags)s.") % {"tag": found[1], "tags": TAGS}
    if found := re.match(r"Invalid filter: '([^']*)'", words):
        return _("There is no filter “%(name)s”, only: %(filters)s.") % {"name": found[1], "filters": FILTERS}
    if found := re.match(r"Unclosed tag on line \d+: '([^']*)'", words):
        return _("{%% %(tag)s %%} is never closed.") % {"tag": found[1]}
    return _("This can't be read: %(words)s") % {"words": words}
