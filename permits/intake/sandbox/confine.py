"""What the process that looks into a file gives up before it reads a byte of it. Nothing of it can be taken back.

Limits of memory, time, files; no new privileges; no network; with Landlock (Linux 5.13, landlock(7)) no file but its own folder
and the programs and fonts it needs; with seccomp (seccomp(2)) no new process, no program, no word to other processes. A kernel that
has one of them not leaves the others.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 1, 4, 38, 22, 2
CLONE_NEWNET, CLONE_NEWUSER, CLONE_NEWIPC, CLONE_THREAD = 0x40000000, 0x10000000, 0x08000000, 0x00010000
KEPT_FROM = ("network", "files", "programs")  # where the kernel can
ROOT = Path(__file__).resolve().parents[3]

libc = ctypes.CDLL(None, use_errno=True)


def confine(limits: dict[str, Any], folder: Path) -> list[str]:
    """``limits``: megabytes of memory, seconds of computing. Return what of ``KEPT_FROM`` holds."""
    _limited(int(limits["megabytes"]) * 1024 * 1024, int(limits["seconds"]))
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # a worker that is killed leaves nobody behind
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    held = (_without_network(), _only_these_files(folder), _only_this_program())
    return [name for name, holds in zip(KEPT_FROM, held, strict=True) if holds]


def _limited(memory: int, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 2))
    resource.setrlimit(resource.RLIMIT_FSIZE, (memory // 4, memory // 4))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))  # root would be let


def _without_network() -> bool:
    """A network of its own with nothing in it: as root at once, else as its own user namespace's root."""
    return (
        libc.unshare(CLONE_NEWNET | CLONE_NEWIPC) == 0 or libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) == 0
    )


# --- Files: Landlock -----------------------------------------------------------------------------------------

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture
ABI_VERSION, PATH_BENEATH = 1, 1
READ = 1 << 2 | 1 << 3  # files, folders
# How many rights over files each edition of it knows; of the network two from the fourth on, two scopes from the sixth on.
RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}


