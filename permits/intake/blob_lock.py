"""A lock on one blob until the transaction ends: nobody throws away what somebody else is about to use."""

from __future__ import annotations

from django.db import connection


def lock_blob(sha256: str) -> None:
    """Wait for whoever has the blob's lock, and have it until this transaction ends.

    PostgreSQL has locks on plain numbers. SQLite has one writer at a time, and a transaction of ours is one
    from its very beginning (``transaction_mode`` IMMEDIATE), so there the lock is had already.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("lock_blob belongs into a transaction")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(sha256[:16], 16) - 2**63])
