"""The workspace's strategies on prices made up here, every fill worked out by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.backtest.signals import reaction
from aftershock.errors import BacktestError
from aftershock.events.companies import Company
from aftershock.sessions import Sessions

FREE = ash.exchanges.PlainExchange(bps=0.0, borrow=0.0)
DAYS = Sessions.exchange("XHKG", dt.date(2026, 1, 2), dt.date(2026, 6, 30)).dates[:40]
NAMES = (
    "overhang_short", "unlock_rebound", "launch_drift", "price_change_fade",
    "exchange_momentum", "unlock_short", "unlock_pair",
)  # fmt: skip


def prices(make_bars, closes=None, opens=None, **others):
    """AAA stands at 100 but where said; BBB and CCC too; the index stands at 1,000."""
    flat = {"AAA": {}, "BBB": {}, "CCC": {}}
    frames = {}
    for ticker in flat:
        close, opened = np.full(40, 100.0), np.full(40, 100.0)
        if ticker == "AAA":
            for at, price in (closes or {}).items():
                close[at:] = price
                opened[at + 1 :] = price
            for at, price in (opens or {}).items():
                opened[at] = price
        frames[ticker] = make_bars(DAYS, close, opened)
    index = np.full(40, 1_000.0)
    for at, level in others.get("index", {}).items():
        index[at:] = level
    frames["^IDX"] = make_bars(DAYS, index)
    return ash.PricePanel.from_frames(frames, calendar="XHKG")


def book(*rows, **defaults):
    table = pd.DataFrame([{"ticker": "AAA", **defaults, **row} for row in rows])
    return ash.EventBook.from_frame(table, calendar="XHKG")


def run(root, name, events, panel, cash=1_000_000, **params):
    path = root / "strategies" / f"{name}.py"
    backtest = ash.Backtest(path, params=params, exchange=FREE, cash=cash)
    return backtest.run(events, panel, benchmark="^IDX")


def fills(result):
    return [
        (row.side, row.entry_session.date(), row.entry_price, row.exit_session.date(),
         row.exit_price, row.shares, row.net)
        for row in result.trades.itertuples()
    ]  # fmt: skip


def at(position):
    return DAYS[position].astype("O")


def unlock(**values):
    return {"id": "x", "kind": "lockup_expiry", "when": str(DAYS[20]), "known_at": "2025-12-01",
            **values}  # fmt: skip


def company(*floats, ticker="AAA"):
    entries = [
        {"date": day, "basis": "one_base", "shares": shares, "total": 1_000}
        for day, shares in floats
    ]
    return Company(ticker=ticker, name="A", floats=tuple(entries))


def structured(events, *companies):
    return ash.EventBook(events.events, {one.ticker: one for one in companies}, "XHKG")


# overhang_short


def test_overhang_short_sells_with_the_doublings_of_supply(root, make_bars):
    """100 free shares, 300 more: four times, two doublings, 2 x 0.05 of 1,000,000 at 100."""
    events = structured(book(unlock(shares=300)), company(("2025-12-01", 100)))
    panel = prices(make_bars, {22: 80.0})
    result = run(root, "overhang_short", events, panel)
    assert fills(result) == [("short", at(10), 100.0, at(25), 80.0, 1_000.0, 20_000.0)]


def test_overhang_short_takes_less_for_patient_holders(root, make_bars):
    """All 600 with the state, half kept: 300 for sale on 100, four times again."""
    events = structured(
        book(unlock(shares=600, holders=[{"name": "S", "nature": "state", "percent": 100}])),
        company(("2025-12-01", 100)),
    )
    assert run(root, "overhang_short", events, prices(make_bars)).trades["shares"].iloc[0] == 1_000
    none_sells = run(root, "overhang_short", events, prices(make_bars), keeps=1.0)
    assert none_sells.orders["reason"].tolist() == [
        "none of the unlocking shares is expected to be sold"
    ]


def test_overhang_short_never_sells_more_than_the_most(root, make_bars):
    events = structured(book(unlock(shares=900)), company(("2025-12-01", 1)))
    result = run(root, "overhang_short", events, prices(make_bars), most=0.2)
    assert result.trades["shares"].tolist() == [2_000.0]


def test_overhang_short_does_not_see_a_float_reported_later(root, make_bars):
    """The float of 300 is dated on the session of the decision: not before it."""
    decided = str(DAYS[9])
    known = structured(book(unlock(shares=300)), company(("2025-12-01", 100), (decided, 300)))
    earlier = structured(
        book(unlock(shares=300)), company(("2025-12-01", 100), (str(DAYS[8]), 300))
    )
    only = structured(book(unlock(shares=300)), company((decided, 300)))
    panel = prices(make_bars)
    assert run(root, "overhang_short", known, panel).trades["shares"].tolist() == [1_000.0]
    assert run(root, "overhang_short", earlier, panel).trades["shares"].tolist() == [500.0]
    assert run(root, "overhang_short", only, panel).orders["reason"].tolist() == [
        f"float or size of the unlock not known on {decided}"
    ]


def test_overhang_short_counts_on_from_the_unlock_before(root, make_bars):
    """100 free, 100 unlock first; then 600 on 200: four times."""
    first = unlock(id="first", when=str(DAYS[2]), shares=100)
    events = structured(book(first, unlock(shares=600)), company(("2025-12-01", 100)))
    result = run(root, "overhang_short", events, prices(make_bars))
    assert result.trades.set_index("event")["shares"].to_dict() == {"x": 1_000.0}


def test_an_unlock_nobody_knew_of_is_not_counted(root, make_bars):
    surprise = unlock(id="s", when=str(DAYS[15]), known_at=str(DAYS[12]), shares=100)
    events = structured(book(surprise, unlock(shares=300)), company(("2025-12-01", 100)))
    result = run(root, "overhang_short", events, prices(make_bars), entry=-10)
    assert result.trades.query("event == 'x'")["shares"].tolist() == [1_000.0]


def test_the_july_unlocks_are_counted_on_one_base(workspace_book):
    """25,681,600 on 17,350,800 of 445,843,090; 153m on 5.44 % of 313.64m."""
    steps = {
        e.id: e.supply(dt.date(2026, 6, 22)) for e in workspace_book if e.kind == "lockup_expiry"
    }
    assert steps["zhipu-lockup-2026-07"].multiple == pytest.approx(43_032_400 / 17_350_800)
    free = 0.0544 * 313.64
    assert steps["minimax-lockup-2026-07"].multiple == pytest.approx((free + 153) / free)
    july = steps["minimax-lockup-2026-07"]
    assert steps["minimax-lockup-2026-10"].before == pytest.approx(july.after)
    early = dt.date(2026, 1, 8)
    unlocks = [e for e in workspace_book if e.kind == "lockup_expiry" and e.ticker == "2513.HK"]
    assert [e.supply(early) for e in unlocks] == [None, None]


# unlock_rebound


def test_unlock_rebound_buys_after_a_fall_and_sells_later(root, make_bars):
    """100 before the unlock, 90 from session 22 on, 95 from session 30 on."""
    panel = prices(make_bars, {22: 90.0, 30: 95.0})
    result = run(root, "unlock_rebound", book(unlock()), panel, exit=15)
    shares = 1_111.0  # 100,000 / 90 in whole shares
    assert fills(result) == [("long", at(25), 90.0, at(35), 95.0, shares, 5 * shares)]


def test_unlock_rebound_counts_the_fall_of_the_day_itself(root, make_bars):
    panel = prices(make_bars, {20: 90.0})
    assert len(run(root, "unlock_rebound", book(unlock()), panel, exit=15).trades) == 1
    before = prices(make_bars, {19: 90.0})  # the fall is over at the close of session -1
    assert len(run(root, "unlock_rebound", book(unlock()), before, exit=15).trades) == 0


def test_unlock_rebound_wants_a_fall_before_the_entry(root, make_bars):
    rising = prices(make_bars, {22: 110.0})
    late = prices(make_bars, {25: 80.0})  # at the close of the entry's own session
    small = prices(make_bars, {22: 96.0})
    said = "moved by {} over the unlock, no fall to buy"
    for panel, move in ((rising, "+10.0%"), (late, "+0.0%"), (small, "-4.0%")):
        result = run(root, "unlock_rebound", book(unlock()), panel, exit=15)
        assert result.orders["reason"].tolist() == [said.format(move)]
    assert len(run(root, "unlock_rebound", book(unlock()), rising, exit=15, fall=None).trades) == 1
    assert len(run(root, "unlock_rebound", book(unlock()), small, exit=15, fall=0.04).trades) == 1


# news


def launch(**values):
    return {"id": "x", "kind": "model_launch", "product": "M", "when": f"{DAYS[20]} 10:00 +08:00",
            **values}  # fmt: skip


def hike(**values):
    return {**launch(), "kind": "price_change", "percent": 50.0, **values}


def exchange(**values):
    said = {"id": "x", "kind": "public_exchange", "participants": ["A", "B"]}
    return {**said, "when": f"{DAYS[20]} 10:00 +08:00", **values}


@pytest.mark.parametrize(
    ("name", "event", "side", "hold"),
    [
        ("launch_drift", launch(), "long", 10),
        ("price_change_fade", hike(), "short", 5),
        ("exchange_momentum", exchange(), "long", 5),
    ],
)
def test_news_is_traded_at_the_open_after_the_close_that_knew_it(
    root, make_bars, name, event, side, hold
):
    """10:00 on session 20, up 10 % by its close; filled at the next open, 112."""
    panel = prices(make_bars, {20: 110.0}, opens={21: 112.0})
    result = run(root, name, book(event), panel)
    shares = 909.0  # 100,000 / 110
    leave = 21 + hold
    net = shares * (110.0 - 112.0) * (1 if side == "long" else -1)
    assert fills(result) == [(side, at(21), 112.0, at(leave), 110.0, shares, net)]


@pytest.mark.parametrize(
    ("name", "event", "side"),
    [
        ("launch_drift", launch(), "short"),
        ("price_change_fade", hike(), "long"),
        ("exchange_momentum", exchange(), "short"),
    ],
)
def test_the_reaction_is_measured_beyond_the_benchmark(root, make_bars, name, event, side):
    """Up 10 % while the market rose 20 %: a fall by the strategy's measure."""
    panel = prices(make_bars, {20: 110.0}, index={20: 1_200.0})
    assert run(root, name, book(event), panel).trades["side"].tolist() == [side]


