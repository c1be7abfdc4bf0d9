"""A folder and an S3 service (moto) for tests that run on both."""

from __future__ import annotations

from collections.abc import Iterator

import boto3  # type: ignore[import-untyped]
import pytest

from permits.intake import storage

ENDPOINT = "s3.test.invalid:9000"
S3_URL = f"s3://key:a%2Fb%2Bc@{ENDPOINT}/permits/materials?region=us-east-1&secure=0"


@pytest.fixture
def s3_service(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An S3 service in this process (moto), at an address of its own like MinIO's."""
    monkeypatch.setenv("MOTO_S3_CUSTOM_ENDPOINTS", f"http://{ENDPOINT}")
    from moto import mock_aws  # reads the variable when its S3 is first used

    storage.connect.cache_clear()
    with mock_aws():
        client().create_bucket(Bucket="permits")
        yield
    storage.connect.cache_clear()


def client():
    return boto3.client(
        "s3", endpoint_url=f"http://{ENDPOINT}", aws_access_key_id="key", aws_secret_access_key="a/b+c",
        region_name="us-east-1",
    )  # fmt: skip


@pytest.fixture(params=["folder", "sealed folder", "s3"])
def kept(request: pytest.FixtureRequest, settings) -> str:
    """The same tests run on all of them."""
    if request.param == "s3":
        request.getfixturevalue("s3_service")
        settings.STORAGE_URL = S3_URL
    settings.STORAGE_KEYS = ["a2V5IG9mIDMyIGJ5dGVzIGZvciB0ZXN0cyBvbmx5ISE="] if request.param == "sealed folder" else []
    return str(request.param)
