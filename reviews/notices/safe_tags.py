"""All that the template language of notices has: ``if``, ``for`` and three filters."""

from django.template import Library, defaultfilters, defaulttags

register = Library()
register.tag("if", defaulttags.do_if)
register.tag("for", defaulttags.do_for)
register.filter("default", defaultfilters.default)
register.filter("length", defaultfilters.length)
register.filter("truncatechars", defaultfilters.truncatechars)