def _only_these_files(folder: Path) -> bool:
    edition = libc.syscall(CREATE_RULESET, None, 0, ABI_VERSION)
    if edition < 1:
        return False
    rights = (1 << RIGHTS.get(edition, 16)) - 1
    attributes = struct.pack("=QQQ", rights, 0b11, 0b11)[: 8 if edition < 4 else 16 if edition < 6 else 24]
    ruleset = libc.syscall(CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return False
    for path in _needed():
        _allow(ruleset, path, READ)
    _allow(ruleset, folder, rights & ~1)  # all but starting programs
    held: bool = libc.syscall(RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return held


def _needed() -> Iterator[Path]:
    """Python, what is installed in it, the libraries of the system, fonts, and of the portal what it does its work with."""
    yield from (Path(sys.prefix), Path(sys.base_prefix), ROOT / "permits", ROOT / "portal" / "locale")
    yield from (Path(path) for path in sys.path if path.endswith("-packages"))
    yield from map(Path, ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share", "/etc/ld.so.cache",
                          "/etc/fonts", "/dev/null", "/dev/urandom"))  # fmt: skip


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not on this machine
    if not path.is_dir():
        rights &= 1 << 2
    libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", rights, opened), 0)
    os.close(opened)


# --- Programs: seccomp ---------------------------------------------------------------------------------------

REFUSED = (
    "socket", "connect", "bind", "execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "mount",
    "umount2", "pivot_root", "chroot", "unshare", "setns", "bpf", "keyctl", "add_key", "request_key", "perf_event_open", "userfaultfd",
    "io_uring_setup", "open_by_handle_at", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "tkill", "rt_sigqueueinfo",
    "rt_tgsigqueueinfo", "setpriority", "sched_setscheduler", "sched_setaffinity", "sched_setattr",
)  # fmt: skip
# By machine: what the kernel calls it (linux/audit.h), and the numbers of calls (asm/unistd.h).
MACHINES: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (0xC000003E, {
        "socket": 41, "connect": 42, "bind": 49, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "kill": 62, "ptrace": 101,
        "pivot_root": 155, "chroot": 161, "mount": 165, "umount2": 166, "tkill": 200, "tgkill": 234, "add_key": 248, "request_key": 249,
        "keyctl": 250, "unshare": 272, "perf_event_open": 298, "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310,
        "process_vm_writev": 311, "bpf": 321, "execveat": 322, "userfaultfd": 323, "pidfd_send_signal": 424, "io_uring_setup": 425,
        "pidfd_open": 434, "clone3": 435, "pidfd_getfd": 438, "rt_sigqueueinfo": 129, "setpriority": 141, "sched_setscheduler": 144,
        "sched_setaffinity": 203, "rt_tgsigqueueinfo": 297, "prlimit64": 302, "sched_setattr": 314,
    }),
    "aarch64": (0xC00000B7, {
        "umount2": 39, "mount": 40, "pivot_root": 41, "chroot": 51, "unshare": 97, "ptrace": 117, "kill": 129, "tkill": 130, "tgkill": 131,
        "socket": 198, "bind": 200, "connect": 203, "add_key": 217, "request_key": 218, "keyctl": 219, "clone": 220, "execve": 221,
        "perf_event_open": 241, "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271, "bpf": 280,
        "execveat": 281, "userfaultfd": 282, "pidfd_send_signal": 424, "io_uring_setup": 425, "pidfd_open": 434, "clone3": 435,
        "pidfd_getfd": 438, "rt_sigqueueinfo": 138, "setpriority": 140, "sched_setscheduler": 119, "sched_setaffinity": 122,
        "rt_tgsigqueueinfo": 240, "prlimit64": 261, "sched_setattr": 274,
    }),
}  # fmt: skip
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_SET, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data; of the argument the low half
ALLOW, DENY, UNKNOWN, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000  # DENY: EPERM, UNKNOWN: ENOSYS


def _only_this_program() -> bool:
    """Threads are let, new processes are not; signals and limits only of its own (abort sends itself one)."""
    known = MACHINES.get(platform.machine())
    if known is None:
        return False
    program = b"".join(_filter(*known))
    kept = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    wanted = Program(len(program) // 8, ctypes.addressof(kept))
    held: bool = libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(wanted), 0, 0) == 0
    return held


def _filter(architecture: int, numbers: dict[str, int]) -> Iterator[bytes]:
    yield _do(LOAD, ARCHITECTURE)
    yield _do(JUMP_EQUAL, architecture, 1, 0)
    yield _do(RETURN, KILL)
    yield _do(LOAD, NUMBER)
    yield _do(JUMP_AT_LEAST, 0x40000000, 0, 1)  # x32 calls by other numbers
    yield _do(RETURN, DENY)
    for name in REFUSED:
        if name in numbers:
            yield _do(JUMP_EQUAL, numbers[name], 0, 1)
            yield _do(RETURN, DENY)
    yield _do(JUMP_EQUAL, numbers["clone3"], 0, 1)  # its flags can't be seen; the C library then takes clone
    yield _do(RETURN, UNKNOWN)
    yield from _when(numbers["clone"], JUMP_SET, CLONE_THREAD)
    for name in ("kill", "tgkill"):
        yield from _when(numbers[name], JUMP_EQUAL, os.getpid())
    yield from _when(numbers["prlimit64"], JUMP_EQUAL, 0)
    yield _do(RETURN, ALLOW)


def _when(number: int, test: int, value: int) -> Iterator[bytes]:
    """This call only when its first argument passes; what follows sees the number again."""
    yield _do(JUMP_EQUAL, number, 0, 4)
    yield _do(LOAD, FIRST_ARGUMENT)
    yield _do(test, value, 0, 1)
    yield _do(RETURN, ALLOW)
    yield _do(RETURN, DENY)


def _do(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_so, if_not, value)
