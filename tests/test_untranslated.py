"""Nothing that somebody reads is in one language only: looked for in templates, Python, scripts, definitions, the admin,
mails and notices. ``tests.untranslated`` finds; here each finder also shows that it can fail.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.admin.utils import help_text_for_field, label_for_field
from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import override

from portal import help
from tests import untranslated
from tests.untranslated import HAN

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "templates"
pytestmark = pytest.mark.once

# The names of the languages, of formats and of files are the same in both; 413, 500 and 503 stand when nothing else does, so
# they say everything twice; the style page is for those who build pages, its Chinese is sample text.
SAME = {"中文", "English", "中文 English", "TOML", "CSV", "XLSX", "(CSV)", "(XLSX)", ": CSV", ": XLSX", "PDF.js", "SHA-256",
        "webhook-id", "PDF", "JSON", "QR", "chevron_right"}  # the last is an icon's name  # fmt: skip
TWICE = {"413.html", "500.html", "503.html", "alone.html", "style.html"}
NAMES_OF_FILES = re.compile(r"^[\w./-]+\.(py|json|csv|xlsx|zip)$|^/[\w/]+$|^[·\s]*SHA-256 …$")
# Chinese that is data: of the demonstration, of sample values, what people write in a table, what stands on a permit.
CHINESE_IS_DATA = {
    "portal/demo.py", "portal/stack.py", "portal/management/commands/demo.py", "portal/management/commands/demo_data.py",
    "portal/management/commands/doctor.py", "portal/management/commands/run_portal.py", "portal/settings.py",
    "portal/formats/zh_Hans/formats.py", "permits/codes/build_regions.py", "permits/credentials/dev_ca.py",
    "permits/credentials/pades.py", "permits/credentials/pdf.py", "permits/intake/group_sheet.py",
    "portal/help.py", "portal/views/style.py", "permits/intake/roster.py", "permits/intake/sandbox/child.py", "permits/intake/texts.py", "permits/fieldtypes.py",
    "permits/definition.py", "permits/definition_process.py", "permits/definition_editing.py",
    "reviews/management/commands/create_official.py", "reviews/management/commands/load_calendar.py",
    "reviews/management/commands/setup_roles.py", "reviews/models/mark.py", "reviews/models/notice_text.py",
    "reviews/notices/samples.py", "permits/search_words.py",
}  # fmt: skip
# ``description`` and ``help_text`` there are for whoever reads the code: nothing shows them.
# The description of the open interface is for programmers, in English; the style page shows its sample text in DEBUG only.
FOR_READERS_OF_CODE = re.compile(
    r"permits/definition(_process|_parts)?\.py|(permits|reviews)/models/|portal/openapi/|portal/views/style\.py"
)


def files(folder: str, *endings: str) -> Iterator[tuple[str, str]]:
    for file in sorted((ROOT / folder).rglob("*")):
        if file.suffix in endings and not {"vendor", "migrations"} & set(file.parts):
            yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")


def lines(found: Iterator[tuple[str, int, str]]) -> str:
    return "\n".join(f"{name}:{line}: {words}" for name, line, words in found)


# --- templates ----------------------------------------------------------------------------------------------------------


def of_templates() -> Iterator[tuple[str, int, str]]:
    for name, source in files("templates", ".html"):
        if (
            Path(name).name in TWICE
            or name.startswith(("templates/help/zh/", "templates/help/en/"))
            or name == "templates/allauth/elements/button.html"
        ):  # a tag made of parts
            continue
        for line, words in untranslated.in_template(source):
            if words.strip("· ") not in SAME and not NAMES_OF_FILES.match(words):
                yield name, line, words


def test_a_template_says_nothing_untranslated() -> None:
    assert not lines(of_templates())


BAD_TEMPLATES = {
    "<p>Please wait</p>": "Please wait",
    "<p>{% if x %}请稍候{% endif %}</p>": "请稍候",
    "<img alt='A seal'>": "A seal",
    '<input placeholder="Number">': "Number",
    '<nav aria-label="Main">': "Main",
    '<button title="Close">x</button>': "Close",
    '<input type="submit" value="Send">': "Send",
    '{% include "x.html" with title="Nothing here" %}': "Nothing here",
    '{{ name|default:"not given yet" }}': "not given yet",
    "<title>{% block title %}Register{% endblock %}</title>": "Register",
}


@pytest.mark.parametrize("source", BAD_TEMPLATES)
def test_words_outside_a_translate_tag_are_found(source: str) -> None:
    assert [words for _line, words in untranslated.in_template(source)] == [BAD_TEMPLATES[source]]


def test_words_inside_one_are_not() -> None:
    good = """{% comment %}Words{% endcomment %}{# Words #}<!-- Words --><p title="{% translate 'Words' %}">{% translate "Words" %}
    {% blocktranslate trimmed count n=n %}{{ n }} word{% plural %}{{ n }} words{% endblocktranslate %}</p><code>rm -r</code>
    <script src="x.js"></script>{{ value|default:"—" }} <b class="words">3</b>"""
    assert not list(untranslated.in_template(good))
    ((line, _words),) = untranslated.in_template("<p>\n{% comment %}\n\n{% endcomment %}\nFound\n</p>")
    assert line in (1, 5), "the line that it stands in"


# --- Python -------------------------------------------------------------------------------------------------------------


def of_python() -> Iterator[tuple[str, int, str]]:
    for room in ("portal", "permits", "reviews"):
        for name, source in files(room, ".py"):
            if "/management/" in name or FOR_READERS_OF_CODE.match(name):
                continue
            for line, words in untranslated.in_python(source):
                yield name, line, words


def test_python_shows_nothing_untranslated() -> None:
    assert not lines(of_python())


BAD_PYTHON = {
    'raise ValidationError("Too long.")': "Too long.",
    'form.add_error("mobile", f"{n} is no number")': " is no number",
    'messages.error(request, "Not now")': "Not now",
    'x = forms.CharField(label="Name")': "Name",
    '@admin.display(description="State")\ndef f(): ...': "State",
    'class S(models.TextChoices):\n    OPEN = "open", "Open"': "Open",
    'x = models.CharField("Name", max_length=3)': "Name",
    'raise Refused("rule", "Not yours")': "Not yours",
    "from django.utils.translation import gettext as _\nLABEL = _('x')": "translated when the module is read, not when it is shown",
    "from django.utils.translation import gettext as _\ndef f(a=_('x')): ...": "translated when the module is read, not when it is shown",
    "from django.utils.translation import gettext as _\ndef f(n): return _(f'{n} files')": "an f-string is never in the catalogue",
}


@pytest.mark.parametrize("source", BAD_PYTHON)
def test_words_that_nobody_translates_are_found(source: str) -> None:
    assert [words for _line, words in untranslated.in_python(source)] == [BAD_PYTHON[source]]


def test_what_is_translated_is_not() -> None:
    good = """from django.utils.translation import gettext as _, gettext_lazy as _l
LABEL = _l("x")
class S(models.TextChoices):
    OPEN = "open", _l("Open")
def f():
    messages.error(request, _("Not now"))
    raise Refused("rule", _("Not yours"))
"""
    assert not list(untranslated.in_python(good))


def test_chinese_in_python_has_its_english() -> None:
    found = (
        (name, line, words)
        for room in ("portal", "permits", "reviews")
        for name, source in files(room, ".py")
        if name not in CHINESE_IS_DATA
        for line, words in untranslated.han_in_python(source)
    )
    assert not lines(found)
    assert [
        words for _line, words in untranslated.han_in_python('"""文"""\nx = {"zh": "好", "en": "good"}\ny = "好"')
    ] == ["好"]


def test_the_lists_of_what_is_let_through_name_nothing_that_is_gone() -> None:
    assert not [name for name in CHINESE_IS_DATA if not (ROOT / name).exists()]
    assert not [name for name in TWICE if not list(TEMPLATES.rglob(name))]


# --- scripts ------------------------------------------------------------------------------------------------------------


def test_scripts_take_their_words_from_the_page() -> None:
    found = (
        (name, *each) for name, source in files("static", ".js", ".mjs") for each in untranslated.in_script(source)
    )
    assert not lines(found)


@pytest.mark.parametrize(
    "source", ['box.textContent = "Saved";', "b.setAttribute('aria-label', 'Close')", 'say("已保存")', "alert(`Wait`)"]
)
def test_words_of_a_script_are_found(source: str) -> None:
    assert list(untranslated.in_script(f"// said here\n{source}"))


# --- definitions --------------------------------------------------------------------------------------------------------


def test_definitions_say_everything_in_both_languages() -> None:
    for name, source in files("permits/services", ".toml"):
        assert not list(untranslated.in_definition(tomllib.loads(source))), name


def test_a_definition_in_one_language_is_found() -> None:
    tree = {
        "title": {"zh": "备案", "en": ""},
        "fields": [{"label": {"en": "Name"}}, {"label": {"zh": "Name", "en": "姓名"}}],
    }
    assert [at for at, _words in untranslated.in_definition(tree)] == [
        "title", "fields[0].label", "fields[1].label", "fields[1].label",
    ]  # fmt: skip


# --- the admin ----------------------------------------------------------------------------------------------------------


def labels() -> Iterator[tuple[str, str]]:
    """What the admin calls its models, and the columns and fields that it shows."""
    for model, its in admin.site._registry.items():
        if not model.__module__.startswith(("permits", "reviews")):
            continue
        where = model.__name__
        yield where, str(model._meta.verbose_name)
        yield where, str(model._meta.verbose_name_plural)
        shown = {*its.list_display, *(its.fields or ()), *its.readonly_fields} - {"__str__", "action_checkbox"}
        for name in sorted(str(each) for each in shown if isinstance(each, str)):
            try:
                yield f"{where}.{name}", str(label_for_field(name, model, its))
                yield f"{where}.{name}?", str(help_text_for_field(name, model))
            except (FieldDoesNotExist, AttributeError):
                continue


# The same in both languages, or a symbol.
NO_WORDS = {"", "#", "SHA-256", "TOML", "ID", "URL"}


def test_the_admin_names_everything_in_both_languages() -> None:
    with override("zh-hans"):
        chinese = list(labels())
    with override("en"):
        english = list(labels())
    assert len(chinese) > 100, "or nothing was looked at"
    assert not [(at, said) for at, said in chinese if not HAN.search(said) and said not in NO_WORDS]
    assert not [(at, said) for at, said in english if HAN.search(said)]


# --- mails and notices --------------------------------------------------------------------------------------------------

GAP = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.S)
ENGLISH = re.compile(r"\b[a-z]{3,}\b", re.I)


def of_notices(language: str) -> Iterator[tuple[str, str]]:
    for name, source in files(f"templates/notices/{language}", ".txt"):
        yield name, GAP.sub(" ", source)


def test_a_notice_speaks_its_language() -> None:
    chinese, english = list(of_notices("zh")), list(of_notices("en"))
    assert len(chinese) > 50 and len(chinese) == len(english)
    assert not [(name, ENGLISH.search(text)) for name, text in chinese if ENGLISH.search(text) or not HAN.search(text)]
    assert not [name for name, text in english if HAN.search(text) or not ENGLISH.search(text)]


def test_help_is_there_in_both_languages_and_each_text_speaks_its_own() -> None:
    chinese, english = (
        {
            Path(name).name: GAP.sub(" ", re.sub(r"<[^>]*>", " ", source))
            for name, source in files(f"templates/help/{language}", ".html")
        }
        for language in ("zh", "en")
    )
    assert set(chinese) == set(english) == {f"{topic.slug}.html" for topic in help.TOPICS}
    allowed = {"PDF", "JPG", "PNG", "HEIC", "XLSX", "WCAG", "Tab", "JavaScript", "Cookie", "AA"}
    for name, text in chinese.items():
        assert HAN.search(text) and not set(ENGLISH.findall(text)) - allowed, name
    assert not [name for name, text in english.items() if HAN.search(text)]


def test_mails_of_accounts_are_translated() -> None:
    found = (
        (name, line, words)
        for name, source in files("templates/account", ".txt")
        for line, words in untranslated.in_template(source.replace("{% autoescape off %}", ""))
    )
    assert not lines(found)
