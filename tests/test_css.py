"""What pages load of Bootstrap has every rule that they use."""

from __future__ import annotations

import pytest

from portal import build_css

pytestmark = pytest.mark.once


def test_the_style_sheet_that_is_loaded_has_every_rule_a_page_uses():
    assert not build_css.missing(), "run: make css"


def test_it_is_bootstraps_own_text_and_much_less_of_it():
    used, whole = build_css.USED.read_text(), build_css.WHOLE.read_text()
    assert "Licensed under MIT" in used
    assert build_css._selectors(used) < build_css._selectors(whole)
    assert ".btn-primary" in used and ".carousel" not in used and ".offcanvas" not in used
    assert len(used) < len(whole) / 4
