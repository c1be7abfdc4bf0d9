"""The embedded portal: the site, a worker and beat, started together and stopped together.

``manage.py run_portal`` (which ``make run`` calls) is its thin caller; the journeys of the tests start it the same way.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

HOST = "127.0.0.1"
GRACE = 8.0  # seconds a child has to end by itself before it is killed
FOLDERS = ("log", "mail", "broker/queue", "broker/control", "cache", "keys", "materials")
DEMO_APPLICATIONS = 12


class Refused(Exception):
    """Something on this machine stands in the way; its text is the one line that says what and how to mend it."""


# --- Before anything is started -------------------------------------------------------------------------------------


def check_port(port: int) -> None:
    if not 1 <= port <= 65535:
        raise Refused(f"Port {port} does not exist: take one from 1024 to 65535. 端口 {port} 无效。")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except PermissionError:
            raise Refused(
                f"Port {port} needs root: take one from 1024 up, PORT=8000. 端口 {port} 需要 root 权限。"
            ) from None
        except OSError:
            raise Refused(
                f"Port {port} is taken: stop what listens there, or take another with `make run PORT={port + 1}`. "
                f"端口 {port} 已被占用,请换一个端口。"
            ) from None


def make_folders(var: Path) -> None:
    try:
        for name in FOLDERS:
            (var / name).mkdir(parents=True, exist_ok=True)
            probe = var / name / ".writable"
            probe.touch()
            probe.unlink()
    except OSError as error:
        raise Refused(
            f"{error.filename or var} can't be written ({error.strerror}): make it writable, or set VAR_DIR to a folder that is. "
            "数据目录不可写。"
        ) from None


def lock_folder(var: Path) -> IO[str]:
    """One portal a folder: two would fight over beat's schedule. The lock goes with the process that holds it."""
    handle = (var / "run.lock").open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.seek(0)
        raise Refused(
            f"A portal already runs from {var} (process {handle.read().strip() or 'unknown'}): stop it first. "
            "该目录的门户已在运行。"
        ) from None
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


# --- Data -----------------------------------------------------------------------------------------------------------


def publish_shipped() -> list[str]:
    """Publish the definitions that ship and that no edition has yet; an edition made by ops since then stays."""
    import hashlib

    versions = apps.get_model("permits", "ServiceVersion").objects
    published = []
    for path in sorted((settings.BASE_DIR / "permits" / "services").glob("*.toml")):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if not versions.filter(digest=digest).exists():
            call_command("publish_service", str(path), verbosity=0)
            published.append(path.stem)
    return published


def prepare(*, demo: bool, applications: int = DEMO_APPLICATIONS) -> None:
    call_command("migrate", interactive=False, verbosity=0)
    publish_shipped()
    if demo and not apps.get_model("permits", "Application").objects.exists():
        call_command("demo_data", applications=applications)


# --- The processes --------------------------------------------------------------------------------------------------


@dataclass
class Child:
    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own commands
            self.command,
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )

    def signal(self, number: int) -> None:
        """To the process first, then, when it must go, to its whole group."""
        try:
            if number == signal.SIGKILL:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)
        except ProcessLookupError:
            pass


def _end_with_parent() -> None:
    """Should this program be killed outright, the kernel asks its children to end (Linux)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def children(port: int, log: Path) -> list[Child]:
    python = sys.executable
    celery = [python, "-m", "celery", "-A", "portal"]
    return [
        Child(
            "web",
            [python, "-m", "gunicorn", "portal.wsgi", "--bind", f"{HOST}:{port}", "--workers", "2", "--threads", "4",
             "--worker-class", "gthread", "--worker-tmp-dir", _worker_tmp_dir(), "--graceful-timeout", "5",
             "--timeout", "120", "--access-logfile", str(log / "access.log"), "--no-control-socket"],
            log / "web.log",
        ),
        Child(
            "worker",
            [*celery, "worker", "--concurrency", "2", "--without-gossip", "--without-mingle", "--without-heartbeat",
             "--loglevel", "INFO", "--hostname", f"portal-{port}@%h"],
            log / "worker.log",
        ),
        Child("beat", [*celery, "beat", "--loglevel", "WARNING", "--pidfile="], log / "beat.log"),
    ]  # fmt: skip


def _worker_tmp_dir() -> str:
    """Gunicorn's heartbeats want memory, not a disk that may stall."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(settings.VAR_DIR)  # noqa: S108


