from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.backtest.metrics import performance
from aftershock.errors import BacktestError, PriceError
from aftershock.prices.comparisons import clashes, main_currency
from aftershock.prices.rates import RiskFree
from aftershock.sessions import Sessions


@pytest.fixture
def june():
    return Sessions.exchange("XHKG", dt.date(2026, 6, 15), dt.date(2026, 6, 23))


def write(path, text):
    path.write_text(text, "utf-8")
    return path


def test_a_constant_compounds_to_the_year(june):
    rates = RiskFree(rate=0.04).over(june)
    assert rates.shape == (len(june),)
    assert (1 + rates[0]) ** 252 == pytest.approx(1.04, rel=1e-12)
    assert RiskFree().over(june) is None


def test_an_annual_rate_holds_until_the_next(tmp_path, june):
    path = write(tmp_path / "r.csv", "Date,HIBOR\n2026-06-01,0.03\n2026-06-18,0.02\n")
    rates = RiskFree(file=path).over(june)
    annual = (1 + rates) ** 252 - 1
    np.testing.assert_allclose(annual, [0.03, 0.03, 0.03, 0.02, 0.02, 0.02], rtol=1e-10)


def test_a_session_return_is_taken_as_it_is(tmp_path, june):
    days = [str(day) for day in june.dates]
    lines = "".join(f"{day},1.5,0.01\n" for day in days)
    path = write(tmp_path / "ff.csv", f"Date,Mkt-RF,RF\n{lines}")
    rates = RiskFree(file=path, column="RF", per="session", percent=True).over(june)
    np.testing.assert_allclose(rates, 0.0001)
    with pytest.raises(PriceError, match="has Mkt-RF, RF; name one of them"):
        RiskFree(file=path).over(june)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Date,R\n2026-06-18,0.03\n", "no risk-free rate for 3 sessions, first 2026-06-15"),
        ("Date,R\n2026-06-01,3.5\n", "looks like percent"),
        ("Date,R\n2026-06-01,abc\n", "column R is not a number"),
        ("Date,R\n2026-06-01,0.01\n2026-06-01,0.02\n", "one rate per date"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path, june, text, message):
    with pytest.raises(PriceError, match=message):
        RiskFree(file=write(tmp_path / "r.csv", text)).over(june)
    with pytest.raises(PriceError, match="cannot be read"):
        RiskFree(file=Path("nowhere.csv")).over(june)


def test_the_panel_carries_it_and_cuts_it(tmp_path, june):
    closes = pd.Series(range(1, len(june) + 1), index=pd.DatetimeIndex(june.dates), dtype=float)
    closes.rename_axis("Date").rename("Close").to_csv(tmp_path / "A.HK.csv")
    panel = ash.load_prices(["A.HK"], source=f"files:{tmp_path}", risk_free=0.04)
    assert panel.risk_free.shape == (len(june),)
    assert panel.between(dt.date(2026, 6, 18), None).risk_free.shape == (3,)
    assert ash.load_prices(["A.HK"], source=f"files:{tmp_path}").risk_free is None


def test_ratios_are_in_excess_of_it():
    rng = np.random.default_rng(2)
    returns = 0.001 + 0.01 * rng.standard_normal(500)
    equity = np.r_[1.0, np.cumprod(1 + returns)]
    rate = 0.0002
    riskless = np.cumprod(np.full(501, 1 + rate))
    plain, excess = performance(equity), performance(equity, riskless)
    by_hand = (returns - rate).mean() / (returns - rate).std(ddof=1) * np.sqrt(252)
    assert excess.sharpe == pytest.approx(by_hand, rel=1e-9)
    assert plain.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1) * np.sqrt(252))
    assert excess.sortino < plain.sortino
    assert (excess.annual_return, excess.annual_volatility) == (
        plain.annual_return, plain.annual_volatility,
    )  # fmt: skip


