from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.errors import PriceError
from aftershock.prices.sample import bridge, published_figures

TICKERS = ["2513.HK", "0100.HK", "^HSI", "0700.HK", "3690.HK", "9888.HK", "9988.HK"]


@pytest.fixture(scope="module")
def sample():
    return ash.load_prices(TICKERS, source="sample")


def test_it_passes_through_every_published_figure(sample):
    figures = published_figures()
    assert len(figures) > 100
    for row in figures.itertuples():
        assert sample.to_frame(row.field).loc[row.date, row.ticker] == row.value


def test_the_published_figures_are_the_known_ones(shared):
    known = pd.read_csv(shared / "facts" / "price_facts.csv", parse_dates=["date"])
    pd.testing.assert_frame_equal(published_figures(), known)


def test_it_says_what_it_is(sample):
    assert not sample.origin.is_market_data
    assert sample.origin.notice == "reconstructed sample, not market data"


def test_it_marks_published_closes_and_nothing_else(sample):
    closes = published_figures().query("field == 'close'")
    assert sample.published is not None
    assert int(sample.published.sum()) == len(closes)
    at = sample.sessions.position(pd.Timestamp("2026-07-08").date())
    assert sample.published[at, sample.column("2513.HK")]
    assert not sample.published[at, sample.column("0700.HK")]


def test_it_spans_the_exchange_sessions_it_promises(sample):
    assert str(sample.sessions.first) == "2025-07-02"
    assert str(sample.sessions.last) == "2026-11-20"
    assert str(sample.span("2513.HK")[0]) == "2026-01-08"
    assert str(sample.span("0100.HK")[0]) == "2026-01-09"
    known = np.isfinite(sample.close)
    assert (sample.high[known] >= np.maximum(sample.open, sample.close)[known]).all()
    assert (sample.low[known] <= np.minimum(sample.open, sample.close)[known]).all()


def test_it_moves_about_as_much_as_the_market_did(sample):
    returns = pd.DataFrame(sample.returns("log"), columns=sample.tickers)
    sigma = returns.std()
    # three standard errors of a sigma from about 215 returns are 15 %; the anchors add some
    assert sigma["2513.HK"] == pytest.approx(0.10, rel=0.25)
    assert sigma["0100.HK"] == pytest.approx(0.09, rel=0.25)
    assert sigma["^HSI"] == pytest.approx(0.012, rel=0.25)
    assert returns["2513.HK"].corr(returns["0100.HK"]) == pytest.approx(0.67, abs=0.12)


def test_it_is_the_same_every_time(sample):
    assert ash.load_prices(TICKERS, source="sample").fingerprint() == sample.fingerprint()


def test_a_ticker_it_does_not_have_is_refused():
    with pytest.raises(PriceError, match=r"the sample has no 0005\.HK.*--source yahoo"):
        ash.load_prices(["0005.HK"], source="sample")


def test_a_bridge_hits_its_anchors_and_keeps_the_walk_between():
    steps = np.array([0.0, 1.0, -1.0, 2.0, 0.5])
    path = bridge(np.array([np.nan, 5.0, np.nan, 9.0, np.nan]), steps)
    # walk 0 1 0 2 2.5; gaps 4 at the first anchor, 7 at the second, halfway 5.5
    np.testing.assert_allclose(path, [4.0, 5.0, 5.5, 9.0, 9.5])
