"""Codes on permits: how many one core checks in a second, beside the bare check of the same signatures."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from permits.credentials import base45, cbor, code
from permits.credentials.keys import KEY
from permits.credentials.status import StatusList, judge
from tests.bench.measure import Result, in_turn
from tests.permits.test_credentials import CONTENT

NOW = datetime(2026, 11, 26, 9, 40, tzinfo=UTC)


def measure(rounds: int) -> list[Result]:
    """From the scanned address to the word on it (parsed, signature, list), against Ed25519 alone."""
    count = 2000 if rounds > 1 else 20
    numbers = [f"{CONTENT['number'][:-8]}{n:06d}-C" for n in range(200)]
    addresses, signatures = [], []
    for number in numbers:
        content = CONTENT | {"number": number, "verify_url": CONTENT["verify_url"].replace(CONTENT["number"], number)}
        made = code.make(content, now=NOW)
        addresses.append(code.address(content["verify_url"], made))
        protected, _unprotected, payload, signature = cbor.loads(base45.decode(made[len(code.PREFIX) :])[1:])
        signatures.append((signature, cbor.dumps(["Signature1", protected, b"", payload])))
    public = KEY.signing_key().public_key()
    known = StatusList(NOW, NOW + timedelta(days=7), revoked=dict.fromkeys(numbers[::2], 1))

    def bare() -> None:
        for n in range(count):
            public.verify(*signatures[n % len(signatures)])

    def whole() -> None:
        for n in range(count):
            word = judge(code.read(addresses[n % len(addresses)]), known, NOW)
            if word != ("valid" if n % 2 else "revoked"):
                raise RuntimeError(f"the bench's own codes are not what they should be: {word}")

    figures = in_turn({"bare": _rate(bare, count), "whole": _rate(whole, count)}, rounds)
    return [Result("codes checked", figures["whole"], "codes/s of a core", figures["bare"], "≥ 0.2")]


def _rate(work: Callable[[], None], count: int) -> Callable[[], float]:
    def measured() -> float:
        began = time.process_time()
        work()
        return count / (time.process_time() - began)

    return measured
