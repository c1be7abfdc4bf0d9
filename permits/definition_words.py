"""What is wrong with a definition, in the reader's language.

The checks speak English, for files and logs; an editor on the screen reads the same in the portal's languages. What is not
in the table is shown as the check says it.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

_WORDS = [(re.compile(pattern + r"\Z", re.S), words) for pattern, words in (
    (r"Field required", _("is missing")),
    (r"this key is not known: remove it or mend its spelling", _("this key is not known: remove it or mend its spelling")),
    (r"String should have at least 1 character", _("is empty: write something, in both languages")),
    (r"String should have at most (?P<n>\d+) characters?", _("is longer than %(n)s characters")),
    (r"String should match pattern '(?P<p>.+)'", _("is not written as it has to be: %(p)s")),
    (r"Input should be (?P<v>'.+')", _("has to be one of %(v)s")),
    (r"Input should be greater than or equal to (?P<n>\S+)", _("is less than %(n)s")),
    (r"Input should be less than or equal to (?P<n>\S+)", _("is more than %(n)s")),
    (r"Input should be a number, or a date such as 2026-03-01", _("has to be a number, or a date such as 2026-03-01")),
    (r"Input should be a valid string.*", _("has to be a text")),
    (r"Input should be a valid (?:integer|number).*", _("has to be a number")),
    (r"Input should be a valid date.*", _("has to be a date such as 2026-03-01")),
    (r"Input should be a valid boolean.*", _("has to be true or false")),
    (r"Input should be a valid (?:dictionary|tuple|list).*", _("is not written as it has to be")),
    (r"Tuple should have at least 1 item.*", _("has nothing in it: one at least is needed")),
    (r"write working hours as '3h' or working days as '5d'", _("write working hours as '3h' or working days as '5d'")),
    (r"is not a pattern: (?P<e>.+)", _("is not a pattern: %(e)s")),
    (r"repeats something that repeats itself.+",
     _("repeats something that repeats itself, as (a+)+ does: a text could keep it busy for ever")),
    (r"'choices' belong to .+", _("choices belong to a question with choices, and it needs them")),
    (r"'must_be' belongs to .+", _("'must_be' belongs to a yes/no question")),
    (r"'pattern' and 'min_length' belong to .+", _("'pattern' and 'min_length' belong to a text")),
    (r"'(?P<k>\w+)' is a number for a number and a date for a date", _("'%(k)s' is a number for a number and a date for a date")),
    (r"'(?P<k>\w+)' belongs to a number or a date", _("'%(k)s' belongs to a number or a date")),
    (r"'material' belongs to .+", _("'material' belongs to a file, and it needs it: the key of a material")),
    (r"'fields' belong to .+", _("questions of a row belong to a repeating group, and it needs them")),
    (r"'min_rows' is more than 'max_rows'", _("'min_rows' is more than 'max_rows'")),
    (r"more than 100 rows .+", _("more than 100 rows can't be typed into a page: set 'importable', or a smaller 'max_rows'")),
    (r"a group's fields can't be groups or files: (?P<k>.+)", _("a row can't ask for groups or files: %(k)s")),
    (r"two fields of the group have the key '(?P<k>\w+)': rename one",
     _("two questions of the row have the key '%(k)s': rename one")),
    (r"a permit needs 'number_prefix' and 'statement'", _("a permit needs 'number_prefix' and 'statement'")),
    (r"two fields have the key '(?P<k>\w+)': rename one", _("two questions have the key '%(k)s': rename one")),
    (r"two sections have the key '(?P<k>\w+)': rename one", _("two sections have the key '%(k)s': rename one")),
    (r"two rules have the key '(?P<k>\w+)': rename one", _("two rules have the key '%(k)s': rename one")),
    (r"two materials have the key '(?P<k>\w+)': rename one", _("two materials have the key '%(k)s': rename one")),
    (r"two stages have the key '(?P<k>\w+)': rename one", _("two stages have the key '%(k)s': rename one")),
    (r"field '\S+' takes the material '(?P<k>\w+)', which is not asked for",
     _("takes the material '%(k)s', which is not asked for")),
    (r"rule '\w+' is shown at '(?P<k>\w+)', which is not a field of the form",
     _("is shown at '%(k)s', which is not a question of the form")),
    (r".+ names '(?P<k>\S+)', which is not a field of (?:the form|a group)",
     _("names '%(k)s', which is not a question of the form")),
    (r"outcome.shown_fields names '(?P<k>\w+)', which is a \w+: name single answers",
     _("names '%(k)s', which is not a single answer")),
    (r"outcome.shown_fields names '(?P<k>\w+)', which is personal: a permit is public",
     _("names '%(k)s', which is personal: a permit is public")),
    (r"material '\w+' counts rows by '(?P<k>\w+)', which is not a field",
     _("counts rows by '%(k)s', which is not a question of the form")),
    (r"shown_if goes in a circle through (?P<k>.+)", _("conditions go in a circle through %(k)s")),
    (r"a stage of kind 'record' stands alone.+",
     _("a stage of kind 'record' stands alone: what arrives is accepted, and nothing is decided")),
    (r"a pre-check is the first stage", _("a pre-check is the first stage")),
    (r"the last stage, and only it, is the decision", _("the last stage, and only it, is the decision")),
    (r"longer than (?P<n>\d+) characters: split it into several rules",
     _("longer than %(n)s characters: split it into several rules")),
    (r"can't be read: (?P<e>.+)", _("this condition can't be read: %(e)s")),
    (r"has (?P<n>\d+) parts, (?P<m>\d+) at most", _("has %(n)s parts, %(m)s at most")),
    (r"functions are (?P<f>.+), called with plain values", _("functions are %(f)s, called with plain values")),
    (r"(?P<k>\w+) is not part of the language", _("%(k)s is not part of the language of conditions")),
)]  # fmt: skip


def in_words(message: str) -> str:
    for pattern, words in _WORDS:
        if said := pattern.match(message):
            return str(words) % said.groupdict() if said.groupdict() else str(words)
    return message
