from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from joblib import delayed

from aftershock.backtest.processes import in_processes
from aftershock.errors import BacktestError

PATIENCE = 60.0  # seconds; a limit for a machine that is busy, not a measure


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


ENDLESS = """
import sys, time
from pathlib import Path
import os
import aftershock.cli
from aftershock.backtest.processes import in_processes
from joblib import delayed

def work(folder):
    (Path(folder) / str(os.getpid())).touch()
    while True:
        sum(range(1000))

def sweep():
    list(in_processes((delayed(work)(sys.argv[1]) for _ in range(4)), 2))

aftershock.cli.app = sweep
aftershock.cli.main()
"""


def until(condition):
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit, "it never came"
        time.sleep(0.02)


def lives(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"  # one that has ended and that nobody has asked about


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are read from /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_however_a_sweep_ends_its_processes_end_with_it(tmp_path, number):
    pids = tmp_path / "pids"
    pids.mkdir()
    script = tmp_path / "sweep.py"
    script.write_text(ENDLESS, "utf-8")
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", str(script), str(pids)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        workers = []
        try:
            until(lambda: len(list(pids.iterdir())) == 2)
            workers = [int(path.name) for path in pids.iterdir()]
            assert all(map(lives, workers))
            process.send_signal(number)
            until(lambda: process.poll() is not None)
            until(lambda: not any(map(lives, workers)))
        finally:
            process.kill()
            for worker in workers:
                if lives(worker):
                    os.kill(worker, signal.SIGKILL)
    expected = -signal.SIGKILL if number is signal.SIGKILL else 130
    assert process.returncode == expected
