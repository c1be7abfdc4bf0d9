"""A browser that sends a large file to the S3 service itself: a real one on loopback, spoken to over HTTP."""

from __future__ import annotations

import random
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3  # type: ignore[import-untyped]
import pikepdf
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from moto.server import ThreadedMotoServer

from permits.intake import arriving, direct, storage
from permits.models import Application, Check, Material, Upload
from tests.cast import Cast, filled
from tests.portal.browser import at

pytestmark = pytest.mark.django_db
PART = direct.PART
SCRIPT = {"X-Requested-With": "XMLHttpRequest"}


def _long_plan() -> bytes:
    """A real document, too long for one part."""
    written = BytesIO()
    with pikepdf.open(Path(__file__).parents[1] / "data" / "canteen_plan.pdf") as pdf:
        pdf.Root.Long = pdf.make_stream(random.Random(8).randbytes(PART + 1_000_000))
        pdf.save(written, compress_streams=False)
    return written.getvalue()


PLAN = _long_plan()


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(service: str, settings) -> Iterator[Any]:
    client = boto3.client("s3", endpoint_url=f"http://{service}", aws_access_key_id="key", aws_secret_access_key="word",
                          region_name="us-east-1")  # fmt: skip
    client.create_bucket(Bucket="direct")
    settings.STORAGE_URL = f"s3://key:word@{service}/direct/materials?region=us-east-1&secure=0&direct=1"
    storage.connect.cache_clear()
    yield client
    for found in client.list_objects_v2(Bucket="direct").get("Contents", ()):
        client.delete_object(Bucket="direct", Key=found["Key"])
    for found in client.list_multipart_uploads(Bucket="direct").get("Uploads", ()):
        client.abort_multipart_upload(Bucket="direct", Key=found["Key"], UploadId=found["UploadId"])
    storage.connect.cache_clear()


@pytest.fixture
def empty(bucket: Any, cast: Cast) -> Application:
    draft = filled(cast)
    draft.materials.all().delete()
    return draft


def where(application: Application, key: str = "canteen_plan") -> str:
    return f"/applications/{application.public_id}/materials/{key}/direct/"


def begun(client: Client, application: Application, size: int = len(PLAN)) -> tuple[str, dict[str, Any]]:
    response = client.post(where(application), {"name": "食堂方案.pdf", "size": str(size)})
    assert response.status_code == 201, response.content
    return response["Location"], response.json()


