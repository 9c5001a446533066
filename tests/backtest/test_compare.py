"""Strategy, benchmarks and the hedged strategy side by side."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.backtest.compare import changes
from aftershock.backtest.hedge import index_leg
from aftershock.backtest.result import BacktestResult
from aftershock.sessions import Sessions

NAN = np.nan
DAYS = Sessions.exchange("XHKG", dt.date(2026, 1, 2), dt.date(2026, 3, 31)).dates[:12]
FREE = ash.exchanges.PlainExchange(bps=0.0, borrow=0.0)


def test_the_leg_is_worth_the_shorts_at_every_close():
    """Short 100 at the second close, 80 at the third, covered in the fourth session."""
    leg = index_leg(np.array([0.0, 100, 80, 0, 0]), np.array([10.0, 11, 12.1, 11, 12]))
    np.testing.assert_allclose(leg.held, [0, 100, 80, 0, 0])
    # 100 x 12.1/11 gains 10; 80 x 11/12.1 loses 80/11
    np.testing.assert_allclose(leg.profit, [0, 0, 10, -80 / 11, 0])
    np.testing.assert_allclose(leg.traded, [0, 100, -30, -(80 - 80 / 11), 0])


def test_the_leg_waits_where_the_index_has_no_level():
    leg = index_leg(np.array([50.0, 100, 80, 80]), np.array([NAN, 10, NAN, 12]))
    np.testing.assert_allclose(leg.held, [0, 100, 100, 80])
    np.testing.assert_allclose(leg.profit, [0, 0, 0, 20])
    np.testing.assert_allclose(leg.traded, [0, 100, 0, -40])


def test_changes_end_with_ruin():
    np.testing.assert_allclose(
        changes(np.array([100.0, 50, -25, 10, 20])), [NAN, -0.5, -1.5, NAN, NAN]
    )


@pytest.fixture
def small(make_bars):
    """AAA falls from 100 to 90 at session 7; the index falls by 1 % at session 6."""
    close = np.full(12, 100.0)
    close[7:] = 90.0
    index = np.full(12, 1_000.0)
    index[6:] = 990.0
    tech = np.full(12, 500.0)
    tech[8:] = 600.0
    frames = {"AAA": make_bars(DAYS, close), "^IDX": make_bars(DAYS, index)}
    frames["^TEC"] = make_bars(DAYS[2:], tech[2:])
    return ash.PricePanel.from_frames(frames, calendar="XHKG")


def short_once(root, panel, exchange=FREE, weight=0.5):
    events = ash.EventBook.from_frame(
        pd.DataFrame(
            [{"id": "x", "kind": "lockup_expiry", "ticker": "AAA", "when": str(DAYS[8]),
              "known_at": "2025-12-01"}]
        ),
        calendar="XHKG",
    )  # fmt: skip
    strategy = root / "strategies" / "unlock_short.py"
    params = {"entry": -4, "exit": 1, "weight": weight, "stop": None}
    backtest = ash.Backtest(strategy, params=params, exchange=exchange, cash=1_000_000)
    return backtest.run(events, panel, benchmark="^IDX")


def test_the_hedged_strategy_by_hand(root, small):
    """5,000 short at the open of session 4, covered at 90 at the open of session 9.

    The leg holds 500,000 from the close of session 4: it loses 5,000 in session 6.
    """
    result = short_once(root, small)
    hedged = result.equity["hedged"].to_numpy()
    np.testing.assert_allclose(hedged, [1e6] * 6 + [995_000.0] + [1_045_000.0] * 5, atol=0.005)
    assert result.equity["equity"].iloc[-1] == 1_050_000.0


def test_the_leg_pays_a_funds_charges(root, small):
    """1.27 basis points: 500,000 bought, 5,000 made up, 50,000 sold with the fall, 450,000 sold.

    63.50 + 0.64 + 6.35 + 57.15, each item half up to the cent; no stamp duty, no brokerage.
    """
    book_lot = ash.HKEX(borrow=0.0)
    company = ash.EventBook.from_frame(
        pd.DataFrame([{"id": "x", "kind": "lockup_expiry", "ticker": "AAA", "when": str(DAYS[8]),
                       "known_at": "2025-12-01"}]), calendar="XHKG",
    )  # fmt: skip
    from aftershock.events.companies import Company

    events = ash.EventBook(company.events, {"AAA": Company(ticker="AAA", name="A", lot=1)}, "XHKG")
    params = {"entry": -4, "exit": 1, "weight": 0.5, "stop": None}
    strategy = root / "strategies" / "unlock_short.py"
    backtest = ash.Backtest(strategy, params=params, exchange=book_lot, cash=1_000_000)
    result = backtest.run(events, small, benchmark="^IDX")
    paid = result.equity["equity"] - 5_000.0 - result.equity["hedged"]
    assert paid.iloc[-1] == pytest.approx(63.50 + 0.64 + 6.35 + 57.15, abs=0.02)
    free = ash.Backtest(
        strategy, params=params, exchange=ash.HKEX(borrow=0.0, costs=False), cash=1_000_000
    ).run(events, small, benchmark="^IDX")
    assert free.equity["hedged"].iloc[-1] == free.equity["equity"].iloc[-1] - 5_000.0


def test_exposure_turnover_and_time_in_market_by_hand(root, small):
    """500,000 held at 3 closes, 450,000 at 2 of 12; 950,000 traded over 11 sessions."""
    result = short_once(root, small)
    table = result.versus.set_index("metric")
    equity = np.array([1e6] * 7 + [1.05e6] * 5)
    gross = np.array([0.0] * 4 + [5e5] * 3 + [4.5e5] * 2 + [0.0] * 3)
    assert table.loc["mean_gross_exposure", "strategy"] == pytest.approx((gross / equity).mean())
    assert table.loc["max_gross_exposure", "strategy"] == pytest.approx(0.5)
    assert table.loc["max_gross_exposure", "hedged"] == pytest.approx(1e6 / 995_000)
    turnover = 950_000 / equity.mean() / (11 / 252)
    assert table.loc["turnover_a_year", "strategy"] == pytest.approx(turnover)
    assert result.metrics["turnover_a_year"] == pytest.approx(turnover)
    assert table.loc["turnover_a_year", "benchmark"] == 0.0
    assert table.loc["time_in_market", "strategy"] == pytest.approx(6 / 12)
    assert table.loc["blocks_in_market", "strategy"] == 1
    assert table.loc["blocks_in_market", "note"] == "below 10: no inference: see placebo"
    assert table.loc["full sample: sessions", "strategy"] == 11
    assert table.loc["in market: sessions", "strategy"] == 6
    assert np.isnan(table.loc["full sample: alpha t", "strategy"])
    # the one fall of the index, with the strategy flat on that day and the hedge with it
    assert table.loc["full sample: down capture", "strategy"] == pytest.approx(0.0)
    assert table.loc["full sample: down capture", "hedged"] == pytest.approx(0.5)


def test_in_market_figures_use_the_sessions_in_the_market_only(root, make_bars):
    """Held from session 4 to 9; the index falls by 1 % in session 2 and rises by 2 % in 6."""
    close, index = np.full(12, 100.0), np.full(12, 1_000.0)
    close[6:], index[2:], index[6:] = 110.0, 990.0, 1_009.8
    frames = {"AAA": make_bars(DAYS, close), "^IDX": make_bars(DAYS, index)}
    panel = ash.PricePanel.from_frames(frames, calendar="XHKG")
    table = short_once(root, panel).versus.set_index("metric")["strategy"]
    assert table["full sample: down capture"] == pytest.approx(0.0)
    assert np.isnan(table["in market: down capture"])  # it never fell while the short was held
    assert table["in market: up capture"] == pytest.approx(-0.05 / 0.02)
    beyond = np.array([0.0, 0, -0.05 - 0.02, 0, 0, 0])
    assert table["in market: tracking error"] == pytest.approx(beyond.std(ddof=1) * np.sqrt(252))
    longer = np.r_[beyond, 0, 0.01, 0, 0, 0]
    assert table["full sample: tracking error"] == pytest.approx(longer.std(ddof=1) * np.sqrt(252))


def test_drawdowns_stand_side_by_side(root, small):
    table = short_once(root, small).drawdowns
    assert table["series"].tolist() == ["benchmark", "hedged"]
    assert table["rank"].tolist() == [1, 1]
    index, hedged = table.itertuples()
    days = [day.astype("O") for day in DAYS]
    assert (index.peak_session.date(), index.trough_session.date()) == (days[5], days[6])
    assert pd.isna(index.recovery_session)
    assert (index.depth, index.sessions) == (pytest.approx(-0.01), 6)
    assert hedged.recovery_session.date() == days[7]
    assert hedged.depth == pytest.approx(-0.005)


def test_a_further_benchmark_has_a_column_and_rows_of_its_own(root, small, tmp_path):
    """^TEC is first bought at the third close, and rises by a fifth."""
    result = short_once(root, small).against(small, "^TEC", "^NIL")
    assert result.equity["^TEC"].isna().sum() == 2
    assert result.equity["^TEC"].iloc[[2, -1]].tolist() == [1_000_000.0, 1_200_000.0]
    table = result.versus.set_index("metric")
    assert list(table.columns) == ["strategy", "benchmark", "same_side", "hedged", "^TEC", "note"]
    assert table.loc["total_return", "^TEC"] == pytest.approx(0.2)
    assert table.loc["against ^TEC, full sample: sessions", "strategy"] == 9
    assert table.loc["against ^TEC, full sample: up capture", "strategy"] == pytest.approx(0.0)
    said = result.conventions["further benchmarks"]
    assert said == f"^TEC from {DAYS[2]}; ^NIL has no prices here"
    result.save(tmp_path)
    again = BacktestResult.read(tmp_path, result.record)
    pd.testing.assert_frame_equal(again.versus, result.versus, check_dtype=False)
    pd.testing.assert_frame_equal(again.drawdowns, result.drawdowns, check_dtype=False)
    assert short_once(root, small).against(small).conventions == short_once(root, small).conventions


def test_a_ruined_account_has_no_figures_of_returns(root, make_bars, small):
    """Short 190 % at 100, and the stock doubles overnight: 1,000,000 - 1,900,000."""
    close = np.full(12, 100.0)
    close[6:] = 200.0
    opens = np.r_[close[:6], np.full(6, 200.0)]
    frames = {"AAA": make_bars(DAYS, close, opens), "^IDX": make_bars(DAYS, small.close[:, 1])}
    panel = ash.PricePanel.from_frames(frames, calendar="XHKG")
    result = short_once(root, panel, weight=1.9)
    assert result.equity["equity"].min() == -900_000.0
    table = result.versus.set_index("metric")
    for metric in ("sharpe", "max_drawdown", "mean_gross_exposure"):
        assert np.isnan(table.loc[metric, "strategy"])
        assert np.isfinite(table.loc[metric, "benchmark"])
    assert table.loc["total_return", "strategy"] == pytest.approx(-1.9)
    assert set(result.drawdowns["series"]) == {"benchmark"}
