"""Whatever a strategy's own code raises, as that file's failure with its line."""

from __future__ import annotations

import inspect
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

from backtrader import linebuffer

from aftershock.errors import AftershockError, BacktestError, LookAheadError, unknown
from aftershock.interrupts import by_signal, watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aftershock.backtest.strategy import EventStrategy


@contextmanager
def blamed(cls: type[EventStrategy]) -> Iterator[None]:
    """Run a strategy's own code.

    Raises
    ------
    BacktestError
        The code failed, ``sys.exit`` included, or asked for what cannot be.
    LookAheadError
        It asked for a price it could not have seen.
    KeyboardInterrupt
        The user stopped it.
    """
    with watched():
        try:
            yield
        except BacktestError as cause:
            raise BacktestError(_placed(cls, cause)) from cause
        except AftershockError:
            raise
        except BaseException as cause:
            if by_signal(cause):
                raise
            raise _explained(cls, cause) from cause


def _where(cls: type[EventStrategy], cause: BaseException) -> str:
    """Return file and line of a strategy's own code that an error came through, else its name."""
    file = inspect.getsourcefile(cls) or cls.__name__
    frames = traceback.extract_tb(cause.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    return f"{file}:{lines[-1]}" if lines else cls.__name__


def _placed(cls: type[EventStrategy], cause: BacktestError) -> str:
    """Return what the framework refused a strategy, with the line that asked for it."""
    where = _where(cls, cause)
    return str(cause) if where == cls.__name__ else f"{where}: {cause}"


def _explained(cls: type[EventStrategy], cause: BaseException) -> AftershockError:
    """Return what a strategy's own code raised, with its file and line."""
    where = _where(cls, cause)
    frames = traceback.extract_tb(cause.__traceback__)
    if isinstance(cause, IndexError) and frames[-1].filename == linebuffer.__file__:
        return LookAheadError(
            f"{where} asks an indicator for a session that has not happened; [0] is the one that"
            " has just closed, [-1] the one before"
        )
    if isinstance(cause, AttributeError) and isinstance(cause.obj, cls.params):
        mistyped = str(unknown("parameter", str(cause.name), cls.Params.model_fields))
        return BacktestError(f"{where}: {mistyped}")
    message = str(cause).splitlines()[0] if str(cause) else "no message"
    return BacktestError(f"{where}: {type(cause).__name__}: {message}")
