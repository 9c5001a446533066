"""How long 5,000 tickers x 2,500 sessions take from Parquet into a checked panel.

Run ``python benchmarks/panel.py``. Each case runs in a process of its own, so that its peak
memory is its own. The ratio, of processor times, is to the least that can be done: pandas
reading the same file and pivoting one column of it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

TICKERS, SESSIONS = 5_000, 2_500
GROUP = 400  # tickers in a row group: a million rows, as pandas writes them
LIMIT_SECONDS, LIMIT_GB = 10.0, 2.0
COLUMNS = ("Open", "High", "Low", "Close", "Volume")


def write(folder: Path, tickers: int, sessions: int) -> None:
    """Write random walks twice: one long file, and one file per ticker."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from aftershock.sessions import Sessions

    rng = np.random.default_rng(5)
    first = dt.date(2026 - sessions // 245 - 1, 1, 1)
    days = Sessions.exchange("XNYS", first, dt.date(2026, 10, 30))
    dates = pa.array(days.dates[-sessions:])
    (folder / "each").mkdir()
    schema = pa.schema(
        [("Ticker", pa.string()), ("Date", pa.date32())]
        + [(name, pa.float64()) for name in COLUMNS]
    )
    with pq.ParquetWriter(folder / "long.parquet", schema) as writer:
        for first in range(0, tickers, GROUP):
            tables = [
                _walk(f"T{number:04d}", dates, rng, folder / "each")
                for number in range(first, min(first + GROUP, tickers))
            ]
            writer.write_table(pa.concat_tables(tables).select(schema.names))


def _walk(name: str, dates: Any, rng: np.random.Generator, folder: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sessions = len(dates)
    close = 50 * np.exp(np.cumsum(0.02 * rng.standard_normal(sessions)))
    opened = np.r_[close[:1], close[:-1]]
    bars = {
        "Open": opened,
        "High": np.maximum(opened, close) * 1.01,
        "Low": np.minimum(opened, close) * 0.99,
        "Close": close,
        "Volume": (rng.integers(10_000, 9_000_000, sessions) | 1).astype(float),
    }
    table = pa.table({"Date": dates, **{name: pa.array(value) for name, value in bars.items()}})
    pq.write_table(table, folder / f"{name}.parquet")
    return table.append_column("Ticker", pa.array([name] * sessions))


def load(place: Path, tickers: int) -> Any:
    import aftershock as ash

    names = [f"T{number:04d}" for number in range(tickers)]
    panel = ash.load_prices(names, source=f"files:{place}", calendar="XNYS")
    return panel.close


def floor(place: Path, tickers: int) -> Any:
    import pandas as pd

    del tickers
    frame = pd.read_parquet(place)
    return frame.pivot_table(index="Date", columns="Ticker", values="Close").to_numpy()


CASES = {
    "one long file": (load, "long.parquet"),
    "a file per ticker": (load, "each"),
    "pandas: read and pivot closes": (floor, "long.parquet"),
}


def one(case: str, folder: str, tickers: int) -> None:
    """Run one case; print seconds, peak memory in GB and the panel's shape."""
    function, name = CASES[case]
    import pyarrow.parquet  # noqa: F401 - not what is measured

    import aftershock.prices.sources  # noqa: F401

    begin, worked = time.perf_counter(), time.process_time()
    close = function(Path(folder) / name, tickers)
    took, work = time.perf_counter() - begin, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps({"seconds": took, "cpu": work, "gb": peak, "shape": close.shape}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickers", type=int, default=TICKERS)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--case", nargs=2)
    given = parser.parse_args()
    if given.case:
        one(*given.case, given.tickers)
        return
    import pandas as pd
    import pyarrow as pa

    print(
        f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__},"
        f" pyarrow {pa.__version__}, {os.cpu_count()} cores"
    )
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), given.tickers, given.sessions)
        sizes = ["--tickers", str(given.tickers), "--sessions", str(given.sessions)]
        results = {}
        for case in CASES:
            done = subprocess.run(
                [sys.executable, __file__, *sizes, "--case", case, folder],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            results[case] = json.loads(done.stdout)
    cores, load_average = os.cpu_count() or 1, os.getloadavg()[0]
    judged = "cpu" if load_average > cores + 1 else "seconds"
    base = results["pandas: read and pivot closes"]
    print(f"{given.tickers} tickers x {given.sessions} sessions from Parquet into a checked panel:")
    late = False
    for case, took in results.items():
        print(
            f"  {case:<30} {took['seconds']:6.2f} s ({took['cpu']:.2f} of processor)"
            f"  {took['gb']:5.2f} GB"
            f"  x{took['cpu'] / base['cpu']:.2f} of pandas"
        )
        own = CASES[case][0] is load
        late |= own and (took[judged] > LIMIT_SECONDS or took["gb"] > LIMIT_GB)
    if judged == "cpu":
        print(
            f"load {load_average:.1f} on {cores} cores: others compute too, processor time counts"
        )
    print(f"limit {LIMIT_SECONDS:.0f} s and {LIMIT_GB:.0f} GB: {'MISSED' if late else 'kept'}")
    sys.exit(late)


if __name__ == "__main__":
    main()
