"""A list to choose from, of any length: there are 3,000 counties and 1,400 industries."""

from __future__ import annotations

import copy
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe


class Select(forms.Select):
    """Django's, to the letter but for blanks between tags. Its templates draw each option by two more, a third of a second
    for all counties; here they are drawn once for all forms that are copies of one, and the chosen one is marked.
    """

    def __init__(self, attrs: dict[str, Any] | None = None, choices: Any = ()) -> None:
        super().__init__(attrs)  # which knows no choices yet
        self.choices = choices

    @property
    def choices(self) -> Any:
        return self._choices

    @choices.setter
    def choices(self, value: Any) -> None:
        self._choices = value
        self._drawn: dict[str, Any] = {}  # shared by the copies

    def __deepcopy__(self, memo: dict[int, Any]) -> Select:
        made = copy.copy(self)
        made.attrs = self.attrs.copy()
        memo[id(self)] = made
        return made

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        given = self.build_attrs({"name": name} | self.attrs, attrs)
        chosen = {str(each) for each in self.format_value(value)}
        parts, places = self._options()
        if marked := [places[each] for each in chosen if each in places]:
            parts = parts.copy()
            for place in marked:
                parts[place] = parts[place].replace('">', '" selected>', 1)
        return format_html("<select{}>{}</select>", flatatt(given), mark_safe("\n".join(parts)))  # noqa: S308

    def _options(self) -> tuple[list[str], dict[str, int]]:
        """The options in HTML, and where each value first stands among them."""
        if not self._drawn:
            parts: list[str] = []
            places: dict[str, int] = {}

            def draw(value: Any, label: Any) -> None:
                said = "" if value is None else str(value)
                places.setdefault(said, len(parts))
                parts.append(f'<option value="{conditional_escape(said)}">{conditional_escape(label)}</option>')

            for value, label in self.choices:
                if isinstance(label, list | tuple):
                    parts.append(f'<optgroup label="{conditional_escape(value)}">')
                    for inner in label:
                        draw(*inner)
                    parts.append("</optgroup>")
                else:
                    draw(value, label)
            self._drawn |= {"parts": parts, "places": places}
        return self._drawn["parts"], self._drawn["places"]
