"""How people type codes: with blanks and hyphens, and in full-width characters."""

import re
import unicodedata

_IGNORED = re.compile(r"[\s\-‐-―\u200b-\u200f\u2060\ufeff]+")


def fold(text: str) -> str:
    """Full-width characters folded (NFKC), blanks, hyphens and invisible marks taken out."""
    if text.isascii() and text.isalnum():  # nothing to fold, as in nearly every cell of a sheet
        return text
    return _IGNORED.sub("", unicodedata.normalize("NFKC", text))
