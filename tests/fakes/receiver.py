"""Another department's system on loopback: takes signed webhooks as Standard Webhooks has it, and keeps what it took."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def signs(secret: str, headers: Any, body: bytes) -> bool:
    """Whether one of the signatures is this secret's, written down from the specification and not from our own code."""
    key = base64.b64decode(secret.split("_", 1)[1])
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()
    given = [one.partition(",") for one in headers["webhook-signature"].split()]
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 300
    return fresh and any(version == "v1" and hmac.compare_digest(wanted, mac) for version, _comma, mac in given)


class Receiver:
    def __init__(self) -> None:
        self.then: list[int] = []  # the next answers; 204 once they are used up; 0 takes it and drops the connection
        self.calls: list[tuple[str, dict[str, Any], Any, bytes]] = []
        self.retry_after = ""

    @property
    def ids(self) -> list[str]:
        return [call[0] for call in self.calls]

    @property
    def actions(self) -> list[str]:
        return [call[1]["type"] for call in self.calls]

    def forget(self) -> None:
        self.then, self.calls, self.retry_after = [], [], ""


@contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[tuple[Receiver, int]]:
    """The receiver, and its port."""
    there = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            there.calls.append((self.headers["webhook-id"], json.loads(body), self.headers, body))
            status = there.then.pop(0) if there.then else 204
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"http://127.0.0.1:{self.server.server_address[1]}/elsewhere")
            if there.retry_after:
                self.send_header("Retry-After", there.retry_after)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield there, server.server_port
    finally:
        server.shutdown()
        server.server_close()
