"""The array engine and backtrader are the same fills and the same cents, whatever happens."""

from __future__ import annotations

import datetime as dt

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from worlds import (
    differences,
    explains,
    make_backtest,
    make_book,
    make_prices,
    run_arrays,
)

import aftershock as ash

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
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 0.15]),
    st.sampled_from([0.02, 0.08]),
    st.sampled_from([0, 1, 2]),
    events,
    exchanges,
)
def test_fill_by_fill_and_cent_by_cent(seed, halts, violence, actions, events, exchange):
    prices, book = make_prices(seed, halts, violence, actions), make_book(events)
    backtest = make_backtest(events, exchange)
    reference = backtest.run(book, prices, benchmark="^IDX", placebos=0)
    stage = backtest.stage(book, prices, benchmark="^IDX")
    run = run_arrays(backtest, stage)
    if run.handed_over:
        assert explains(run.handed_over, reference, stage)
        return
    assert list(differences(run, reference, stage)) == []


def test_it_would_notice_a_difference():
    """The comparison above fails where the engine fills a session later."""
    events = [("AAA", 30, 1, ("short", -3, 5, None, None, 2))]
    prices, book = make_prices(1, 0.0, 0.02), make_book(events)
    backtest = make_backtest(events, ash.HKEX(tick_rule=False))
    reference = backtest.run(book, prices, benchmark="^IDX", placebos=0)
    stage = backtest.stage(book, prices, benchmark="^IDX")
    assert list(differences(run_arrays(backtest, stage), reference, stage)) == []
    late = list(differences(run_arrays(backtest, stage, late=1), reference, stage))
    assert [found.split(":")[0] for found in late] == ["equity", "trades"]
