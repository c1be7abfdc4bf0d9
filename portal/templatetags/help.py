"""Help where one needs it: ``{% help_found query as topics %}``."""

from __future__ import annotations

from django import template

from portal import help

register = template.Library()


@register.simple_tag
def help_found(query: str) -> list[help.Topic]:
    return help.found(query or "")