@pytest.mark.parametrize(
    ("name", "event"),
    [("launch_drift", launch()), ("price_change_fade", hike()), ("exchange_momentum", exchange())],
)
def test_a_day_with_unknown_hour_is_traded_one_session_later(root, make_bars, name, event):
    panel = prices(make_bars, {20: 110.0})
    event = {**event, "when": str(DAYS[20])}
    assert run(root, name, book(event), panel).trades["entry_session"].iloc[0].date() == at(22)


@pytest.mark.parametrize(
    ("name", "event", "said"),
    [
        ("launch_drift", launch(), "no reaction of 20.0% or more to follow"),
        ("price_change_fade", hike(), "a reaction of +10.0% is not faded"),
        ("exchange_momentum", exchange(), "a reaction of +10.0% is not followed"),
    ],
)
def test_small_reactions_and_old_news_are_declined(root, make_bars, name, event, said):
    panel = prices(make_bars, {20: 110.0})
    assert run(root, name, book(event), panel, least=0.2).orders["reason"].tolist() == [said]
    old = {**event, "known_at": str(DAYS[24])}
    assert run(root, name, book(old), panel).orders["reason"].tolist() == [
        "old news: first known 6 sessions after day 0"
    ]


def test_launch_drift_can_go_one_way_always(root, make_bars):
    panel = prices(make_bars, {20: 110.0})
    sides = {
        way: run(root, "launch_drift", book(launch()), panel, direction=way).trades["side"].iloc[0]
        for way in ("reaction", "long", "short")
    }
    assert sides == {"reaction": "long", "long": "long", "short": "short"}


