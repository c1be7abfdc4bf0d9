"""What the process that looks into a file can't do, tried from inside it by code that a file would like to run."""

from __future__ import annotations

import json
import platform
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
INTRUDER = """
import json, os, socket, subprocess, sys, threading
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from permits.intake.sandbox import confine
parent = os.getppid()
holds = confine.confine({"megabytes": 256, "seconds": 5}, Path.cwd())
done = []
def attempt(name, act):
    try:
        act()
        done.append(name)
    except (OSError, MemoryError):
        pass
def in_a_thread():
    thread = threading.Thread(target=lambda: done.append("thread"))
    thread.start()
    thread.join()
attempt("connect", lambda: socket.create_connection(("127.0.0.1", int(sys.argv[2])), timeout=2))
attempt("socket", socket.socket)
attempt("local socket", lambda: socket.socket(socket.AF_UNIX))
attempt("secret", lambda: open(sys.argv[3]).read())
attempt("list", lambda: os.listdir(os.path.dirname(sys.argv[3])))
attempt("overwrite", lambda: open(sys.argv[3], "w"))
attempt("settings", lambda: open(sys.argv[1] + "/portal/settings.py").read())
attempt("parent's environment", lambda: open(f"/proc/{parent}/environ").read())
attempt("plant", lambda: open(sys.argv[1] + "/permits/planted.py", "w"))
attempt("run", lambda: subprocess.run(["/bin/true"]))
attempt("fork", lambda: os.fork() or os._exit(0))
attempt("kill", lambda: os.kill(parent, 0))
attempt("starve", lambda: __import__("resource").prlimit(parent, 0, (900, 900)))
attempt("memory", lambda: bytearray(400 * 1024 * 1024))
attempt("large file", lambda: os.truncate(os.open("huge", os.O_CREAT | os.O_RDWR), 100 * 1024 * 1024))
attempt("own file", lambda: open("own", "w").write("x"))
attempt("library", lambda: __import__("openpyxl"))
in_a_thread()
print(json.dumps({"holds": holds, "done": done, "environment": dict(os.environ)}))
sys.stdout.flush()
os._exit(0)
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret"
    secret.write_text("key")
    with socket.create_server(("127.0.0.1", 0)) as server:
        said = subprocess.run(
            [sys.executable, "-I", "-c", INTRUDER, str(ROOT), str(server.getsockname()[1]), str(secret)],
            cwd=tmp_path_factory.mktemp("own"), env={}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert secret.read_text() == "key"
    return dict(json.loads(said.stdout))


def test_it_still_does_its_work(found):
    assert {"own file", "library", "thread"} <= set(found["done"])


def test_it_has_no_environment_and_no_more_memory_and_disk_than_it_may(found):
    assert set(found["environment"]) <= {"LC_CTYPE"}
    assert not {"memory", "large file"} & set(found["done"])


def test_it_reaches_no_network(found):
    if not {"network", "programs"} & set(found["holds"]):
        pytest.skip("this kernel lets nobody give up the network")
    assert "connect" not in found["done"]


@pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="the numbers of calls are not known here")
def test_it_starts_nothing_and_touches_no_other_process(found):
    assert "programs" in found["holds"]
    assert not {"run", "fork", "kill", "starve", "socket", "local socket"} & set(found["done"])


def test_it_reads_and_writes_nothing_but_its_own_folder(found):
    if "files" not in found["holds"]:
        pytest.skip("this kernel has no Landlock")
    assert not {"secret", "list", "overwrite", "settings", "parent's environment", "plant"} & set(found["done"])
