"""A process that takes a step and is killed in the middle of it; for tests that see what it leaves behind."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Collection
from typing import Any

from django.db import connection, connections


def killed_before(n: int, act: Callable[[], Any], *, files: Collection[str | None] = ()) -> bool:
    """Take the step in a process that is killed by SIGKILL before its n-th statement to the database; each call of C from one
    of the source ``files`` (as those that touch a file are) counts as well. Return whether it was killed.
    """
    connections.close_all()
    child = os.fork()
    if not child:
        count = 0

        def step() -> None:
            nonlocal count
            count += 1
            if count == n:
                os.kill(os.getpid(), signal.SIGKILL)

        def statement(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
            step()
            return execute(sql, params, many, context)

        def call(frame: Any, event: str, _function: Any) -> None:
            if event == "c_call" and frame.f_code.co_filename in files:
                step()

        try:
            with connection.execute_wrapper(statement):
                sys.setprofile(call if files else None)
                act()
                sys.setprofile(None)
        except BaseException:
            os._exit(3)
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the step itself failed"
    return False
