"""What the storm sends to: a provider that takes each key once, and a mail server that refuses half of what it gets."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

from tests.run import free_port


class Provider:
    """Counts what was handed over by its key. Now and then slow, failing, busy, or gone after it took the message."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()  # every call that was taken
        self.sent: set[str] = set()  # one text message for each key, however often it was handed over
        self.lock = threading.Lock()

    def answer(self, key: str) -> int:
        chance = random.random()
        if chance < 0.05:
            return 500
        if chance < 0.1:
            return 429
        with self.lock:
            self.calls[key] += 1
            self.sent.add(key)
        return 0 if chance < 0.15 else 200


@contextmanager
def provider() -> Iterator[tuple[Provider, str]]:
    there = Provider()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            key = self.headers["Idempotency-Key"]
            status = there.answer(key)
            if not status:  # it took the message, and the answer is lost
                self.close_connection = True
                return
            body = json.dumps({"id": f"provider-{key}"}).encode()
            self.send_response(status)
            self.send_header("Retry-After", "1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield there, f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()


class Mails:
    """Takes half of the mails, by their Message-ID."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if random.random() < 0.5:
            return "451 4.3.0 not now"
        head = envelope.content.decode("utf-8", "replace").split("Message-ID:", 1)[1]
        self.taken[head.splitlines()[0].strip()] += 1
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[tuple[Mails, str]]:
    there = Mails()
    controller = Controller(there, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield there, f"smtp://127.0.0.1:{controller.port}"
    finally:
        controller.stop()
