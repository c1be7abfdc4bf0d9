"""A time stamp authority on loopback (RFC 3161 over HTTP): answers are signed with a certificate of its own root."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from asn1crypto import keys, tsp, x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.sign.timestamps import DummyTimeStamper

from permits.credentials import dev_ca


@dataclass
class Authority:
    root: bytes  # PEM
    stamper: DummyTimeStamper
    asked: list[tsp.TimeStampReq] = field(default_factory=list)
    down: bool = False  # answers 503
    rejects: bool = False  # answers as RFC 3161 has it: status "rejection"


def authority(*, at: datetime | None = None) -> Authority:
    root = dev_ca.issue("root", key=rsa.generate_private_key(65537, 2048))
    stamps = dev_ca.issue("tsa", key=rsa.generate_private_key(65537, 2048), by=root)
    der = stamps.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    stamper = DummyTimeStamper(
        x509.Certificate.load(stamps.certificate.public_bytes(Encoding.DER)),
        keys.PrivateKeyInfo.load(der),
        fixed_dt=at,
    )
    return Authority(root.certificate.public_bytes(Encoding.PEM), stamper)


@contextmanager
def running(there: Authority) -> Iterator[str]:
    """Its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if there.down or self.headers["Content-Type"] != "application/timestamp-query":
                self.send_error(503)
                return
            request = tsp.TimeStampReq.load(body, strict=True)
            there.asked.append(request)
            rejection = bytes.fromhex("30053003020102")  # a TimeStampResp that has a status only
            answer = rejection if there.rejects else there.stamper.request_tsa_response(request).dump()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