def put(address: str, content: bytes) -> int:
    request = urllib.request.Request(address, content, {"Content-Type": "application/octet-stream"}, method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def part_of(content: bytes, number: int) -> bytes:
    return content[(number - 1) * PART : number * PART]


def test_a_file_goes_to_the_storage_in_parts_and_becomes_a_material(
    cast: Cast, empty: Application, bucket: Any
) -> None:
    client = at(cast.owner)
    address, state = begun(client, empty)
    assert state["arrived"] == [] and state["part"] == PART and sorted(state["to"]) == ["1", "2"]
    assert all(put(to, part_of(PLAN, int(number))) == 200 for number, to in state["to"].items())
    response = client.post(f"{address}direct/")
    assert response.status_code == 200 and response.json()["ok"], response.content
    material = empty.materials.get()
    assert material.original_name == "食堂方案.pdf" and material.check_state == Check.FINE
    with storage.open_blob(material.received_sha256) as blob:
        assert blob.read() == PLAN
    assert not bucket.list_multipart_uploads(Bucket="direct").get("Uploads")
    assert not bucket.list_objects_v2(Bucket="direct", Prefix="materials/incoming").get("Contents")
    again = client.post(f"{address}direct/")  # its answer was lost on the way
    assert again.json()["ok"] and Material.objects.filter(application=empty).count() == 1


def test_it_goes_on_with_the_parts_that_are_missing(cast: Cast, empty: Application) -> None:
    client = at(cast.owner)
    address, state = begun(client, empty)
    put(state["to"]["2"], part_of(PLAN, 2))
    early = client.post(f"{address}direct/")
    assert early.status_code == 409 and not empty.materials.exists()
    state = client.get(f"{address}direct/", headers=SCRIPT).json()
    assert state["arrived"] == [2] and list(state["to"]) == ["1"]
    put(state["to"]["1"], part_of(PLAN, 1))
    assert client.post(f"{address}direct/").json()["ok"]


def test_a_part_of_another_length_does_not_count(cast: Cast, empty: Application) -> None:
    client = at(cast.owner)
    address, state = begun(client, empty)
    signed = parse_qs(urlsplit(state["to"]["1"]).query)
    assert "content-length" in signed["X-Amz-SignedHeaders"][0], (
        "a service that checks signatures refuses another length"
    )
    assert int(signed["X-Amz-Expires"][0]) == direct.SECONDS
    put(state["to"]["1"], b"short")
    put(state["to"]["2"], part_of(PLAN, 2))
    assert client.get(f"{address}direct/", headers=SCRIPT).json()["arrived"] == [2]
    assert client.post(f"{address}direct/").status_code == 409


def test_a_bad_file_is_refused_in_the_words_of_the_form_and_nothing_stays(
    cast: Cast, empty: Application, bucket: Any
) -> None:
    client = at(cast.owner)
    bad = b"MZ" + bytes(PART)
    address, state = begun(client, empty, len(bad))
    for number, to in state["to"].items():
        put(to, part_of(bad, int(number)))
    response = client.post(f"{address}direct/")
    assert response.status_code == 422 and response.json()["message"]
    assert not empty.materials.exists() and not bucket.list_objects_v2(Bucket="direct").get("Contents")


@pytest.mark.parametrize(
    ("size", "status"), [("0", 422), (str(21 * 1024 * 1024), 413), ("-1", 400), ("x", 400), ("", 400)]
)
def test_a_size_that_cannot_be_is_refused_before_a_byte_is_sent(
    cast: Cast, empty: Application, size: str, status: int
) -> None:
    response = at(cast.owner).post(where(empty), {"name": "a.pdf", "size": size})
    assert response.status_code == status and not Upload.objects.exists()


def test_only_whose_upload_it_is_goes_on_with_it(cast: Cast, empty: Application) -> None:
    address, _state = begun(at(cast.owner), empty)
    for other in (cast.outsider, cast.street):
        assert at(other).get(f"{address}direct/").status_code == 404
        assert at(other).post(where(empty), {"name": "a.pdf", "size": "9"}).status_code == 404
    assert Client().get(f"{address}direct/", headers={"Tus-Resumable": "1.0.0"}).status_code == 401


def test_what_was_given_up_or_forgotten_leaves_nothing_at_the_service(
    cast: Cast, empty: Application, bucket: Any
) -> None:
    client = at(cast.owner)
    address, state = begun(client, empty)
    put(state["to"]["1"], part_of(PLAN, 1))
    assert client.delete(address, headers={"Tus-Resumable": "1.0.0"}).status_code == 204
    assert not bucket.list_multipart_uploads(Bucket="direct").get("Uploads")
    begun(client, empty)
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert arriving.clear() == 1
    assert not bucket.list_multipart_uploads(Bucket="direct").get("Uploads")


def test_killed_after_the_service_took_it_together_it_is_finished_by_whoever_asks(
    cast: Cast, empty: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = at(cast.owner)
    address, state = begun(client, empty)
    for number, to in state["to"].items():
        put(to, part_of(PLAN, int(number)))

    def killed(*_: Any) -> Any:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(arriving.incoming_s3, "brought", killed)
        with pytest.raises(SystemExit):
            client.post(f"{address}direct/")
    assert client.post(f"{address}direct/").json()["ok"] and empty.materials.count() == 1


def test_pages_may_reach_the_service_only_where_files_go_there(
    cast: Cast, empty: Application, service: str, settings
) -> None:
    page = f"/applications/{empty.public_id}/materials/"
    response = at(cast.owner).get(page)
    assert f"connect-src 'self' http://{service}" in response["Content-Security-Policy"]
    assert f'data-direct="{where(empty)}"' in response.content.decode()
    settings.STORAGE_URL = settings.STORAGE_URL.replace("&direct=1", "")
    response = at(cast.owner).get(page)
    assert "connect-src" not in response["Content-Security-Policy"] and "data-direct" not in response.content.decode()
    assert at(cast.owner).post(where(empty), {"name": "a.pdf", "size": "9"}).status_code == 404


def test_the_command_tells_the_bucket_whose_pages_may_send(bucket: Any, settings, capsys) -> None:
    assert not direct.allowed_from(settings.SITE_URL)
    call_command("allow_direct_uploads")
    assert direct.allowed_from(settings.SITE_URL) and settings.SITE_URL in capsys.readouterr().out
    settings.STORAGE_URL = settings.STORAGE_URL.replace("&direct=1", "")
    with pytest.raises(CommandError, match="direct=1"):
        call_command("allow_direct_uploads")
