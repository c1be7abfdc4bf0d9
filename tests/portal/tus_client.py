"""A client of the tus protocol that says exactly what a test wants it to say."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

from django.test import Client

from permits.models import Application, Upload

TUS = {"Tus-Resumable": "1.0.0"}
TYPE = "application/offset+octet-stream"


def where(application: Application, key: str = "canteen_plan") -> str:
    return f"/applications/{application.public_id}/materials/{key}/uploads/"


def begun(client: Client, application: Application, length: int, *, name: str = "食堂方案.pdf", key: str = "canteen_plan",
          body: bytes = b"", **headers: str) -> Any:  # fmt: skip
    said = TUS | {"Upload-Length": str(length), "Upload-Metadata": f"filename {in64(name.encode())}"} | headers
    return client.generic("POST", where(application, key), body, TYPE if body else "text/plain", headers=said)


def sent(client: Client, address: str, offset: int, body: bytes, **headers: str) -> Any:
    said = TUS | {"Upload-Offset": str(offset)} | headers
    return client.generic("PATCH", address, body, headers=said, CONTENT_TYPE=TYPE)


def source(content: bytes) -> Callable[[int], bytes]:
    """As a request is read."""
    return BytesIO(content).read


def head(client: Client, address: str) -> Any:
    return client.head(address, headers=TUS)


def result(client: Client, address: str) -> Any:
    return client.get(address, headers={"X-Requested-With": "XMLHttpRequest"})


def checksum(algorithm: str, body: bytes) -> dict[str, str]:
    return {"Upload-Checksum": f"{algorithm} {in64(hashlib.new(algorithm, body).digest())}"}


def in64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def row(address: str) -> Upload:
    return Upload.objects.get(public_id=address.rstrip("/").rpartition("/")[2])
