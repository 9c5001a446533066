"""Who stopped the work: the user, by a signal, or content that raises what a signal raises."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class _Stop:
    """Whether a signal asked to stop."""

    asked: bool = False


_STOP = _Stop()


def interrupted() -> bool:
    """Return True once a signal asked to stop, even where a library swallowed the exception."""
    return _STOP.asked


def by_signal(cause: BaseException) -> bool:
    """Return True where a signal made an exception, False where code raised it by itself."""
    return isinstance(cause, KeyboardInterrupt) and _STOP.asked


def watch() -> None:
    """Raise KeyboardInterrupt on Ctrl-C and wherever the system asks to end, and remember it.

    A hangup that is being ignored, as under ``nohup``, stays ignored.
    """
    signal.signal(signal.SIGINT, _stop)
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # no hangup on Windows
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


@contextmanager
def watched() -> Iterator[None]:
    """Remember Ctrl-C while content runs, where Python's own handler is in charge of it.

    In a thread beside the main one no signal arrives, and another program's handler is left.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _STOP.asked = False


def _stop(number: int, frame: object) -> None:
    del number, frame
    _STOP.asked = True
    raise KeyboardInterrupt
