"""The least that a worker can do, and a channel that leads nowhere; both only say when they were reached."""

from __future__ import annotations

import os
import struct
import time
from functools import cache
from pathlib import Path

from celery import shared_task

from reviews.models import Notice
from reviews.notices.channels.kinds import Receipt

ARRIVED = struct.Struct(
    "<qd"
)  # which one, and when: seconds of the machine's monotonic clock, the same in every process


@cache
def _file() -> int:
    return os.open(os.environ["BENCH_ARRIVALS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def arrived(number: int) -> None:
    os.write(_file(), ARRIVED.pack(number, time.monotonic()))


def arrivals(file: Path) -> list[tuple[int, float]]:
    return list(ARRIVED.iter_unpack(file.read_bytes())) if file.exists() else []


@shared_task(ignore_result=True)
def nothing(number: int) -> None:
    arrived(number)


def send(notice: Notice) -> Receipt:
    arrived(notice.pk)
    return Receipt("nowhere")
