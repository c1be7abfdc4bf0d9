"""A large file in a real browser, sent to an S3 service on another port: in parts, with progress, and on after a reload."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3  # type: ignore[import-untyped]
import pytest
from moto.server import ThreadedMotoServer
from playwright.sync_api import Browser, Page, expect

from tests.journeys.steps import draft_on_a_phone
from tests.journeys.test_upload import PHOTOS, SLOW, Line, leaving, photo, rows, there, wait_for_percent

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def storage_url() -> Iterator[str]:
    """What ``portal`` (tests/journeys/conftest.py) is started with here."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    boto3.client("s3", endpoint_url=f"http://{host}:{port}", aws_access_key_id="key", aws_secret_access_key="word",
                 region_name="us-east-1").create_bucket(Bucket="direct")  # fmt: skip
    yield f"s3://key:word@{host}:{port}/direct/materials?region=us-east-1&secure=0&direct=1"
    server.stop()


@pytest.fixture
def materials(portal: Any, chromium: Browser) -> Iterator[Page]:
    with draft_on_a_phone(portal[0], chromium, "resumption", "*") as (page, _complaints):
        first = page.url
        page.goto(f"{first.partition('/fill/')[0]}/materials/")
        yield page
        with leaving(page):
            page.goto(first)


def test_a_large_photo_goes_to_the_storage_itself_and_on_after_a_reload(materials: Page, storage_url: str, tmp_path) -> None:
    page, big = materials, photo("仓库.jpg", 2700)
    assert len(big["buffer"]) > 6 * 1024 * 1024
    path = tmp_path / "仓库.jpg"
    path.write_bytes(big["buffer"])
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method in ("PUT", "PATCH") else None)
    line = Line(page)
    line.is_(**SLOW | {"uploadThroughput": 2 * 1024 * 1024})
    page.set_input_files(f"{PHOTOS} input[name=file]", path)
    wait_for_percent(page, 85)  # the first part has arrived, the second is on its way
    with leaving(page):
        page.reload()
    expect(rows(page)).to_contain_text("Choose the same file again", timeout=10_000)
    line.is_left_alone()
    before = len(sent)
    page.set_input_files(f"{PHOTOS} input[name=file]", path)
    there(page, "仓库.jpg")
    service = urlsplit(storage_url).netloc.rpartition("@")[2]
    assert {urlsplit(url).netloc for url in sent} == {service}, "no byte of it came through the portal"
    assert [re.search(r"partNumber=(\d)", url)[1] for url in sent[before:]] == ["2"], "what had arrived was not sent again"


def test_a_storage_that_browsers_cannot_reach_costs_nothing(materials: Page) -> None:
    page = materials
    page.route(re.compile("partNumber="), lambda route: route.abort())
    page.set_input_files(f"{PHOTOS} input[name=file]", [photo("口罩.jpg", 1100)])
    there(page, "口罩.jpg")
