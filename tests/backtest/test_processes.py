from __future__ import annotations

import os
import signal

import pytest
from joblib import delayed

from aftershock.backtest.processes import in_processes
from aftershock.errors import BacktestError


def end(number):
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_work_comes_back_in_its_order():
    assert list(in_processes((delayed(abs)(-n) for n in range(5)), 2)) == [0, 1, 2, 3, 4]


def test_a_process_that_is_ended_is_one_sentence():
    with pytest.raises(BacktestError, match="one of the 2 processes that run the strategy was end"):
        list(
            in_processes(
                (delayed(os.kill)(0, 0) if n < 0 else delayed(end)(n) for n in range(5)), 2
            )
        )
