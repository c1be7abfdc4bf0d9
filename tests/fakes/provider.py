"""A provider of text messages on loopback: what it takes it takes once for each idempotency key, and counts.

``python -m tests.fakes.provider PORT SECRET`` runs it as a process of its own; ``GET /`` says what it has.

``Provider.then`` says how the next calls go (``OK`` once it is used up): ``slow:SECONDS``, ``fail``, ``busy:RETRY-AFTER``,
``refuse:STATUS``, ``drop`` (takes the message and is gone before it says so), ``nonsense``, ``away`` (a redirect).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3


def signature(secret: str, timestamp: str, key: str, body: bytes) -> str:
    """As docs/operations.md has it, written down a second time: whoever connects a provider has only that."""
    return (
        "v1="
        + hmac.new(secret.encode(), b".".join([timestamp.encode(), key.encode(), body]), hashlib.sha256).hexdigest()
    )


class Provider:
    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.then: list[str] = []
        self.calls: Counter[str] = Counter()  # every call with a good signature, by key
        self.sent: dict[str, dict[str, Any]] = {}  # one message for each key, however often it was handed over
        self.strangers = 0  # calls whose signature doesn't fit
        self.lock = threading.Lock()

    def take(self, key: str, message: dict[str, Any]) -> str:
        with self.lock:
            self.sent.setdefault(key, message)
        return self.id_of(key)

    def id_of(self, key: str) -> str:
        return f"fake-{hashlib.sha256(key.encode()).hexdigest()[:12]}"

    def report(self, url: str, key: str, status: str, times: int = 1, code: str = "") -> list[int]:
        """Report what became of a message, so many times; the answers."""
        said = {"id": self.id_of(key), "status": status, "code": code, "at": "2020-02-10T09:30:00+08:00"}
        body, timestamp = json.dumps(said).encode(), str(int(time.time()))
        headers = {"X-Timestamp": timestamp, "Idempotency-Key": key, "Content-Type": "application/json", "Connection": "close",
                   "X-Signature": signature(self.secret, timestamp, key, body)}  # fmt: skip

        def once() -> int:
            with urllib3.PoolManager() as fresh:  # a kept connection may be closed at the moment it is used again
                return fresh.request("POST", url, body=body, headers=headers, timeout=10).status

        return [once() for _time in range(times)]

    def figures(self) -> dict[str, Any]:
        return {"sent": len(self.sent), "calls": sum(self.calls.values()), "strangers": self.strangers,
                "keys": sorted(self.sent)}  # fmt: skip


def server_of(there: Provider, port: int = 0) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.say(200, there.figures())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            key = self.headers["Idempotency-Key"]
            wanted = signature(there.secret, self.headers["X-Timestamp"], key, body)
            if not hmac.compare_digest(wanted, self.headers["X-Signature"]):
                there.strangers += 1
                return self.say(401, {"code": "Signature"})
            with there.lock:
                there.calls[key] += 1
                how, _colon, more = (there.then.pop(0) if there.then else "ok").partition(":")
            match how:
                case "fail":
                    return self.say(500, {"code": "Internal"})
                case "busy":
                    return self.say(429, {"code": "Throttled"}, {"Retry-After": more} if more else {})
                case "refuse":
                    return self.say(int(more), {"code": "MOBILE_NUMBER_ILLEGAL", "message": body.decode()})
                case "away":
                    return self.say(307, {}, {"Location": "http://127.0.0.1:1/"})
                case "slow":
                    time.sleep(float(more))
            identity = there.take(key, json.loads(body))
            if how == "drop":
                self.close_connection = True
                return None
            return self.say(200, {"nothing": 1} if how == "nonsense" else {"id": identity})

        def say(self, status: int, what: dict[str, Any], headers: dict[str, str] | None = None) -> None:
            content = json.dumps(what).encode()
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            with suppress(BrokenPipeError, ConnectionResetError):  # who asked has given up waiting
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


@contextmanager
def running(secret: str = "shared") -> Iterator[tuple[Provider, str]]:
    """In this process: the provider, and its address."""
    there = Provider(secret)
    server = server_of(there)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield there, f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    server_of(Provider(sys.argv[2]), int(sys.argv[1])).serve_forever()
