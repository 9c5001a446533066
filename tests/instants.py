"""Run tests at other times and in other zones: ``python tests/instants.py [--subset] [TEST...]``.

The clock that is moved is the machine's, as every Python process sees it (time-machine, loaded by
``machine/sitecustomize.py``), and the zone is that of TZ: a test, or a line of the engine, that
reads either for itself comes out differently somewhere. ``--subset`` is what ``.ci/run`` runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import product
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = ["tests/test_clock.py", "tests/prices", "tests/runs", "tests/report"]
QUICK = [
    "tests/test_clock.py",
    "tests/prices/test_yahoo.py::test_a_bar_still_forming_is_delivered_and_not_stored",
    "tests/prices/test_yahoo.py::test_offline_serves_the_store_and_says_its_age",
    "tests/prices/test_late_news.py::test_over_ten_days_the_store_is_what_a_fresh_download_gives_and_remembers",
    "tests/prices/test_quality.py::test_a_newest_bar_still_forming_is_found",
    "tests/runs/test_diff.py",
]
INSTANTS = {
    "before the open": "2026-11-30T08:50:00+08:00",
    "at lunch": "2026-12-01T12:30:00+08:00",
    "after the close": "2026-12-02T16:40:00+08:00",
    "a weekend": "2026-12-05T15:00:00+08:00",
    "31 December": "2026-12-31T23:50:00+08:00",
    "a leap day": "2028-02-29T09:45:00+08:00",
}
ZONES = ("Asia/Hong_Kong", "America/Los_Angeles", "Pacific/Kiritimati")


def run(tests, instant, zone):
    """Run tests in a process of their own; returns True where they pass."""
    paths = [str(ROOT / "tests" / "machine"), os.environ.get("PYTHONPATH", "")]
    env = os.environ | {
        "MACHINE_TIME": INSTANTS[instant],
        "TZ": zone,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    early = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"  # time_machine is
    command = [sys.executable, "-m", "pytest", "-n", "0", "-q", "-x", "-W", early, *tests]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    tail = done.stdout.strip().splitlines()[-1:] or done.stderr.strip().splitlines()[-1:]
    print(f"{instant:<16} {zone:<20} {' '.join(tail)}", flush=True)
    if done.returncode:
        print(done.stdout[-4000:], done.stderr[-2000:])
    return done.returncode == 0


def main(arguments):
    """Run what the arguments name at every instant in every zone; with --subset a zone each."""
    subset = "--subset" in arguments
    tests = [item for item in arguments if item != "--subset"] or (QUICK if subset else TESTS)
    names = list(INSTANTS)
    pairs = [*zip(names[::2], ZONES, strict=True)] if subset else [*product(names, ZONES)]
    passed = [run(tests, instant, zone) for instant, zone in pairs]
    print(f"{sum(passed)} of {len(passed)} passed")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
