"""Who stopped the work: the user, by a signal, or content that raises what a signal raises."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


@dataclass(slots=True)
class _Stop:
    """Whether a signal asked to stop, and whether that is being remembered already."""

    asked: bool = False
    watching: bool = False


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
    """Remember Ctrl-C while content runs, whoever's handler answers it.

    In a thread beside the main one no signal arrives.
    """
    if _STOP.watching or threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGINT)
    if handler is _stop or not callable(handler):
        yield
        return

    def noted(number: int, frame: FrameType | None) -> None:
        _STOP.asked = True
        handler(number, frame)

    signal.signal(signal.SIGINT, noted)
    _STOP.watching = True
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        _STOP.asked = _STOP.watching = False


def _stop(number: int, frame: object) -> None:
    del number, frame
    _STOP.asked = True
    raise KeyboardInterrupt
