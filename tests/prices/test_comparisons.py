"""Hours and thin trading, on series whose truth is known."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.prices.comparisons import hours_apart, idle_share, shared_hours
from aftershock.prices.tickers import exchange_named
from aftershock.report.words import language
from aftershock.sessions import Sessions

DAYS = Sessions.exchange("XHKG", dt.date(2025, 1, 2), dt.date(2025, 12, 31)).dates[:200]
EVENT = 150  # row of day 0
YEARS = Sessions.exchange("XHKG", dt.date(2019, 1, 2), dt.date(2025, 12, 31)).dates
NIGHT = -0.04  # of New York, on the date before day 0


@pytest.mark.parametrize(
    ("ticker", "code"),
    [
        ("0100.HK", "XHKG"),
        ("^hsi", "XHKG"),
        ("^GSPC", "XNYS"),
        ("^N225", "XTKS"),
        ("AAPL", None),
        ("^IDX", None),
        ("000001.SS", "XSHG"),
        ("FOO.XX", None),
    ],
)
def test_a_ticker_names_its_exchange_or_none(ticker, code):
    assert exchange_named(ticker) == code


@pytest.mark.parametrize(
    ("home", "abroad", "share", "later"),
    [
        ("XHKG", "XNYS", 0.0, 12.0),  # in summer 09:30-16:00 there is 21:30-04:00 here
        ("XNYS", "XHKG", 0.0, -12.0),
        ("XLON", "XNYS", 2 / 6.5, 4.5),  # 14:30 to 16:30 London time of 6.5 hours
        ("XHKG", "XSHG", 1.0, -1.0),
        ("XHKG", "XTKS", 4 + 2 / 3, None),
        ("XLON", "XPAR", 1.0, 0.0),
    ],
)
def test_shared_hours_are_those_of_the_clock(home, abroad, share, later):
    got = shared_hours(home, abroad, dt.date(2025, 6, 2), dt.date(2025, 8, 29))
    if abroad == "XTKS":  # Tokyo 08:00 to 14:30 Hong Kong time: 5 of 6.5 hours
        share, later = 5 / 6.5, -1.5
    assert got == pytest.approx((share, later))


def test_only_less_than_half_is_told_and_only_of_known_exchanges():
    frames = {
        name: pd.Series(np.arange(1.0, 21.0), index=pd.DatetimeIndex(DAYS[:20]))
        for name in ("1234.HK", "AAA", "^GSPC", "^N225", "000001.SS", "^IDX", "MKT")
    }
    panel = ash.PricePanel.from_frames(frames, calendar="XHKG")
    others = ["^GSPC", "^N225", "000001.SS", "^IDX", "MKT"]
    told = [
        (pair.ticker, pair.benchmark) for pair in hours_apart(panel, ["1234.HK", "AAA"], others)
    ]
    assert told == [("1234.HK", "^GSPC"), ("AAA", "^GSPC")]  # AAA: the panel's calendar
    dollars = {"AAPL": frames["AAA"], "SPY": frames["MKT"], "1234.HK": frames["AAA"]}
    table = {name: pd.DataFrame({"Close": one, "Currency": "USD"}) for name, one in dollars.items()}
    abroad = ash.PricePanel.from_frames(table, calendar="XHKG")
    told = [(pair.ticker, pair.benchmark) for pair in hours_apart(abroad, dollars, ["SPY"])]
    assert told == [("1234.HK", "SPY")]  # AAPL and SPY are New York's, whatever the calendar
    returns = ash.ReturnPanel.from_frame(pd.DataFrame(frames).pct_change(), kind="simple")
    assert [pair.ticker for pair in hours_apart(returns, ["1234.HK", "AAA"], others)] == ["1234.HK"]


def night_follower(seed=3, sigma=0.0065, market=0.006):
    """Return closes of a stock that follows New York's night before, and its own news.

    Shapes are (200,): the stock's log return is New York's of the row before plus an
    independent error, on day 0 as on every other day, so its true abnormal return is the
    error alone.
    """
    rng = np.random.default_rng(seed)
    new_york = market * rng.standard_normal(len(DAYS))
    new_york[EVENT - 1], new_york[EVENT] = NIGHT, 0.012
    error = sigma * rng.standard_normal(len(DAYS))
    stock = np.r_[0.0, new_york[:-1]] + error
    frames = {
        name: pd.DataFrame(
            {
                "Open": 100 * np.exp(np.cumsum(returns)),
                "High": 100 * np.exp(np.cumsum(returns)),
                "Low": 100 * np.exp(np.cumsum(returns)),
                "Close": 100 * np.exp(np.cumsum(returns)),
                "Volume": 1e6,
            },
            index=pd.DatetimeIndex(DAYS),
        )
        for name, returns in {"1234.HK": stock, "^GSPC": new_york}.items()
    }
    return ash.PricePanel.from_frames(frames, calendar="XHKG"), float(error[EVENT])


def book(ticker, days, calendar):
    row = {"id": "call", "ticker": ticker, "kind": "announcement", "source": "made up"}
    row |= {"when": str(days[-50]), "timing": "pre_open"}
    return ash.EventBook.from_frame(pd.DataFrame([row]), calendar=calendar)


def fitted(panel, model, ticker="1234.HK", days=DAYS, length=120):
    study = ash.Study(
        title="Nights",
        events=ash.select(kind="announcement"),
        model=model,
        returns="log",
        estimation=(-length, -11),
        window=(0, 0),
        cars=[(0, 0)],
        min_obs=60,
    )
    return study.fit(book(ticker, days, panel.sessions.calendar), panel)


def test_new_york_of_the_same_date_is_told_and_dimson_with_one_lag_is_right():
    panel, error = night_follower()
    plain = fitted(panel, ash.MarketModel(benchmark="^GSPC"))
    (row,) = plain.car.itertuples()
    # New York's night is taken for the stock's news: -4 % too much, far beyond chance
    assert row.car == pytest.approx(NIGHT + error, abs=0.006)
    assert row.t < -3
    (told,) = [text for text in plain.warnings if "trading hours" in text]
    assert told.startswith("1234.HK and ^GSPC share 0% of their trading hours and the benchmark")
    assert "use Dimson(lags=1, leads=0)" in told
    assert language("zh").phrase(told) != told

    right = fitted(panel, ash.models.Dimson("^GSPC", lags=1, leads=0))
    (row,) = right.car.itertuples()
    assert row.car == pytest.approx(error, abs=0.003)
    assert abs(row.t) < 2
    assert not [text for text in right.warnings if "trading hours" in text]


def test_a_lead_only_is_not_the_way_out_for_hong_kong():
    panel, _ = night_follower()
    wrong = fitted(panel, ash.models.Dimson("^GSPC", lags=0, leads=1))
    assert [text for text in wrong.warnings if "trading hours" in text]
    free = fitted(panel, ash.MeanModel())
    assert not [text for text in free.warnings if "trading hours" in text]


def test_a_benchmark_that_closes_before_the_stock_needs_a_lead():
    panel, _ = night_follower()
    frames = {
        name: pd.Series(panel.close[:, i], index=pd.DatetimeIndex(DAYS))
        for i, name in enumerate(("AAA", "^HSI"))
    }
    abroad = ash.PricePanel.from_frames(frames, calendar="XNYS")
    result = fitted(abroad, ash.MarketModel(benchmark="^HSI"), "AAA")
    (told,) = [text for text in result.warnings if "trading hours" in text]
    assert "12.0 hours earlier" in told or "13.0 hours earlier" in told
    assert "use Dimson(lags=0, leads=1)" in told
    assert language("zh").phrase(told) != told
    ahead = fitted(abroad, ash.models.Dimson("^HSI", lags=0, leads=1), "AAA")
    assert not [text for text in ahead.warnings if "trading hours" in text]


class Hold(ash.EventStrategy):
    events = ash.select(kind="announcement")

    def on_offset(self, event, offset):
        if offset == 0:
            self.enter_long(event, weight=0.1)
        elif offset == 5:
            self.leave(event)


def test_a_backtest_that_compares_other_hours_says_so():
    panel, _ = night_follower()
    row = {"id": "call", "ticker": "1234.HK", "kind": "announcement", "source": "made up"}
    row |= {"when": str(DAYS[EVENT]), "timing": "pre_open", "known_at": "2025-02-01"}
    events = ash.EventBook.from_frame(pd.DataFrame([row]), calendar="XHKG")
    outcome = ash.Backtest(Hold).run(events, panel, benchmark="^GSPC")
    (told,) = [text for text in outcome.warnings if "trading hours" in text]
    assert told.startswith("1234.HK and ^GSPC share 0% of their trading hours: alpha, beta")
    assert language("zh").phrase(told) != told


LONG = {"days": YEARS, "length": 1500}


def thin(share, seed=11):
    """Return a stock of beta 1 that trades on all but ``share`` of its sessions, and its market."""
    rng = np.random.default_rng(seed)
    sessions = len(YEARS)
    market = 0.012 * rng.standard_normal(sessions)
    value = np.cumsum(market)
    idle = rng.random(sessions) < share
    idle[0] = False
    last = np.maximum.accumulate(np.where(idle, 0, np.arange(sessions)))
    days = pd.DatetimeIndex(YEARS)
    stock = pd.DataFrame(
        {"Close": 100 * np.exp(value[last]), "Volume": np.where(idle, 0.0, 1e5)}, index=days
    )
    index = pd.DataFrame({"Close": 100 * np.exp(np.cumsum(market)), "Volume": 0.0}, index=days)
    return ash.PricePanel.from_frames({"1234.HK": stock, "^HSI": index}, calendar="XHKG"), idle


def test_a_stock_that_trades_seldom_is_told_and_dimson_has_its_beta():
    panel, idle = thin(0.4)
    plain = fitted(panel, ash.MarketModel(benchmark="^HSI"), **LONG)
    (told,) = [text for text in plain.warnings if "did not trade" in text]
    used = slice(len(YEARS) - 50 - 1500, len(YEARS) - 60)
    assert told.startswith(f"1234.HK did not trade on {idle[used].mean():.0%} of the sessions")
    assert "Dimson(lags=2, leads=1)" in told
    assert language("zh").phrase(told) != told
    # Lo and MacKinlay (1990): the same-day slope of a stock of beta 1 is the trading share
    assert plain.estimates["beta"].iloc[0] == pytest.approx(1 - idle[used].mean(), abs=0.06)
    wide = fitted(panel, ash.models.Dimson("^HSI", lags=6, leads=1), **LONG)
    assert not [text for text in wide.warnings if "did not trade" in text]
    assert wide.estimates["beta sum"].iloc[0] == pytest.approx(1.0, abs=0.08)
    assert not [
        text
        for text in fitted(panel, ash.models.ScholesWilliams("^HSI"), **LONG).warnings
        if "did not trade" in text
    ]


def test_a_stock_that_trades_nearly_always_is_not_told():
    panel, idle = thin(0.05)
    assert idle.any()
    assert not [
        text
        for text in fitted(panel, ash.MarketModel(benchmark="^HSI"), **LONG).warnings
        if "did not trade" in text
    ]


def test_idle_sessions_are_counted_where_they_can_be_told():
    days = pd.DatetimeIndex(DAYS[:7])
    nan = np.nan
    frame = pd.DataFrame(
        {"Close": [1, 1, 1, nan, 2, 2, 3.0], "Volume": [5, 0, 5, 0, 0, nan, 0]}, index=days
    )
    panel = ash.PricePanel.from_frames({"T": frame}, calendar="XHKG")
    # rows 1 (idle), 2 (traded at the same price), 6 (moved at volume 0) can be told
    assert idle_share(panel, "T", range(7)) == pytest.approx(1 / 3)
    bare = ash.PricePanel.from_frames({"T": frame[["Close"]]}, calendar="XHKG")
    assert idle_share(bare, "T", range(7)) == 0.0