def panel(**currencies):
    days = ["2026-06-17", "2026-06-18"]
    frames = {
        name.replace("_", "."): pd.DataFrame(
            {"Close": [1.0, 2.0], **({"Currency": said} if said else {})},
            index=pd.DatetimeIndex(days),
        )
        for name, said in currencies.items()
    }
    return ash.PricePanel.from_frames(frames, calendar="XHKG")


def test_another_currency_of_the_benchmark_is_said():
    made = panel(A_HK="HKD", B_HK="CNY", C_HK="", IDX="HKD")
    (said,) = clashes(made, ["A.HK", "B.HK", "C.HK"], ["IDX"])
    assert said.startswith("B.HK is quoted in CNY and IDX in HKD")
    assert list(clashes(made, ["C.HK"], ["IDX"])) == []
    assert list(clashes(panel(A="GBp", IDX="GBP"), ["A"], ["IDX"])) == []
    assert main_currency("GBp") == "GBP"


class Hold(ash.EventStrategy):
    events = ash.select(kind="announcement")

    def on_offset(self, event, offset):
        if offset == 2:
            self.enter_short(event, weight=0.1)
        elif offset == 5:
            self.leave(event)


def book(*tickers):
    rows = [
        {"id": f"news-{ticker}", "ticker": ticker, "kind": "announcement", "when": "2026-04-13",
         "timing": "pre_open", "source": "made up"}
        for ticker in tickers
    ]  # fmt: skip
    return ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XHKG")


class Walks:
    """Random walks, each in its currency."""

    def __init__(self, make_bars, **currencies):
        rng = np.random.default_rng(4)
        days = Sessions.exchange("XHKG", dt.date(2026, 1, 2), dt.date(2026, 6, 30)).dates
        self.frames = {
            name.replace("_", "."): make_bars(
                days, 100 * np.exp(np.cumsum(0.02 * rng.standard_normal(len(days))))
            ).assign(Currency=said)
            for name, said in currencies.items()
        }

    def daily(self, tickers, start, end):
        return {ticker: self.frames[ticker] for ticker in tickers}


def load(walks, **options):
    return ash.load_prices(list(walks.frames), source=walks, calendar="XHKG", **options)


def test_a_backtest_takes_it_off_and_says_so(make_bars):
    walks = Walks(make_bars, A_HK="HKD", IDX="HKD")
    results = {
        rate: ash.Backtest(Hold).run(book("A.HK"), load(walks, risk_free=rate), benchmark="IDX")
        for rate in (0.0, 0.05)
    }
    assert results[0.0].conventions["risk-free"] == "0"
    assert results[0.05].conventions["risk-free"].startswith("5.00% a year on average")
    sharpe = [results[rate].metrics["sharpe"] for rate in (0.0, 0.05)]
    equity = results[0.05].equity["equity"].to_numpy()
    excess = equity[1:] / equity[:-1] - 1 - (1.05 ** (1 / 252) - 1)
    assert sharpe[1] == pytest.approx(excess.mean() / excess.std(ddof=1) * np.sqrt(252))
    assert sharpe[1] < sharpe[0]
    assert results[0.0].metrics["total_return"] == results[0.05].metrics["total_return"]


def test_cash_is_in_one_currency(make_bars):
    walks = Walks(make_bars, A_HK="HKD", B_HK="CNY", IDX="USD")
    outcome = ash.Backtest(Hold).run(book("A.HK"), load(walks), benchmark="IDX")
    assert any("A.HK is quoted in HKD and IDX in USD" in text for text in outcome.warnings)
    with pytest.raises(BacktestError, match="quoted in several .A.HK in HKD, B.HK in CNY."):
        ash.Backtest(Hold).run(book("A.HK", "B.HK"), load(walks), benchmark="IDX")
    study = ash.Study(
        title="News", events=ash.select(kind="announcement"),
        model=ash.MarketModel(benchmark="IDX"), returns="simple", estimation=(-40, -6),
        window=(-5, 5), min_obs=20,
    )  # fmt: skip
    said = study.fit(book("A.HK"), load(walks)).warnings
    assert any("A.HK is quoted in HKD and IDX in USD" in text for text in said)
