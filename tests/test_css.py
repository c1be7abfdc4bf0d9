"""The style sheets: of Bootstrap what pages use, colours that can be read, a style page that shows it all."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from fontTools.ttLib import TTFont

from portal import build_css, build_icons, palette
from portal.views.style import style

pytestmark = pytest.mark.once


def test_the_style_sheet_that_is_loaded_has_every_rule_a_page_uses():
    assert not build_css.missing(), "run: make css"


def test_it_is_bootstraps_own_text_and_much_less_of_it():
    used, whole = build_css.USED.read_text(), build_css.WHOLE.read_text()
    assert "Licensed under MIT" in used
    assert build_css._selectors(used) < build_css._selectors(whole)
    assert ".btn-primary" in used and ".carousel" not in used and ".offcanvas" not in used
    assert len(used) < len(whole) / 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_pair_of_colours_has_the_contrast_that_wcag_asks_for(scheme):
    pairs = palette.pairs(scheme)
    assert len(pairs) > 30
    assert not [(pair.upper, pair.lower, round(pair.ratio, 2)) for pair in pairs if not pair.enough]


def test_contrast_is_counted_as_wcag_does():
    assert palette.Pair("", "", "#ffffff", "#000000", 4.5).ratio == pytest.approx(21)
    assert palette.Pair("", "", "#777777", "#ffffff", 4.5).ratio == pytest.approx(4.48, abs=0.005)


def test_the_style_page_shows_every_component_and_every_icon(rf):
    request = rf.get("/style/")
    request.user = AnonymousUser()
    page = style(request).content.decode()
    for part in ("error-summary", "is-invalid", "is-part", "is-checking", "is-refused", "file-faults", "due-late", "pager", "style-swatch",
                 "panel-confirm", "table-scroll", "timeline", "tasks", "notice-error", "is-marked", "dropzone", "empty"):  # fmt: skip
        assert re.search(rf'class="[^"]*\b{part}\b', page), part
    assert page.count('<li><svg class="icon"') > 60


def test_the_desks_font_of_icons_has_every_icon_that_a_page_names_and_few_more():
    whole, kept = build_icons.ligatures(TTFont(build_icons.whole())), build_icons.ligatures(TTFont(build_icons.OURS))
    assert not build_icons.named() & set(whole) - set(kept), "run: make icons"
    assert {"search", "inbox", "chevron_right"} <= set(kept) < set(whole)
    assert build_icons.OURS.stat().st_size < 20_000


def test_what_is_left_out_of_the_desk_is_used_by_no_page_of_it():
    templates = [file.read_text() for file in (build_css.ROOT / "templates" / "admin").rglob("*.html")]
    admin = [file.read_text() for file in (build_css.ROOT / "reviews" / "admin").rglob("*.py")]
    assert templates and admin
    assert not [text for text in templates if "x-sort" in text or "components/chart" in text]
    assert not [text for text in admin if "ordering_field" in text]
