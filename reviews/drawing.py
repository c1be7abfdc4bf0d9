"""The process of one service as a drawing: its stages, who acts at each, and where each step leads.

Nothing is drawn that isn't a row of ``lifecycle.TRANSITIONS`` or a line of the service's definition. The SVG is made
here, with no program beside: columns for the stages, a line for each step, and for who takes it a shape and a colour.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from permits.definition import Definition
from permits.definition_process import Stage
from permits.models import Status
from reviews.lifecycle import ACTIONS, TRANSITIONS, By, Transition

WIDTH, GAP, LINE, PAD = 300, 28, 21, 14
COLOURS = {By.APPLICANT: "#1d5f8a", By.OFFICIAL: "#8a3b1d", By.SYSTEM: "#5b5b66"}
FONT = "'Noto Sans CJK SC','Noto Sans SC','PingFang SC','Microsoft YaHei',system-ui,sans-serif"


@dataclass(frozen=True)
class Column:
    """A part of the process: its title, what is known of it, and the steps that lead on from it."""

    title: str
    facts: list[str]
    steps: list[Transition]


def rows_of(definition: Definition) -> list[Transition]:
    """The rows of the table that can occur in this service."""
    kinds = [stage.kind for stage in definition.stages]
    return [row for row in TRANSITIONS if _can_occur(row, definition, kinds)]


def _can_occur(row: Transition, definition: Definition, kinds: Sequence[str]) -> bool:
    first = kinds[0] if kinds else "none"
    if row.action == "submit":
        return row.stage == first
    if row.stage is not None and row.stage not in kinds:
        return False
    if row.to is not None:
        return row.to in kinds and kinds.index(row.to) < max(n for n, kind in enumerate(kinds) if kind == row.stage)
    if row.action == "terminate":
        return any(material.deferrable for material in definition.materials)
    if row.ends == "aftercheck":
        return any(material.pledge for material in definition.materials)
    if row.action == "deem_agreed":
        return any(stage.silence == "agrees" for stage in definition.stages)
    reachable = {"precheck": {Status.SUBMITTED, Status.CORRECTED, Status.NEEDS_CORRECTION}}
    if row.source in reachable["precheck"] and "precheck" not in kinds:
        return False
    decided = {"precheck", "countersign", "decision"} & set(kinds)
    return bool(decided) or row.action == "acknowledge"


def columns(definition: Definition) -> list[Column]:
    rows = rows_of(definition)
    found = [Column(_("Filing"), [_("by the applicant, online")], [row for row in rows if row.action == "submit"])]
    for stage in definition.stages:
        at = [row for row in rows if row.stage == stage.kind and row.action not in ("submit", "object")]
        here = [row for row in at if row.ends not in ("objection", "aftercheck")]
        found.append(Column(str(stage.title), list(_facts(stage)), here))
    anywhere = [row for row in rows if row.stage is None and row.ends != "aftercheck"]
    if anywhere:
        found.append(Column(_("At whatever stage"), [], anywhere))
    after = [row for row in rows if row.ends in ("objection", "aftercheck") or row.action == "object"]
    if after:
        found.append(Column(_("After the decision"), [], after))
    return found


def _facts(stage: Stage) -> Iterator[str]:
    for handler in stage.departments:
        yield f"{handler.department}" + (f" — {_('when')} {handler.when}" if handler.when else "")
    if stage.limit:
        yield _("time limit: %(limit)s") % {"limit": stage.limit}
    if stage.agreement in ("all", "any"):
        yield _("all have to agree") if stage.agreement == "all" else _("one has to agree")
    if stage.agreement == "quorum":
        yield ngettext("%(count)d has to agree", "%(count)d have to agree", stage.quorum or 0) % {"count": stage.quorum}
    if stage.silence == "agrees":
        yield _("silence counts as agreement")
    if stage.refused_by == "supervisor":
        yield _("refused by a supervisor only")


def svg(definition: Definition) -> str:
    """The drawing in the language that is active. The same definition gives the same bytes."""
    parts = columns(definition)
    heights = [_height(part) for part in parts]
    width = PAD * 2 + len(parts) * WIDTH + (len(parts) - 1) * GAP
    height = 92 + max(heights) + 54
    body = [*_legend(height - 26)]
    for place, part in enumerate(parts):
        x = PAD + place * (WIDTH + GAP)
        body += _column(part, x, 76, max(heights))
        if 0 < place <= len(definition.stages):
            body.append(f'<path d="M{x - GAP + 3} 96h{GAP - 9}m-6 -5l6 5l-6 5" fill="none" stroke="#333" stroke-width="1.6"/>')
    title = escape(str(definition.title))
    told = escape(_("Stages, who acts at each, and where each step leads"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-labelledby="t d" font-family="{FONT}" font-size="13">\n'
        f'<title id="t">{title}</title>\n<desc id="d">{told}</desc>\n'
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n'
        f'<text x="{PAD}" y="34" font-size="21" font-weight="700" fill="#17202a">{title}</text>\n'
        f'<text x="{PAD}" y="56" fill="#4a5560">{told}</text>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _height(part: Column) -> int:
    facts = sum(len(_wrapped(fact, WIDTH - 2 * PAD)) for fact in part.facts)
    steps = sum(len(_wrapped(_said(row), WIDTH - 2 * PAD - 24)) for row in part.steps)
    return 40 + facts * LINE + 12 + steps * LINE + 10


def _column(part: Column, x: int, y: int, height: int) -> Iterator[str]:
    yield f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{height}" rx="8" fill="#f6f8f9" stroke="#c5ced6"/>'
    yield f'<rect x="{x}" y="{y}" width="{WIDTH}" height="36" rx="8" fill="#17323f"/>'
    yield f'<text x="{x + PAD}" y="{y + 24}" fill="#fff" font-size="15" font-weight="700">{escape(part.title)}</text>'
    line = y + 40
    for fact in part.facts:
        for text in _wrapped(fact, WIDTH - 2 * PAD):
            line += LINE
            yield f'<text x="{x + PAD}" y="{line - 4}" fill="#4a5560">{escape(text)}</text>'
    line += 12
    for row in part.steps:
        yield _mark(row.by, x + PAD + 7, line + LINE - 9)
        for text in _wrapped(_said(row), WIDTH - 2 * PAD - 24):
            line += LINE
            yield f'<text x="{x + PAD + 24}" y="{line - 4}" fill="#17202a">{escape(text)}</text>'


def _said(row: Transition) -> str:
    begin = "" if row.source in (Status.DRAFT, Status.IN_REVIEW, Status.OBJECTED) else f"{Status(row.source).label}: "
    leads = "" if row.target == row.source else f" → {Status(row.target).label}"
    return f"{begin}{ACTIONS[row.action]}{leads}"


def _mark(by: By, x: int, y: int) -> str:
    """A circle, a square, a triangle: told apart without colour."""
    colour = COLOURS[by]
    match by:
        case By.APPLICANT:
            return f'<circle cx="{x}" cy="{y}" r="6" fill="{colour}"/>'
        case By.OFFICIAL:
            return f'<rect x="{x - 6}" y="{y - 6}" width="12" height="12" fill="{colour}"/>'
    return f'<path d="M{x} {y - 7}l7 13h-14z" fill="{colour}"/>'


def _legend(y: int) -> Iterator[str]:
    words = {By.APPLICANT: _("the applicant"), By.OFFICIAL: _("an official"), By.SYSTEM: _("the system, by the clock")}
    x = PAD + 7
    for by, text in words.items():
        yield _mark(by, x, y)
        yield f'<text x="{x + 16}" y="{y + 5}" fill="#17202a">{escape(text)}</text>'
        x += 44 + _measure(text)


def _measure(text: str) -> int:
    """About how wide a text is, in pixels at 13 px: a Chinese character counts twice a Latin one."""
    return sum(13 if unicodedata.east_asian_width(char) in "WF" else 7 for char in text)


def _wrapped(text: str, width: int) -> list[str]:
    """Broken at blanks and between Chinese characters."""
    lines, line = [], ""
    for word in _words(text):
        if line and _measure(line + word.rstrip()) > width:
            lines.append(line.rstrip())
            line = word.lstrip()
        else:
            line += word
    return [*lines, line.rstrip()] if line.strip() else lines


def _words(text: str) -> Iterator[str]:
    word = ""
    for char in text:
        wide = unicodedata.east_asian_width(char) in "WF"
        if word and (wide or word[-1] == " "):
            yield word
            word = ""
        word += char
    if word:
        yield word
