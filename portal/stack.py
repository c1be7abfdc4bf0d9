"""The embedded portal: the site, a worker and beat, started together and stopped together.

``manage.py run_portal`` (which ``make run`` calls) is its thin caller; the tests' journeys start it the same way.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import os
import re
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
from django.db import OperationalError, connections

from permits.credentials import bureau

HOST = "127.0.0.1"
START = 60.0  # seconds the site has to answer for the first time
GRACE = 8.0  # seconds a process has to end by itself before it is killed
FOLDERS = ("log", "mail", "broker/queue", "broker/control", "cache", "keys", "materials", "static")
TROUBLE = re.compile(rb"\b(ERROR|CRITICAL|Traceback)\b")
DEMO_APPLICATIONS = 12


class Refused(Exception):
    """Something on this machine stands in the way; the text is the one line that says what, and the mending."""


# --- Before anything is started ---------------------------------------------------------------------------


def check_port(port: int) -> None:
    if not 1 <= port <= 65535:
        raise Refused(f"Port {port} does not exist: take one from 1024 to 65535. 端口 {port} 无效。")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except PermissionError:
            raise Refused(f"Port {port} needs root: take one from 1024 up. 端口 {port} 需要 root 权限。") from None
        except OSError:
            raise Refused(
                f"Port {port} is taken: stop what listens there, or `make run PORT={port + 1}`. "
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
            f"{error.filename or var} can't be written ({error.strerror}): make it writable, "
            "or set VAR_DIR to a folder that is. 数据目录不可写。"
        ) from None


def lock_folder(var: Path) -> IO[str]:
    """One portal a folder: two would fight over beat's schedule. The lock ends with its process."""
    handle = (var / "run.lock").open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.seek(0)
        holder = handle.read().strip() or "unknown"
        raise Refused(
            f"A portal already runs from {var} (process {holder}): stop it first. 该目录的门户已在运行。"
        ) from None
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


# --- Data -------------------------------------------------------------------------------------------------


def publish_shipped() -> list[str]:
    """Publish the definitions that ship and that no edition has yet; a later edition by ops stays."""
    versions = apps.get_model("permits", "ServiceVersion").objects
    published = []
    for path in sorted((settings.BASE_DIR / "permits" / "services").glob("*.toml")):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if not versions.filter(digest=digest).exists():
            call_command("publish_service", str(path), verbosity=0)
            published.append(path.stem)
    return published


def prepare(*, demo: bool, applications: int = DEMO_APPLICATIONS) -> None:
    """Everything the site needs in its database; quick when it is there already."""
    try:
        call_command("migrate", interactive=False, verbosity=0)
        publish_shipped()
        if not settings.PERMIT_PKCS11["module"]:  # a token may be away: only what it signs waits for it
            bureau.signer()  # made at the first start, so that the first permit needn't wait for it
        if demo:  # the accounts every time: they are printed, so they are there
            first = not apps.get_model("permits", "Application").objects.exists()
            call_command("demo_data", applications=applications if first else 0, verbosity=1 if first else 0)
    except (CommandError, OperationalError) as error:
        reason = " ".join(str(error).split())
        raise Refused(f"The database can't be made ready: {reason} 数据库准备失败。") from error
    finally:
        connections.close_all()


# --- The processes ----------------------------------------------------------------------------------------


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
            preexec_fn=_end_with_parent,  # safe here: no thread runs yet
        )

    def ask_to_end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()

    def end(self) -> None:
        """The process, and whoever it left behind in its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def _end_with_parent() -> None:
    """Should this program be killed outright, the kernel asks its children to end (Linux)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def children(port: int, log: Path) -> list[Child]:
    python = sys.executable
    web = [python, "-m", "gunicorn", "portal.wsgi", "--bind", f"{HOST}:{port}", "--no-control-socket"]
    web += ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--timeout", "120"]
    web += ["--graceful-timeout", "5", "--worker-tmp-dir", _worker_tmp_dir()]
    web += ["--access-logfile", str(log / "access.log")]
    celery = [python, "-m", "celery", "-A", "portal"]
    worker = [*celery, "worker", "--concurrency", "2", "--hostname", f"portal-{port}@%h", "--loglevel", "INFO"]
    worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    beat = [*celery, "beat", "--loglevel", "WARNING", "--pidfile="]
    return [
        Child("web", web, log / "web.log"),
        Child("worker", worker, log / "worker.log"),
        Child("beat", beat, log / "beat.log"),
    ]


