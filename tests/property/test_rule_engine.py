"""The array engine and backtrader are the same fills and the same cents, whatever happens."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import aftershock as ash
from aftershock.backtest.rule import Rule
from aftershock.backtest.rule_account import Leg
from aftershock.backtest.rule_engine import RuleEngine
from aftershock.backtest.strategy import EventStrategy
from aftershock.sessions import Sessions

DAYS = Sessions.exchange("XHKG", dt.date(2025, 6, 2), dt.date(2025, 10, 31)).dates[:60]


class ByEvent(EventStrategy):
    """A rule of its own for every event."""

    class Params(EventStrategy.Params):
        rules: dict[str, tuple]

        def rule(self, event):
            side, entry, leave, stop, weight, lots = self.rules[event.id]
            return Rule(
                side=side, entry=entry, exit=entry + leave, stop=stop, weight=weight, lots=lots
            )

    events = ash.select()


def make_prices(seed, halts, violence):
    rng = np.random.default_rng(seed)
    frames = {}
    for number, ticker in enumerate(("AAA", "BBB", "^IDX")):
        steps = rng.standard_t(3, DAYS.size) * (0.012 if ticker == "^IDX" else violence)
        close = (15.0, 300.0, 20_000.0)[number] * np.exp(np.cumsum(np.clip(steps, -0.6, 0.6)))
        open_ = np.r_[close[:1], close[:-1]] * np.exp(rng.normal(0, violence / 2, DAYS.size))
        digits = (2, 3, 7)[seed % 3]
        frame = pd.DataFrame(
            {
                "Open": open_.round(digits),
                "High": (np.maximum(open_, close) * 1.01).round(digits),
                "Low": (np.minimum(open_, close) * 0.99).round(digits),
                "Close": close.round(digits),
                "Volume": rng.integers(2_000, 4_000_000, DAYS.size).astype(float),
            },
            index=pd.DatetimeIndex(DAYS, name="Date"),
        )
        if ticker != "^IDX":
            gone = rng.random(DAYS.size) < halts
            frame.loc[gone & (rng.random(DAYS.size) < 0.5), "Volume"] = 0.0
            frame.loc[rng.random(DAYS.size) < halts / 5, "Open"] = np.nan
            frame.loc[rng.random(DAYS.size) < halts / 10, "Close"] = np.nan
            frame = frame[~(gone & (rng.random(DAYS.size) < 0.5))]
        frames[ticker] = frame
    return ash.PricePanel.from_frames(frames, calendar="XHKG")


rules = st.tuples(
    st.sampled_from(["short", "short", "long"]),
    st.integers(-12, 6),
    st.integers(1, 14),
    st.sampled_from([None, 0.02, 0.1, 0.4]),
    st.sampled_from([0.03, 0.4, 1.1]),
    st.just(None),
) | st.tuples(
    st.sampled_from(["short", "long"]),
    st.integers(-12, 6),
    st.integers(1, 14),
    st.sampled_from([None, 0.05]),
    st.just(None),
    st.integers(1, 40),
)
events = st.lists(
    st.tuples(st.sampled_from(["AAA", "BBB"]), st.integers(1, 58), st.integers(0, 1), rules),
    min_size=1, max_size=6,
)  # fmt: skip
exchanges = st.builds(
    ash.HKEX,
    costs=st.booleans(), tick_rule=st.booleans(), borrow=st.sampled_from([0.0, 0.18, 0.6]),
    participation=st.sampled_from([None, 0.1]), equity_to_hold=st.sampled_from([0.0, 0.3]),
    slippage=st.sampled_from(
        [None, ash.exchanges.HalfSpread(bps=2.0), ash.exchanges.SquareRoot(0.5)]
    ),
) | st.builds(
    ash.exchanges.PlainExchange,
    bps=st.sampled_from([0.0, 7.3]),
    lot=st.sampled_from([1, 500]),
    borrow_rates=st.sampled_from([{}, {"AAA": ((dt.date(2025, 1, 1), 0.9123456789),)}]),
    borrow=st.just(((dt.date(2025, 1, 1), 0.05), (dt.date(2025, 7, 1), 0.4))),
)  # fmt: skip


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.15]), st.sampled_from([0.02, 0.08]), events,
    exchanges,
)  # fmt: skip
def test_fill_by_fill_and_cent_by_cent(seed, halts, violence, events, exchange):
    prices = make_prices(seed, halts, violence)
    rows = [
        {
            "id": f"e{number}", "ticker": ticker, "kind": "announcement", "timing": "pre_open",
            "when": str(DAYS[zero]),
            "known_at": str(DAYS[0] if known else DAYS[zero]) + ("T00:00+08:00" if known else "T09:00+08:00"),
        }
        for number, (ticker, zero, known, _) in enumerate(events)
    ]  # fmt: skip
    book = ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XHKG")
    book = with_lots(book)
    said = {f"e{number}": rule for number, (*_, rule) in enumerate(events)}
    backtest = ash.Backtest(ByEvent, params={"rules": said}, exchange=exchange, cash=3_000_000)
    reference = backtest.run(book, prices, benchmark="^IDX")
    stage = backtest.stage(book, prices, benchmark="^IDX")
    engine = RuleEngine(stage.panel, stage.agenda, exchange, stage.instrument, 3_000_000)
    legs = [
        Leg(
            entry.event.id, entry.event.ticker, entry.day_zero, entry.known_from,
            ByEvent.Params(rules=said).rule(entry.event),
        )
        for entry in stage.agenda.entries
    ]  # fmt: skip
    run = engine.run(legs)
    if run.handed_over:
        assert explains(run.handed_over, reference)
        return
    sessions = [np.datetime64(day) for day in stage.agenda.sessions.dates]
    assert (run.equity / 100 == reference.equity["equity"].to_numpy()).all()
    assert len(run.trades) == len(reference.trades)
    for own, row in zip(
        sorted(run.trades, key=lambda trade: trade.event),
        reference.trades.sort_values("event").itertuples(),
        strict=True,
    ):
        assert (own.event, own.ticker, own.shares) == (row.event, row.ticker, row.shares)
        assert (sessions[own.entry], own.entry_price) == (row.entry_session, row.entry_price)
        assert (own.exit < 0) == row.open
        if own.exit >= 0:
            assert (sessions[own.exit], own.exit_price) == (row.exit_session, row.exit_price)
        money = (row.gross, row.fees, row.borrow, row.net)
        assert (own.gross / 100, own.fees / 100, own.borrow / 100, own.net / 100) == money


def with_lots(book):
    from aftershock.events.companies import Company

    lots = {"AAA": 1000, "BBB": 100}
    companies = {t: Company(ticker=t, name=t, lot=lot) for t, lot in lots.items()}
    return ash.EventBook(list(book), companies=companies, calendar="XHKG")


def explains(reason, reference):
    """What is handed over did happen: the reference itself shows it."""
    reasons = " ".join(reference.orders["reason"])
    if "volume" in reason:
        # what the volume leaves of an order may be refused for equity or unknown impact
        said = ("could be had", "the volume does not", "no volume", "is below the", "the impact")
        return any(part in reasons for part in said)
    if "margin" in reason:
        return "margin call" in reasons or (reference.equity["equity"] <= 0).any()
    return any(word in reason for word in ("ruined", "impact", "without a close"))


def test_it_would_notice_a_difference():
    """The comparison above fails where the engine fills a session later."""
    prices = make_prices(1, 0.0, 0.02)
    book = with_lots(
        ash.EventBook.from_frame(
            pd.DataFrame(
                [{"id": "e0", "ticker": "AAA", "kind": "announcement", "timing": "pre_open",
                  "when": str(DAYS[30]), "known_at": str(DAYS[0])}]
            ), calendar="XHKG",
        )
    )  # fmt: skip
    said = {"e0": ("short", -3, 5, None, None, 2)}
    backtest = ash.Backtest(ByEvent, params={"rules": said}, exchange=ash.HKEX(tick_rule=False))
    stage = backtest.stage(book, prices, benchmark="^IDX")
    engine = RuleEngine(stage.panel, stage.agenda, backtest.exchange, stage.instrument, 1e7)
    (entry,) = stage.agenda.entries
    rule = ByEvent.Params(rules=said).rule(entry.event)
    leg = Leg("e0", "AAA", entry.day_zero, entry.known_from, rule)
    right = engine.run([leg]).equity
    wrong = engine.run([leg._replace(day_zero=leg.day_zero + 1)]).equity
    reference = backtest.run(book, prices, benchmark="^IDX").equity["equity"].to_numpy()
    assert (right / 100 == reference).all()
    with pytest.raises(AssertionError):
        assert (wrong / 100 == reference).all()
