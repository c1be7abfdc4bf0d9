"""The one CBOR encoding of a value (RFC 8949, 4.2.1), of what codes are made of: whole numbers, bytes, texts, lists, maps.

Reading is as strict as writing: a longer spelling of a number, a map out of order, a key twice, or anything besides those
kinds is refused, so that of two different files one is never the other. ``static/js/checker/cose.js`` reads the same.
"""

from __future__ import annotations

from typing import Any

DEEPEST = 8
LARGEST = 2**53 - 1  # what a number in JavaScript holds
HEADS = {24: 1, 25: 2, 26: 4, 27: 8}  # the low bits of a first byte, and how many bytes of a number follow it


def dumps(value: Any) -> bytes:
    """The bytes of a value. Raise ``TypeError`` for one of another kind, ``ValueError`` for a number too large."""
    if isinstance(value, bool):
        raise TypeError("no truth values: write 1, or leave it out")
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        data = value.encode()
        return _head(3, len(data)) + data
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(dumps, value))
    if isinstance(value, dict):
        pairs = sorted((dumps(key), dumps(each)) for key, each in value.items())
        return _head(5, len(pairs)) + b"".join(key + each for key, each in pairs)
    raise TypeError(f"no {type(value).__name__} in a code")


def loads(data: bytes) -> Any:
    """The value whose bytes these are, all of them. Raise ``ValueError`` for anything that ``dumps`` doesn't write."""
    value, end = _read(data, 0, DEEPEST)
    if end != len(data):
        raise ValueError("more after the end")
    return value


def _head(kind: int, number: int) -> bytes:
    if number > LARGEST:
        raise ValueError("too large a number")
    if number < 24:
        return bytes([kind << 5 | number])
    low, size = next((low, size) for low, size in HEADS.items() if number < 1 << 8 * size)
    return bytes([kind << 5 | low]) + number.to_bytes(size, "big")


def _read(data: bytes, at: int, deep: int) -> tuple[Any, int]:
    """The value that begins there, and where it ends."""
    if deep == 0 or at >= len(data):
        raise ValueError("too deep, or cut off")
    kind, number = data[at] >> 5, data[at] & 31
    at += 1
    if number > 23:
        size = HEADS.get(number)
        if size is None or at + size > len(data):
            raise ValueError("no such head, or cut off")
        number = int.from_bytes(data[at : at + size], "big")
        at += size
        if number > LARGEST or number < (24 if size == 1 else 1 << 4 * size):
            raise ValueError("not the shortest spelling of a number, or too large a one")
    if kind < 2:
        return (number if kind == 0 else -1 - number), at
    if kind < 4:
        end = at + number
        if end > len(data):
            raise ValueError("cut off")
        return (data[at:end] if kind == 2 else data[at:end].decode()), end
    if kind == 4:
        return _list(data, at, number, deep)
    if kind == 5:
        return _map(data, at, number, deep)
    raise ValueError("a kind that no code has")


def _list(data: bytes, at: int, number: int, deep: int) -> tuple[list[Any], int]:
    values = []
    for _each in range(number):
        value, at = _read(data, at, deep - 1)
        values.append(value)
    return values, at


def _map(data: bytes, at: int, number: int, deep: int) -> tuple[dict[Any, Any], int]:
    values: dict[Any, Any] = {}
    before = b""
    for _each in range(number):
        begin = at
        key, at = _read(data, at, deep - 1)
        if not isinstance(key, int | str) or data[begin:at] <= before:
            raise ValueError("a key of another kind, twice, or out of order")
        before = data[begin:at]
        values[key], at = _read(data, at, deep - 1)
    return values, at
