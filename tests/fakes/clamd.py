"""A virus scanner on loopback that speaks clamd's protocol: zINSTREAM and zVERSION. It finds EICAR, and takes what size it is told."""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Clamd(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.most, self.scanned, self.broken = 25 * 1024 * 1024, 0, False
        self.version = "ClamAV 1.4.1/27500/fake"

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.server_address[1]}"


class _Talk(socketserver.StreamRequestHandler):
    server: Clamd

    def handle(self) -> None:
        command = self._until_null()
        if command == b"zVERSION":
            self.wfile.write(self.server.version.encode() + b"\0")
        elif command == b"zINSTREAM":
            self.wfile.write(self._scanned() + b"\0")

    def _scanned(self) -> bytes:
        content = b""
        while (size := struct.unpack("!L", self.rfile.read(4))[0]) != 0:
            content += self.rfile.read(size)
            if len(content) > self.server.most:
                return b"INSTREAM size limit exceeded. ERROR"
        self.server.scanned += 1
        if self.server.broken:
            return b"stream: Can't allocate memory ERROR"
        return b"stream: Eicar-Signature FOUND" if EICAR in content else b"stream: OK"

    def _until_null(self) -> bytes:
        said = b""
        while (byte := self.rfile.read(1)) not in (b"", b"\0"):
            said += byte
        return said


@contextmanager
def running() -> Iterator[Clamd]:
    with Clamd() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
