"""The order of several files is the applicant's to choose: by the buttons of the rows, with or without the script."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from permits.models import Application, Material
from reviews import workflow
from tests.cast import Cast, filled
from tests.portal.browser import at, page
from tests.portal.test_material_views import read, send

pytestmark = pytest.mark.django_db
PHOTOS = ("一.jpg", "二.png", "三.jpg")


@pytest.fixture
def draft(cast: Cast) -> Application:
    draft = filled(cast)
    draft.materials.filter(requirement="stock_photos").delete()
    content = [read("stock_1.jpg"), read("stock_2.png"), read("pledge.jpg")]
    send(at(cast.owner), draft, "stock_photos", *zip(PHOTOS, content, strict=True))
    return draft


def order(draft: Application) -> list[str]:
    return [each.original_name for each in draft.materials.current().filter(requirement="stock_photos")]


def move(client: Client, draft: Application, name: str, to: str, **more: Any) -> Any:
    file = draft.materials.get(original_name=name)
    return client.post(f"/applications/{draft.public_id}/files/{file.public_id}/move/", {"to": to}, **more)


@pytest.mark.parametrize(
    ("name", "to", "then"),
    [
        ("一.jpg", "down", "二一三"), ("三.jpg", "up", "一三二"), ("三.jpg", "1", "三一二"), ("一.jpg", "3", "二三一"),
        ("一.jpg", "up", "一二三"), ("三.jpg", "down", "一二三"), ("二.png", "99", "一三二"), ("二.png", "0", "二一三"),
        ("二.png", "somewhere", "一二三"), ("二.png", "", "一二三"),
    ],
)  # fmt: skip
def test_a_file_is_put_elsewhere(cast: Cast, draft: Application, name: str, to: str, then: str) -> None:
    assert order(draft) == list(PHOTOS)
    response = move(at(cast.owner), draft, name, to)
    assert response["Location"] == f"/applications/{draft.public_id}/materials/#material-stock_photos"
    assert "".join(each[0] for each in order(draft)) == then


def test_a_new_file_comes_last_whatever_was_moved_or_removed(cast: Cast, draft: Application) -> None:
    client = at(cast.owner)
    move(client, draft, "三.jpg", "1")
    draft.materials.get(original_name="一.jpg").delete()
    send(client, draft, "stock_photos", ("四.jpg", read("business_licence.jpg")))
    assert order(draft) == ["三.jpg", "二.png", "四.jpg"]


def test_the_page_has_a_button_for_each_way_where_there_are_several(cast: Cast, draft: Application) -> None:
    root = page(at(cast.owner).get(f"/applications/{draft.public_id}/materials/"))
    assert len(root.xpath("//*[@id='material-stock_photos']//form[@data-move]")) == 3
    assert not root.xpath("//*[@id='material-signed_pledge']//form[@data-move]"), "it takes one file only"
    assert root.xpath("//*[@id='material-stock_photos']//button[@aria-label='Move 一.jpg up']")


def test_the_script_is_told_in_json_also_that_it_came_too_late(cast: Cast, draft: Application) -> None:
    client, script = at(cast.owner), {"headers": {"X-Requested-With": "XMLHttpRequest"}}
    assert json.loads(move(client, draft, "三.jpg", "1", **script).content) == {"ok": True}
    workflow.submit(draft.pk, applicant=cast.owner)
    before = list(Material.objects.order_by("pk").values_list("position", flat=True))
    response = move(client, draft, "三.jpg", "3", **script)
    assert response.status_code == 409 and "was sent" in json.loads(response.content)["message"]
    assert list(Material.objects.order_by("pk").values_list("position", flat=True)) == before
