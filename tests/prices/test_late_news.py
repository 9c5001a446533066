"""Ten days of a Yahoo that corrects itself: the store follows it, and remembers what it was told."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
from yahoo_stub import HK, LoopbackSession, Stub, serve

from aftershock.clock import Clock
from aftershock.errors import PriceError
from aftershock.prices.delivery import newest_price
from aftershock.prices.panel import PricePanel
from aftershock.prices.store import Store
from aftershock.prices.yahoo import YahooSource
from aftershock.sessions import Sessions

TICKER = "0100.HK"
SESSIONS = Sessions.exchange("XHKG", dt.date(2026, 6, 1), dt.date(2026, 6, 26))
DAYS = [str(day) for day in SESSIONS.dates]
BEFORE = 8  # sessions before the first of the ten days


@dataclass
class Yahoo:
    """What Yahoo believes: bars as traded, and actions; it divides by the splits it lists."""

    closes: dict[str, float] = field(default_factory=dict)
    flat: set[str] = field(default_factory=set)  # placeholders, with volume 0
    splits: dict[str, float] = field(default_factory=dict)
    dividends: dict[str, float] = field(default_factory=dict)

    def frame(self):
        """The bars as Yahoo delivers them: prices and cash divided by later splits."""
        days = sorted(self.closes)
        close = np.array([self.closes[day] for day in days])
        after = np.array([self.after(day) for day in days])
        flat = np.array([day in self.flat for day in days])
        wide = np.where(flat, 0.0, 0.01)
        bars = pd.DataFrame(
            {
                "Open": close,
                "High": close * (1 + wide),
                "Low": close * (1 - wide),
                "Close": close,
                "Volume": np.where(flat, 0.0, 120_000.0) * after**2,
            },
            index=pd.DatetimeIndex(days),
        )
        return bars.div(after, axis=0)

    def after(self, day):
        return np.prod([ratio for on, ratio in self.splits.items() if on > day])

    def tell(self, stub, today):
        cash = {day: amount / self.after(day) for day, amount in self.dividends.items()}
        stub.put(TICKER, self.frame(), dividends=cash, splits=dict(self.splits))
        begin, end = (
            int(dt.datetime.combine(dt.date.fromisoformat(today), dt.time(*at), HK).timestamp())
            for at in ((9, 30), (16, 0))
        )
        stub.meta[TICKER]["currentTradingPeriod"] = {
            name: {"timezone": "HKT", "start": begin, "end": end, "gmtoffset": 28800}
            for name in ("pre", "regular", "post")
        }


def price(at):
    """What was traded: slowly up, three for one on session 6 and two for one on session 11."""
    return (100.0 + at) * (3.0 if at < 6 else 1.0) / (2.0 if at >= 11 else 1.0)


# What becomes known on each of ten days besides the day's own bar: session and what happens.
STORY = {
    0: [("hole", 3), ("placeholder", 5)],
    1: [("dividend", 7, 2.0)],  # two sessions late
    2: [("fill", 3)],
    3: [("null", 11)],  # the bar of the split's session has no values
    4: [("correct", 5)],  # the placeholder becomes a bar
    5: [("split", 11, 2.0)],  # listed three sessions late: the whole history is divided
    6: [("fill", 11), ("revise", 8)],
    7: [("dividend", 12, 0.75), ("dividend", 2, 1.5)],
    8: [("amount", 7, 2.25)],
    9: [("split", 6, 3.0), ("withdraw", 9)],
}


PLACEHOLDER = (
    "Open stored 312, now 315; High stored 312, now 318.15; Low stored 312, now 311.85;"
    " Close stored 312, now 315; Volume stored 0, now 120000"
)
REVISED = (
    "Open stored 108, now 108.5; High stored 109.08, now 109.585; Low stored 106.92, now 107.415;"
    " Close stored 108, now 108.5"
)
# What a fetch says before anything is accepted, values as traded on the day.
TOLD = {
    0: [],
    1: ["2026-06-10 late: Dividends 2"],
    2: ["2026-06-04 late: Close 309"],
    3: [],
    4: [f"2026-06-08 contradiction: {PLACEHOLDER}"],
    5: ["2026-06-16 late: Stock Splits 2"],
    6: [
        f"2026-06-11 contradiction: {REVISED}",
        "2026-06-16 late: Open 55.5; High 56.055; Low 54.945; Close 55.5; Volume 120000",
    ],
    7: ["2026-06-03 late: Dividends 1.5", "2026-06-17 late: Dividends 0.75"],
    8: ["2026-06-10 contradiction: Dividends stored 2, now 2.25"],
    9: ["2026-06-09 late: Stock Splits 3", "2026-06-12 contradiction: Close stored 109, now none"],
}


@pytest.fixture
def stub(tmp_path):
    import yfinance

    yfinance.set_tz_cache_location(str(tmp_path / "zones"))
    made = Stub()
    with serve(made) as port:
        made.port = port
        yield made


def clock_of(day, hour=20):
    return Clock.stopped(dt.datetime.combine(dt.date.fromisoformat(day), dt.time(hour), HK))


def source(stub, folder, clock, **options):
    return YahooSource(LoopbackSession(stub.port), Store(folder, clock), clock=clock, **options)


def view(provider):
    """The view of a ticker, and what was found, as fetch does it."""
    delivery = provider.daily([TICKER], None, None)
    return delivery[TICKER], delivery.findings


def follow(yahoo, step):
    kind, at, *value = step
    day = DAYS[at]
    if kind in {"fill", "correct"}:
        yahoo.closes[day] = price(at)
        yahoo.flat.discard(day)
    elif kind == "hole":
        yahoo.closes.pop(day, None)
    elif kind == "null":
        yahoo.closes[day] = np.nan
    elif kind == "placeholder":
        yahoo.closes[day] = price(at - 1)
        yahoo.flat.add(day)
    elif kind == "revise":
        yahoo.closes[day] = price(at) + 0.5
    elif kind == "withdraw":
        del yahoo.closes[day]
    elif kind == "split":
        yahoo.splits[day] = value[0]
    else:
        yahoo.dividends[day] = value[0]


def equal(one, other):
    pd.testing.assert_frame_equal(one, other, rtol=1e-6, check_freq=False)


def test_over_ten_days_the_store_is_what_a_fresh_download_gives_and_remembers(stub, tmp_path):
    yahoo = Yahoo({DAYS[at]: price(at) for at in range(BEFORE)})
    believed, found = {}, {}
    for number, steps in STORY.items():
        today = DAYS[BEFORE + number]
        yahoo.closes[today] = price(BEFORE + number)
        for step in steps:
            follow(yahoo, step)
        yahoo.tell(stub, today)
        clock = clock_of(today)
        _, found[number] = view(source(stub, tmp_path / "store", clock))
        believed[today], _ = view(source(stub, tmp_path / "store", clock, accept=True))
        fresh, _ = view(source(stub, tmp_path / f"fresh{number}", clock))
        equal(believed[today], fresh)
        again, findings = view(source(stub, tmp_path / "store", clock))
        equal(again, fresh)
        assert findings == []
    assert {number: [str(item)[8:] for item in items] for number, items in found.items()} == TOLD
    late = clock_of("2026-11-25")
    for day, frame in believed.items():
        then = source(stub, tmp_path / "store", late, as_of=dt.date.fromisoformat(day))
        delivery = then.daily([TICKER], None, None)
        equal(delivery[TICKER], frame)
        last = frame.index[-1].date()
        assert delivery.notes == [
            f"prices of {TICKER} as the store had them at the end of {day}: last bar {last}"
        ]
    assert len(Store(tmp_path / "store").read(TICKER)[0].log) == 27
    with pytest.raises(PriceError, match="nothing was stored of 0100.HK by the end of 2026-06-10"):
        source(stub, tmp_path / "store", late, as_of=dt.date(2026, 6, 10)).daily(
            [TICKER], None, None
        )


def played(stub, days):
    """Tell the first days of the story; returns the clock of the last one."""
    yahoo = Yahoo({DAYS[at]: price(at) for at in range(BEFORE)})
    for number in days:
        today = DAYS[BEFORE + number]
        yahoo.closes[today] = price(BEFORE + number)
        for step in STORY[number]:
            follow(yahoo, step)
        yahoo.tell(stub, today)
        yield clock_of(today)


def test_what_adds_is_taken_and_what_contradicts_waits(stub, tmp_path):
    """A store that accepts nothing has every action and bar that came late, and no other value."""
    for clock in played(stub, range(10)):
        frame, findings = view(source(stub, tmp_path / "store", clock))
    assert [(str(item.session), item.check) for item in findings] == [
        (DAYS[5], "contradiction"),
        (DAYS[6], "late"),
        (DAYS[7], "contradiction"),
        (DAYS[8], "contradiction"),
        (DAYS[9], "contradiction"),
    ]
    assert frame.loc[DAYS[3], "Close"] == 309.0
    assert frame.loc[[DAYS[5], DAYS[8], DAYS[9]], "Close"].tolist() == [312.0, 108.0, 109.0]
    assert frame["Dividends"].loc[lambda cash: cash > 0].to_dict() == {
        pd.Timestamp(DAYS[2]): 1.5,
        pd.Timestamp(DAYS[7]): 2.0,
        pd.Timestamp(DAYS[12]): 0.75,
    }
    splits = frame["Stock Splits"]
    assert splits[splits > 0].tolist() == [3.0, 2.0]
    # what 303 of session 3 are worth today: a sixth, less the dividends on 7 and 12
    factor = (1 - 2 / 106) * (1 - 0.75 / 55.5) / 6
    assert frame.loc[DAYS[3], "Adjustment"] == pytest.approx(factor, rel=1e-12)


def test_a_span_fetched_again_is_compared_and_accepted_by_itself(stub, tmp_path):
    for clock in played(stub, range(10)):
        view(source(stub, tmp_path / "store", clock))
    span = dt.date.fromisoformat(DAYS[4]), dt.date.fromisoformat(DAYS[7])
    stub.asked.clear()
    frame, findings = view(source(stub, tmp_path / "store", clock, accept=True, again=span))
    ((first, _),) = stub.spans(TICKER)
    assert dt.datetime.fromtimestamp(first, HK).date() == span[0]
    assert [(str(item.session), item.check) for item in findings] == [
        (DAYS[5], "revision"),
        (DAYS[7], "revision"),
    ]
    # values as traded, though two splits came after the span
    assert frame.loc[[DAYS[5], DAYS[8], DAYS[9]], "Close"].tolist() == [315.0, 108.0, 109.0]
    assert frame.loc[DAYS[7], "Dividends"] == 2.25
    _, rest = view(source(stub, tmp_path / "store", clock))
    assert [str(item.session) for item in rest] == [DAYS[8], DAYS[9]]


def test_a_span_before_the_store_leaves_no_gap(stub, tmp_path):
    *_, clock = played(stub, [0, 1])
    store = tmp_path / "store"
    late = dt.date.fromisoformat(DAYS[7])
    source(stub, store, clock).daily([TICKER], late, None)
    span = dt.date.fromisoformat(DAYS[1]), dt.date.fromisoformat(DAYS[2])
    frame, _ = view(source(stub, store, clock, again=span))
    assert len(frame) == 8  # session 3 is a hole of Yahoo's own
    assert Store(store).read(TICKER)[0].since == span[0]


def test_a_short_answer_takes_nothing_away(stub, tmp_path):
    for clock in played(stub, [0, 1]):
        whole, _ = view(source(stub, tmp_path / "store", clock))
    frame, dividends, splits, gains = stub.bars[TICKER]
    stub.bars[TICKER] = frame.iloc[[4]], dividends, splits, gains
    delivery = source(stub, tmp_path / "store", clock, accept=True).daily([TICKER], None, None)
    equal(delivery[TICKER], whole)
    assert delivery.findings == []
    (note,) = [text for text in delivery.notes if "now delivers" in text]
    day = f"{frame.index[4].date()}"
    assert note == (
        f"{TICKER}: Yahoo now delivers {day} to {day} only; 8 stored bars are beyond it and kept"
    )


def test_rounding_after_a_late_split_contradicts_nothing(stub, tmp_path):
    """Yahoo keeps six decimals of a dividend and whole shares of a volume, divided by splits."""
    days = DAYS[:6]
    bars = pd.DataFrame(
        dict.fromkeys(("Open", "High", "Low", "Close"), 84.0) | {"Volume": 101.0},
        index=pd.DatetimeIndex(days),
    )
    clock = clock_of(DAYS[8])
    stub.put(TICKER, bars, dividends={days[2]: 0.953})
    view(source(stub, tmp_path / "store", clock))
    split = {days[4]: 7.0, days[5]: 1 / 30}  # consolidated right after: 7/30 of a share
    after = np.array([7 / 30] * 4 + [1 / 30, 1.0])
    divided = bars.div(after, axis=0).assign(Volume=(101.0 * after).round())
    stub.put(TICKER, divided, dividends={days[2]: round(0.953 * 30 / 7, 6)}, splits=split)
    frame, findings = view(source(stub, tmp_path / "store", clock))
    assert {item.check for item in findings} == {"late"}
    assert frame["Dividends"].tolist() == [0.0, 0.0, 0.953, 0.0, 0.0, 0.0]


FUND = {"Open": 100.0, "High": 100.0, "Low": 100.0, "Close": 100.0, "Volume": 1000.0}


@pytest.mark.parametrize(
    ("close", "dividend", "paid"),
    [(95.0, 2.0, 5.0), (95.0, 5.0, 5.0), (92.0, 5.0, 8.0)],
    ids=["beside the dividend", "inside the dividend", "beside a larger dividend"],
)
def test_a_gain_is_kept_apart_and_counted_once(stub, tmp_path, close, dividend, paid):
    """A fund at 100 distributes 5, or 8, of which 3 are gains; its price falls by as much."""
    bars = pd.DataFrame(FUND, index=pd.DatetimeIndex(DAYS[:4]))
    bars.loc[DAYS[2] :, ["Open", "High", "Low", "Close"]] = close
    stub.put(TICKER, bars, dividends={DAYS[2]: dividend}, gains={DAYS[2]: 3.0})
    clock = clock_of(DAYS[8])
    frame, _ = view(source(stub, tmp_path / "store", clock))
    assert frame["Dividends"].tolist() == [0.0, 0.0, paid, 0.0]
    assert (frame["Close"] * frame["Adjustment"]).tolist() == pytest.approx([close] * 4, rel=1e-12)
    stored = Store(tmp_path / "store").read(TICKER)[0].bars
    assert stored["Capital Gains"].tolist() == [0.0, 0.0, 3.0, 0.0]
    assert stored["Dividends"].tolist() == [0.0, 0.0, dividend, 0.0]


def old_file(path, log, since=""):
    """A file as version 0.1 wrote it: no gains, which its dividends contain."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def stamps(values):
        return pd.DatetimeIndex(values).as_unit("us").asi8.tobytes()

    digest = hashlib.sha256(stamps(log.index))
    for name in ("Open", "High", "Low", "Close", "Volume", "Dividends", "Stock Splits"):
        digest.update(np.ascontiguousarray(log[name].to_numpy("float64")).tobytes())
    digest.update(stamps(log["Fetched"]))
    meta = {
        "ticker": TICKER,
        "currency": "HKD",
        "zone": "Asia/Hong_Kong",
        "since": since,
        "fetched": "2026-06-05T12:00:00+00:00",
        "sha256": digest.hexdigest(),
    }
    table = pa.Table.from_pandas(log.reset_index(), preserve_index=False)
    table = table.replace_schema_metadata({b"aftershock": json.dumps(meta).encode()})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, write_page_checksum=True)


