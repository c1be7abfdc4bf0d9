"""Which parts of a file are asked for (RFC 9110, section 14)."""

from __future__ import annotations

import re

MOST = 20  # ranges of one request; more are nobody's who reads a file
SPEC = re.compile(r"(?a:(\d{0,18})-(\d{0,18}))")

Range = tuple[int, int]  # the first byte, and the one after the last


class Unsatisfiable(Exception):
    """None of the parts that are asked for lies in the file."""


def asked(header: str, size: int) -> list[Range]:
    """The parts, ascending, those that touch made one; none when the header is to be ignored and all of it sent.

    Raise ``Unsatisfiable``.
    """
    unit, equals, rest = header.partition("=")
    specs = [spec.strip(" \t") for spec in rest.split(",")]
    specs = [spec for spec in specs if spec]  # empty elements of a list are ignored (5.6.1.2)
    if not equals or unit.strip().lower() != "bytes" or not specs or len(specs) > MOST:
        return []
    found: list[Range] = []
    for spec in specs:
        match = SPEC.fullmatch(spec)
        if match is None or spec == "-":
            return []
        first, last = match.groups()
        if first and last and int(last) < int(first):
            return []  # makes the whole header invalid
        begin = int(first) if first else max(0, size - int(last))
        end = min(int(last) + 1, size) if first and last else size
        if begin < end:
            found.append((begin, end))
    if not found:
        raise Unsatisfiable
    return _joined(sorted(found))


def _joined(ranges: list[Range]) -> list[Range]:
    joined = [ranges[0]]
    for begin, end in ranges[1:]:
        if begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((begin, end))
    return joined