def test_price_changes_can_be_told_apart(root, make_bars):
    panel = prices(make_bars, {20: 90.0})
    cut = hike(percent=-50.0)
    assert run(root, "price_change_fade", book(cut), panel).trades["side"].tolist() == ["long"]
    only = run(root, "price_change_fade", book(cut), panel, changes="hike")
    assert only.orders["reason"].tolist() == ["a cut; changes is hike"]


def test_a_stop_ends_a_holding_early(root, make_bars):
    panel = prices(make_bars, {20: 110.0, 23: 80.0})
    result = run(root, "launch_drift", book(launch()), panel)
    assert fills(result) == [("long", at(21), 110.0, at(23), 88.0, 909.0, -19_998.0)]


def test_a_reaction_needs_the_close_before_day_zero():
    assert reaction([100.0, 110.0], [10.0, 10.0], 1) == pytest.approx(0.1)
    assert reaction([90.0, 100.0, 110.0], [9.0, 10.0, 10.5], 1) == pytest.approx(0.05)
    assert np.isnan(reaction([110.0], [10.0], 1))
    assert np.isnan(reaction([100.0, 110.0], [10.0, 10.0], 0))
    assert np.isnan(reaction([np.nan, 110.0], [10.0, 10.0], 1))


# several at once


def several(tickers, kind="lockup_expiry", step=0):
    return book(
        *(
            unlock(id=f"{name.lower()}", ticker=name, when=str(DAYS[20 + step * i]))
            for i, name in enumerate(tickers)
        )
    )