@pytest.mark.parametrize(("joint", "check"), [(5.0, "late"), (4.0, "contradiction")])
def test_a_file_of_version_0_1_is_read_and_its_gains_are_not_counted_twice(
    stub, tmp_path, joint, check
):
    index = pd.DatetimeIndex(DAYS[:4], name="Date").as_unit("us")
    log = pd.DataFrame(FUND, index=index).assign(
        Dividends=[0.0, 0.0, joint, 0.0],
        **{"Stock Splits": 0.0, "Fetched": pd.Timestamp("2026-06-05T12:00:00").as_unit("us")},
    )
    log.loc[DAYS[2] :, ["Open", "High", "Low", "Close"]] = 95.0
    store = Store(tmp_path / "store")
    old_file(store.path(TICKER), log)
    before = store.read(TICKER)[0].frame()
    assert before["Dividends"].tolist() == [0.0, 0.0, joint, 0.0]
    bars = log[["Open", "High", "Low", "Close", "Volume"]]
    stub.put(TICKER, bars, dividends={DAYS[2]: 2.0}, gains={DAYS[2]: 3.0})
    frame, findings = view(source(stub, tmp_path / "store", clock_of(DAYS[8])))
    assert [item.check for item in findings] == [check]
    assert frame["Dividends"].tolist() == [0.0, 0.0, joint, 0.0]
    frame, _ = view(source(stub, tmp_path / "store", clock_of(DAYS[8]), accept=True))
    assert frame["Dividends"].tolist() == [0.0, 0.0, 5.0, 0.0]
    then = source(stub, tmp_path / "store", clock_of(DAYS[8]), as_of=dt.date(2026, 6, 5))
    equal(view(then)[0], before)