class Stack:
    """The started processes. ``run`` returns the exit status of the whole."""

    def __init__(self, port: int, *, quiet: bool = False) -> None:
        self.port = port
        self.quiet = quiet
        self.log = settings.VAR_DIR / "log"
        self.children = children(port, self.log)
        self.asked_to_stop = threading.Event()
        self.in_a_hurry = threading.Event()
        self.readers: list[threading.Thread] = []

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    def on_signal(self, *_: object) -> None:
        if self.asked_to_stop.is_set():
            self.in_a_hurry.set()
        self.asked_to_stop.set()

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.on_signal)
        started: list[Child] = []
        try:
            environment = os.environ | {
                "SITE_URL": os.environ.get("SITE_URL", self.address),
                "PYTHONUNBUFFERED": "1",
            }
            for child in self.children:
                child.start(environment)
                started.append(child)
            for child in started:
                reader = threading.Thread(target=self._copy, args=(child,), daemon=True)
                reader.start()
                self.readers.append(reader)
            return self._watch()
        finally:
            self._stop(started)

    def _watch(self) -> int:
        ready_by = time.monotonic() + 60
        ready = False
        while not self.asked_to_stop.is_set():
            for child in self.children:
                if (status := child.process.poll()) is not None:
                    self._say(
                        f"{child.name} ended by itself (status {status}): its log is {child.log}. "
                        f"进程 {child.name} 意外退出。",
                        error=True,
                    )
                    return 1
            if not ready and (ready := self._answers()):
                self._welcome()
            elif not ready and time.monotonic() > ready_by:
                self._say(
                    f"The site did not answer within 60 s: see {self.log / 'web.log'}. 网站未能启动。",
                    error=True,
                )
                return 1
            self.asked_to_stop.wait(0.5 if ready else 0.15)
        self._say("Stopping … 正在停止 …")
        return 0

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=2) as answer:  # noqa: S310 - our own http address
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _stop(self, started: Sequence[Child]) -> None:
        for child in started:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline and not self.in_a_hurry.is_set():
            if all(child.process.poll() is not None for child in started):
                break
            time.sleep(0.05)
        for child in started:  # the leader may be gone and have left someone behind in its group
            child.signal(signal.SIGKILL)
            child.process.wait()
        for reader in self.readers:
            reader.join(timeout=1)

    def _copy(self, child: Child) -> None:
        assert child.process.stdout is not None
        with child.log.open("ab") as log:
            for line in child.process.stdout:
                log.write(line)
                log.flush()
                if not self.quiet:
                    self._say(f"{child.name:<6} | {line.decode(errors='replace').rstrip()}")

    def _welcome(self) -> None:
        lines = [
            "",
            f"  The portal is up · 门户已启动:  {self.address}",
            f"  Review desk · 审批工作台:      {self.address}/admin/",
        ]
        if settings.DEMO:
            lines += [
                "",
                "  Demo logins · 演示账号 (role · e-mail · password):",
                *(f"    {line}" for line in login_lines()),
            ]
        lines += [
            "",
            f"  Mail · 邮件: {settings.VAR_DIR / 'mail'}    Logs · 日志: {self.log}    Ctrl-C stops · 停止",
            "",
        ]
        self._say("\n".join(lines))

    def _say(self, text: str, *, error: bool = False) -> None:
        print(text, file=sys.stderr if error else sys.stdout, flush=True)


def login_lines() -> list[str]:
    from portal.demo import logins  # the demonstration's data is not needed to run the portal

    rows = logins()
    first = max((_width(role) for role, _, _ in rows), default=0)
    second = max((len(email) for _, email, _ in rows), default=0)
    return [f"{role}{' ' * (first - _width(role))}  {email:<{second}}  {password}" for role, email, password in rows]


def _width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)


# --- All of it ------------------------------------------------------------------------------------------------------


def run(*, port: int, demo: bool, applications: int = DEMO_APPLICATIONS, quiet: bool = False) -> int:
    check_port(port)
    make_folders(settings.VAR_DIR)
    lock = lock_folder(settings.VAR_DIR)
    try:
        try:
            prepare(demo=demo and settings.DEMO, applications=applications)
        except CommandError as error:
            raise Refused(str(error)) from error
        return Stack(port, quiet=quiet).run()
    finally:
        lock.close()
