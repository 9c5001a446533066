"""Work done in processes beside this one."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor
from typing import TYPE_CHECKING, Any

from aftershock.errors import BacktestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def in_processes(work: Iterable[Any], workers: int) -> Iterator[Any]:
    """Yield what joblib's delayed calls return, in their order; one worker is this process.

    Raises
    ------
    BacktestError
        A process was ended from outside.
    """
    from joblib import Parallel

    try:
        yield from Parallel(n_jobs=workers, return_as="generator")(work)
    except BrokenExecutor as cause:
        raise BacktestError(
            f"one of the {workers} processes that run the strategy was ended, by the system where"
            " memory is short; set LOKY_MAX_CPU_COUNT to fewer and run again"
        ) from cause
