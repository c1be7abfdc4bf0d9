"""Text messages by the storm's provider: the key is all that it is told."""

from __future__ import annotations

import json
import os

import urllib3

from reviews.models import Notice
from reviews.notices.channels.kinds import Later, Receipt, key_of

_pool = urllib3.PoolManager(retries=False, timeout=5)


def send(notice: Notice) -> Receipt:
    answer = _pool.request("POST", os.environ["STORM_PROVIDER"], json={"key": key_of(notice)})
    if answer.status == 429:
        raise Later(float(answer.headers["Retry-After"]), "429")
    if answer.status != 200:
        raise OSError(f"the provider answers {answer.status}")
    return Receipt("taken", json.loads(answer.data)["id"])
