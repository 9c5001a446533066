"""The same prices from three sources are the same results, to the byte."""

from __future__ import annotations

import pandas as pd
import pytest
from yahoo_stub import LoopbackSession, Stub, serve

import aftershock as ash
from aftershock.prices.store import Store
from aftershock.prices.yahoo import YahooSource
from aftershock.workspace.load import Workspace

TICKERS = ["2513.HK", "0100.HK", "^HSI", "0700.HK", "3690.HK", "9888.HK", "9988.HK"]


@pytest.fixture
def frames(shared):
    folder = shared / "data" / "hk_ai"
    return {
        ticker: pd.read_csv(folder / f"{ticker}.csv", index_col="Date", parse_dates=True)
        for ticker in TICKERS
    }


@pytest.fixture
def panels(frames, shared, tmp_path):
    """The panel from every source, the store served a second time included."""
    import yfinance

    yfinance.set_tz_cache_location(str(tmp_path / "zones"))
    (tmp_path / "parquet").mkdir()
    for ticker, frame in frames.items():
        frame.to_parquet(tmp_path / "parquet" / f"{ticker}.parquet")
    long = pd.concat(frames, names=["Ticker"])
    long.reset_index().to_parquet(tmp_path / "long.parquet", index=False)
    stub = Stub()
    for ticker, frame in frames.items():
        stub.put(ticker, frame)
    with serve(stub) as port:
        yahoo = YahooSource(LoopbackSession(port), Store(tmp_path / "store"))
        sources = {
            "yahoo": yahoo,
            "yahoo again": yahoo,
            "csv": f"files:{shared / 'data' / 'hk_ai'}",
            "parquet": f"files:{tmp_path / 'parquet'}",
            "long": f"files:{tmp_path / 'long.parquet'}",
        }
        return {name: ash.load_prices(TICKERS, source=given) for name, given in sources.items()}


def written(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.csv"))
    }


def test_every_source_gives_the_same_bytes(panels, root, book, tmp_path):
    assert len({panel.fingerprint() for panel in panels.values()}) == 1
    space = Workspace.open(root)
    results = {}
    for name in ("yahoo", "csv", "parquet", "long"):
        folder = tmp_path / "results" / name
        for study in ("lockups", "model_launches", "musk_tang"):
            space.study(study).fit(book, panels[name]).save(folder / study)
        backtest = ash.Backtest(space.strategy("unlock_short"), exchange=space.exchange())
        backtest.run(book, panels[name], benchmark="^HSI").save(folder / "unlock_short")
        results[name] = written(folder)
    assert len(results["csv"]) > 15
    assert all(results[name] == results["csv"] for name in results)


def test_the_flags_are_the_same_too(panels):
    said = {name: panel.flags for name, panel in panels.items()}
    assert len({str(flags) for flags in said.values()}) == 1
    checks = {(item.ticker, item.check) for item in said["yahoo"]}
    assert ("2513.HK", "volume_placeholder") in checks
    assert ("3690.HK", "flat_zero_volume") in checks  # a real one, on the half day of 2026-02-16
