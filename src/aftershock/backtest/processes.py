"""Work done in processes beside this one, which end with it."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import BrokenExecutor
from typing import TYPE_CHECKING, Any

from aftershock.errors import BacktestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LOOK = 0.2  # seconds between two looks at whether the parent is still there


def in_processes(work: Iterable[Any], workers: int) -> Iterator[Any]:
    """Yield what joblib's delayed calls return, in their order; one worker is this process.

    Raises
    ------
    BacktestError
        A process was ended from outside.
    """
    from joblib import Parallel

    ending = _ending() if workers > 1 else {}
    try:
        yield from Parallel(n_jobs=workers, return_as="generator", **ending)(work)
    except BrokenExecutor as cause:
        raise BacktestError(
            f"one of the {workers} processes that run the strategy was ended, by the system where"
            " memory is short; set LOKY_MAX_CPU_COUNT to fewer and run again"
        ) from cause


def _ending() -> dict[str, Any]:
    """Return what makes joblib's own processes end with this one; other backends see to theirs."""
    from joblib.parallel import get_active_backend

    own = type(get_active_backend()[0]).__name__ == "LokyBackend"
    return {"initializer": end_with, "initargs": (os.getpid(),)} if own else {}


def end_with(parent: int) -> None:
    """End this process as soon as its parent has ended, however that was."""
    threading.Thread(target=_wait_for_the_end, args=(parent,), daemon=True).start()


def _wait_for_the_end(parent: int) -> None:
    # a dead parent's children are given to another; asked again and again, since the signal
    # that Linux offers comes when the thread that started this process ends, not the process
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os._exit(1)
