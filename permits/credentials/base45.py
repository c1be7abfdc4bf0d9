"""Base45 (RFC 9285): bytes in the characters that a QR code packs tightest. Each text is read in one way, or refused."""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
VALUES = {character: value for value, character in enumerate(ALPHABET)}


def encode(data: bytes) -> str:
    made = []
    for at in range(0, len(data), 2):
        pair = data[at : at + 2]
        number = int.from_bytes(pair, "big")
        for _each in range(len(pair) + 1):
            number, value = divmod(number, 45)
            made.append(ALPHABET[value])
    return "".join(made)


def decode(text: str) -> bytes:
    """Raise ``ValueError`` for a text that ``encode`` doesn't write."""
    made = bytearray()
    for at in range(0, len(text), 3):
        number, place = 0, 1
        part = text[at : at + 3]
        for character in part:
            value = VALUES.get(character)
            if value is None:
                raise ValueError("no character of base45")
            number, place = number + value * place, place * 45
        if len(part) == 1 or number >> 8 * (len(part) - 1):
            raise ValueError("cut off, or too large")
        made += number.to_bytes(len(part) - 1, "big")
    return bytes(made)