def _worker_tmp_dir() -> str:
    """Gunicorn's heartbeats want memory, not a disk that may stall."""
    memory = "/dev/shm"  # noqa: S108
    return memory if os.access(memory, os.W_OK) else str(settings.VAR_DIR)


class Stack:
    """The started processes. ``run`` returns the exit status of the whole."""

    def __init__(self, port: int, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.address = f"http://{HOST}:{port}"
        self.log: Path = settings.VAR_DIR / "log"
        self.children = children(port, self.log)
        self.started: list[Child] = []
        self.readers: list[threading.Thread] = []
        self.asked_to_stop = threading.Event()
        self.in_a_hurry = threading.Event()

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            self._start()
            return self._watch()
        finally:
            self._stop()

    def _on_signal(self, *_: object) -> None:
        if self.asked_to_stop.is_set():
            self.in_a_hurry.set()
        self.asked_to_stop.set()

    def _start(self) -> None:
        environment = {"SITE_URL": self.address} | os.environ | {"PYTHONUNBUFFERED": "1"}
        for child in self.children:
            child.start(environment)
            self.started.append(child)
        for child in self.started:
            reader = threading.Thread(target=self._copy, args=(child,), daemon=True)
            reader.start()
            self.readers.append(reader)

    def _watch(self) -> int:
        ready = False
        ready_by = time.monotonic() + START
        while not self.asked_to_stop.wait(0.5 if ready else 0.15):
            for child in self.started:
                status = child.process.poll()
                if status is not None and not self.asked_to_stop.is_set():
                    self._complain(
                        f"{child.name} ended by itself (status {status}): its log is {child.log}. "
                        f"进程 {child.name} 意外退出。"
                    )
                    return 1
            if ready:
                continue
            if self._answers():
                ready = True
                self._welcome()
            elif time.monotonic() > ready_by:
                log = self.log / "web.log"
                self._complain(f"The site did not answer within {START:.0f} s: see {log}. 网站未能启动。")
                return 1
        print("Stopping … 正在停止 …", flush=True)
        return 0

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=2) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _stop(self) -> None:
        for child in self.started:
            child.ask_to_end()
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline and not self.in_a_hurry.is_set():
            if all(child.process.poll() is not None for child in self.started):
                break
            time.sleep(0.05)
        for child in self.started:
            child.end()
        for reader in self.readers:
            reader.join(timeout=1)

    def _copy(self, child: Child) -> None:
        assert child.process.stdout is not None
        with child.log.open("ab") as log:
            for line in child.process.stdout:
                log.write(line)
                log.flush()
                if not self.quiet or TROUBLE.search(line):
                    print(f"{child.name:<6} | {line.decode(errors='replace').rstrip()}", flush=True)

    def _welcome(self) -> None:
        lines = [
            "",
            f"  The portal is up · 门户已启动   {self.address}",
            f"  Review desk · 审批工作台       {self.address}/admin/",
            f"  Mail · 邮件                    {settings.VAR_DIR / 'mail'}",
            f"  Logs · 日志                    {self.log}",
        ]
        if settings.DEMO:
            lines += ["", "  Demo logins · 演示账号 (role · e-mail · password)"]
            lines += [f"    {line}" for line in login_lines()]
        lines += ["", "  Ctrl-C stops it · 按 Ctrl-C 停止", ""]
        print("\n".join(lines), flush=True)

    def _complain(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def login_lines() -> list[str]:
    from portal.demo import logins  # only here: the portal runs without its demonstration

    rows = logins()
    role_width = max((_width(role) for role, _, _ in rows), default=0)
    email_width = max((len(email) for _, email, _ in rows), default=0)
    return [
        f"{role}{' ' * (role_width - _width(role))}  {email:<{email_width}}  {password}"
        for role, email, password in rows
    ]


def _width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)


# --- All of it --------------------------------------------------------------------------------------------


def run(*, port: int, demo: bool, applications: int = DEMO_APPLICATIONS, quiet: bool = False) -> int:
    check_port(port)
    make_folders(settings.VAR_DIR)
    with lock_folder(settings.VAR_DIR):
        prepare(demo=demo and settings.DEMO, applications=applications)
        return Stack(port, quiet=quiet).run()
