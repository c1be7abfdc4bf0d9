"""Celery's broker over a folder, for the embedded portal: a message appears whole or not at all.

Kombu's own transport writes a message where the worker already looks. A worker that looks in that moment reads half a
message and dies of it, and the embedded portal with it; looking 20 times a second, it takes some minutes.
"""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:  # type: ignore[override]  # kombu names it two ways
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        whole = Path(self.data_folder_out) / name
        part = whole.with_name(f"{name}.part")  # not a message by its name
        try:
            part.write_text(dumps(message), encoding="utf-8")
            os.replace(part, whole)
        except OSError as error:
            raise ChannelError(f"cannot add {whole} to the queue: {error}") from error


class Transport(filesystem.Transport):
    Channel = Channel