def test_an_action_on_a_day_without_a_row_stands_on_the_session_before(stub, tmp_path):
    """So yfinance has it; with an empty row it stands on its own day, and is carried."""
    bars = pd.DataFrame(FUND, index=pd.DatetimeIndex(DAYS[:4]))
    stub.put(TICKER, bars.drop(pd.Timestamp(DAYS[2])), dividends={DAYS[2]: 2.0})
    frame, _ = view(source(stub, tmp_path / "without", clock_of(DAYS[8])))
    assert frame["Dividends"].tolist() == [0.0, 2.0, 0.0]
    bars.loc[DAYS[2]] = np.nan
    stub.put(TICKER, bars, dividends={DAYS[2]: 2.0})
    frame, _ = view(source(stub, tmp_path / "empty", clock_of(DAYS[8])))
    assert frame["Dividends"].tolist() == [0.0, 0.0, 2.0, 0.0]
    assert frame["Adjustment"].tolist() == pytest.approx([0.98, 0.98, 1.0, 1.0], rel=1e-12)


@pytest.mark.parametrize(
    ("now", "age"),
    [
        ("2026-06-18T09:00:00+08:00", "today"),
        ("2026-06-18T23:59:00+08:00", "today"),
        ("2026-06-18T16:00:00+00:00", "1 day ago"),  # midnight in Hong Kong
        ("2026-06-30T12:00:00-07:00", "13 days ago"),  # the 1st of July in Hong Kong
    ],
)
def test_the_newest_price_is_as_old_as_it_is_at_the_exchange(make_bars, now, age):
    days = ["2026-06-16", "2026-06-17", "2026-06-18"]
    panel = PricePanel.from_frames({TICKER: make_bars(days, [1.0, 2.0, 3.0])}, calendar="XHKG")
    clock = Clock.stopped(dt.datetime.fromisoformat(now))
    assert newest_price(panel, clock) == f"newest price 2026-06-18, {age}"


@pytest.mark.parametrize("stored_days", [4, 2], ids=["both stored", "the later one is new"])
def test_an_action_whose_date_is_corrected_is_never_counted_twice(stub, tmp_path, stored_days):
    bars = pd.DataFrame(FUND, index=pd.DatetimeIndex(DAYS[:4]))
    store, clock = tmp_path / "store", clock_of(DAYS[8])
    stub.put(TICKER, bars.iloc[:stored_days], dividends={DAYS[1]: 2.0})
    view(source(stub, store, clock))
    stub.put(TICKER, bars, dividends={DAYS[2]: 2.0})
    for _ in range(2):  # told until it is accepted
        frame, findings = view(source(stub, store, clock))
        assert frame["Dividends"].tolist() == [0.0, 2.0, 0.0, 0.0]
        assert [str(item)[8:] for item in findings] == [
            "2026-06-02 contradiction: Dividends stored 2, now 0",
            "2026-06-03 contradiction: Dividends stored 0, now 2",
        ]
    frame, _ = view(source(stub, store, clock, accept=True))
    assert frame["Dividends"].tolist() == [0.0, 0.0, 2.0, 0.0]
    assert view(source(stub, store, clock))[1] == []
