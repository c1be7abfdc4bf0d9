"""The table of regions: every place leads up to its province, and can be chosen."""

from __future__ import annotations

import pytest

from permits.codes import regions
from permits.fieldtypes import region_field


def test_every_region_hangs_on_a_larger_one_and_at_last_on_a_province():
    above = {"province": {""}, "city": {"province"}, "county": {"city", "province"}}
    for region in regions._table().values():
        parent = regions.get(region.parent)
        assert (parent.level if parent else "") in above[region.level], region


@pytest.mark.parametrize(("code", "name"), [
    ("441900", "广东省东莞市"), ("442000", "广东省中山市"), ("460400", "海南省儋州市"), ("360924", "江西省宜春市宜丰县"),
    ("110105", "北京市朝阳区"),
])  # fmt: skip
def test_a_city_without_counties_is_chosen_and_named_like_any_county(code, name):
    assert region_field(None).clean(code) == code
    assert regions.full_name(code) == name and regions.by_full_name(name) == code
    assert regions.is_within(code, f"{code[:2]}0000")
