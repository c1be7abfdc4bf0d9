"""What the parts of a definition are made of: texts in two languages, keys, expressions, time limits."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from permits import spoken
from permits.expressions import ExpressionError
from permits.expressions import parse as parse_expression


def _expression(text: str) -> str:
    try:
        parse_expression(text)
    except ExpressionError as error:
        raise ValueError(str(error)) from error
    return text


def _limit(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d{0,3}[hd]", text):
        raise ValueError("write working hours as '3h' or working days as '5d'")
    return text


ExpressionText = Annotated[str, AfterValidator(_expression)]
LimitText = Annotated[str, AfterValidator(_limit)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
FILE_NAME = r"^[a-z0-9][a-z0-9_-]{0,79}\.(pdf|docx|xlsx|csv|jpg|png)$"
FileName = Annotated[str, Field(pattern=FILE_NAME)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,49}$")]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Part):
    """A text in the portal's two languages; ``str()`` gives it in the reader's."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def __str__(self) -> str:
        return self.zh if spoken.language() == "zh" else self.en