def test_two_events_of_one_day_are_sized_on_the_same_equity(root, make_bars):
    result = run(root, "unlock_short", several(["BBB", "AAA"]), prices(make_bars), weight=0.5)
    assert result.trades["event"].tolist() == ["aaa", "bbb"]  # same day 0: by id
    assert result.trades["shares"].tolist() == [5_000.0, 5_000.0]
    assert "entries in order of day 0" in result.conventions["capital"]


def test_the_third_event_of_a_day_goes_without_where_equity_is_used_up(root, make_bars):
    """80 % each: 50 % of 2,400,000 short is more than the 1,000,000 there is."""
    result = run(
        root, "unlock_short", several(["CCC", "BBB", "AAA"]), prices(make_bars), weight=0.8
    )
    entries = result.orders.query("side == 'sell'")
    assert entries["event"].tolist() == ["aaa", "bbb", "ccc"]
    assert entries["status"].tolist() == ["filled", "filled", "rejected"]
    assert entries["reason"].iloc[2].startswith("equity 1,000,000 is below the 1,200,000")


def test_the_earlier_day_zero_has_the_capital_whatever_the_name(root, make_bars):
    result = run(
        root, "unlock_short", several(["CCC", "BBB", "AAA"], step=1), prices(make_bars), weight=0.8
    )
    entries = result.orders.query("side == 'sell'")
    assert entries["event"].tolist() == ["ccc", "bbb", "aaa"]
    assert entries["status"].tolist() == ["filled", "filled", "rejected"]


def test_an_exit_frees_capital_for_an_entry_of_the_same_open(root, make_bars):
    """CCC leaves at the open of session 15, where AAA, three sessions on, enters."""
    events = book(
        unlock(id="c", ticker="CCC", when=str(DAYS[10])),
        unlock(id="b", ticker="BBB", when=str(DAYS[10])),
        unlock(id="a", ticker="AAA", when=str(DAYS[20])),
    )
    result = run(root, "unlock_short", events, prices(make_bars), weight=0.9, entry=-5, exit=5)
    assert result.trades["entry_session"].dt.date.tolist() == [at(5), at(5), at(15)]
    assert result.trades["event"].tolist() == ["b", "c", "a"]


# parameters


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_described(root, name):
    from aftershock.backtest.run import describe, load_strategy

    described = describe(load_strategy(root / "strategies" / f"{name}.py"))
    assert described
    assert [parameter for parameter, _, _, words in described if not words] == []


@pytest.mark.parametrize(
    ("name", "params", "said"),
    [
        ("overhang_short", {"exit": -10}, "exit=-10 must be after entry=-10"),
        ("overhang_short", {"keeps": 1.5}, "keeps: Input should be less than or equal to 1"),
        ("unlock_rebound", {"entry": 0}, "entry: Input should be greater than or equal to 1"),
        ("unlock_rebound", {"exit": 5}, "exit=5 must be after entry=5"),
        ("launch_drift", {"direction": "up"}, "direction: Input should be 'reaction', 'long'"),
        ("price_change_fade", {"hold": 0}, "hold: Input should be greater than or equal to 1"),
        ("exchange_momentum", {"weight": 0.0}, "weight: Input should be greater than 0"),
    ],
)
def test_parameters_that_cannot_be_right_are_refused(root, name, params, said):
    with pytest.raises(BacktestError, match=said):
        ash.Backtest(root / "strategies" / f"{name}.py", params=params)


@pytest.fixture(scope="module")
def sample():
    tickers = ["2513.HK", "0100.HK", "^HSI"]
    return ash.load_prices(tickers, source="sample", calendar="XHKG")


@pytest.fixture(scope="module")
def workspace_book(root):
    return ash.load_events(root / "events", calendar="XHKG")


@pytest.mark.parametrize("name", NAMES)
def test_every_strategy_trades_on_the_sample(root, workspace_book, sample, name):
    result = ash.Backtest(root / "strategies" / f"{name}.py", exchange=ash.HKEX()).run(
        workspace_book, sample, benchmark="^HSI"
    )
    assert len(result.trades) > 0
    known = {event.id: event for event in workspace_book}
    for trade in result.trades.itertuples():
        if known[trade.event].known_at is None:
            day = result.events.set_index("id").loc[trade.event, "session"]
            assert trade.entry_session > day
