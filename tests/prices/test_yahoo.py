"""The real yfinance against a loopback Yahoo: what is asked, what is kept, what is said."""

from __future__ import annotations

import datetime as dt
import logging
import re
import time

import numpy as np
import pandas as pd
import pytest
import yahoo_stub
from yahoo_stub import LoopbackSession, Stub, serve

import aftershock as ash
from aftershock.errors import PriceError
from aftershock.prices import download
from aftershock.prices.actions import adjustment, as_traded
from aftershock.prices.download import Failure
from aftershock.prices.store import Store
from aftershock.prices.yahoo import YahooSource

DAYS = ["2026-06-15", "2026-06-16", "2026-06-17", "2026-06-18"]


@pytest.fixture
def yahoo(tmp_path):
    """A stub, and what makes a source that asks it."""
    import yfinance

    yfinance.set_tz_cache_location(str(tmp_path / "zones"))
    stub = Stub()
    with serve(stub) as port:

        def source(**options):
            options = {"pause": 0.01, "timeout": 10.0, **options}
            session = LoopbackSession(port, limit=options["timeout"])
            return YahooSource(session, Store(tmp_path / "store"), **options)

        yield stub, source


def load(source, tickers=("0100.HK",), **options):
    return ash.load_prices(list(tickers), source=source, calendar="XHKG", **options)


def day_of(stamp):
    return dt.datetime.fromtimestamp(stamp, dt.UTC).date()


def yahoo_frame():
    # 2-for-1 on day 3, HK$1 dividend on day 4. What was traded: 100, 104, 52, 51.
    # Yahoo divides everything before the split by 2 and scales Adj Close by the dividend too:
    # factor before the ex-date 1 - 1/52.
    factor = 1 - 1 / 52
    return pd.DataFrame(
        {
            "Open": [50.0, 52.0, 52.0, 51.0],
            "High": [50.0, 52.0, 52.0, 51.0],
            "Low": [50.0, 52.0, 52.0, 51.0],
            "Close": [50.0, 52.0, 52.0, 51.0],
            "Adj Close": [50.0 * factor, 52.0 * factor, 52.0 * factor, 51.0],
            "Volume": [200.0, 200.0, 150.0, 100.0],
            "Dividends": [0.0, 0.0, 0.0, 1.0],
            "Stock Splits": [0.0, 0.0, 2.0, 0.0],
        },
        index=pd.DatetimeIndex(DAYS),
    )


def test_splits_and_dividends_are_brought_back_to_the_day():
    yahoo = yahoo_frame()
    traded = as_traded(yahoo)
    assert traded["Close"].tolist() == [100.0, 104.0, 52.0, 51.0]
    assert traded["Volume"].tolist() == [100.0, 100.0, 150.0, 100.0]
    assert traded["Dividends"].tolist() == [0.0, 0.0, 0.0, 1.0]
    events = (traded[name].to_numpy() for name in ("Close", "Dividends", "Stock Splits"))
    factors = adjustment(*events)
    np.testing.assert_allclose(traded["Close"] * factors, yahoo["Adj Close"], rtol=1e-15)
    returns = (traded["Close"] * factors).pct_change().tolist()[1:]
    assert returns == pytest.approx([0.04, 0.0, 0.0], abs=1e-12)  # 51 + 1 over 52


def test_a_dividend_on_the_day_of_a_split_is_per_new_share():
    """100 becomes two shares of 50, of which each pays 1: 49 after it is no move at all."""
    factors = adjustment(np.array([100.0, 49.0]), np.array([0.0, 1.0]), np.array([0.0, 2.0]))
    assert (factors * [100.0, 49.0]).tolist() == pytest.approx([49.0, 49.0], rel=1e-15)


def test_a_dividend_after_a_session_without_a_price_is_off_the_last_one_there_is():
    """40 before a halt over a two-for-one split, then 1 a share: 19 is no move."""
    close = np.array([np.nan, 40.0, np.nan, np.nan, 19.0])
    dividend, split = np.array([1.0, 0.0, 0.0, 0.0, 1.0]), np.array([0.0, 0.0, 0.0, 2.0, 0.0])
    factors = adjustment(close, dividend, split)
    assert (factors * close)[[1, 4]].tolist() == pytest.approx([19.0, 19.0], rel=1e-15)


def test_three_tickers_fill_a_panel(yahoo, make_bars):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(DAYS, [400.0, 416.6, 497.6, 616.5]))
    stub.put("0700.HK", make_bars(DAYS, [420.0, 421.0, 422.0, 423.0]))
    stub.put("^HSI", make_bars(DAYS[1:], [23700.0, 23924.81, 23768.52]))
    panel = load(source(), ["0100.HK", "0700.HK", "^HSI"])
    assert panel.close[:, 0].tolist() == [400.0, 416.6, 497.6, 616.5]
    assert [str(day) for day in panel.sessions.dates] == DAYS
    assert str(panel.span("^HSI")[0]) == "2026-06-16"
    assert panel.currency == ("HKD", "HKD", "HKD")
    assert panel.origin.source == "yahoo"
    assert panel.notes == ()


def test_start_and_end_are_both_included(yahoo, make_bars):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    panel = load(source(), start=dt.date(2026, 6, 16), end=dt.date(2026, 6, 17))
    assert panel.close[:, 0].tolist() == [2.0, 3.0]


def test_an_end_does_not_hide_later_splits(yahoo):
    stub, source = yahoo
    frame = yahoo_frame()
    split, dividend = {DAYS[2]: 2.0}, {DAYS[3]: 1.0}
    stub.put("0100.HK", frame, splits=split, dividends=dividend)
    panel = load(source(), end=dt.date(2026, 6, 16))
    assert panel.close[:, 0].tolist() == [100.0, 104.0]
    whole = load(source(offline=True))
    np.testing.assert_allclose(whole.adjusted_close()[:, 0], frame["Adj Close"], rtol=1e-12)
    assert whole.split[:, 0].tolist() == [0.0, 0.0, 2.0, 0.0]
    assert whole.dividend[:, 0].tolist() == [0.0, 0.0, 0.0, 1.0]


def test_an_adjusted_close_that_does_not_follow_from_the_events_is_said(yahoo):
    stub, source = yahoo
    stub.put("0100.HK", yahoo_frame(), splits={DAYS[2]: 2.0}, dividends={DAYS[3]: 1.0})
    assert load(source()).notes == ()
    stub.put("0700.HK", yahoo_frame(), splits={DAYS[2]: 2.0})  # the dividend is not listed
    (note,) = load(source(), ["0700.HK"]).notes
    assert note.startswith("0700.HK: up to 2026-06-17 Yahoo's adjusted close differs from")


def test_no_request_waits_longer_than_the_limit(yahoo, make_bars):
    from curl_cffi.requests.exceptions import Timeout

    stub, source = yahoo
    stub.break_("0100.HK", yahoo_stub.slow)
    session = source(timeout=0.3).session
    for options in ({}, {"timeout": 30}):  # as yfinance asks
        with pytest.raises(Timeout):
            session.get(f"{download.CHART}0100.HK", **options)


def test_spellings_are_brought_to_yahoos(yahoo, make_bars):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    panel = load(source(), ["00100.hk"])
    assert panel.tickers == ("0100.HK",)
    assert {ticker for ticker, _ in stub.asked} == {"0100.HK"}


def test_a_second_fetch_asks_for_the_new_days_only(yahoo, make_bars):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(DAYS[:3], [1.0, 2.0, 3.0]))
    load(source())
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    stub.asked.clear()
    panel = load(source())
    assert panel.close[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]
    ((first, _),) = stub.spans("0100.HK")
    # from the last stored session on, which is compared: midnight in Hong Kong
    assert dt.datetime.fromtimestamp(first, yahoo_stub.HK).isoformat()[:10] == DAYS[2]


def test_an_earlier_start_asks_for_what_is_before(yahoo, make_bars):
    stub, source = yahoo
    frame = yahoo_frame()
    stub.put("0100.HK", frame, splits={DAYS[2]: 2.0}, dividends={DAYS[3]: 1.0})
    load(source(), start=dt.date(2026, 6, 16))
    stub.asked.clear()
    panel = load(source())
    # the part before is asked for without the split in it, and is still brought back to the day
    assert panel.close[:, 0].tolist() == [100.0, 104.0, 52.0, 51.0]
    ends = [day_of(last - 1) for _, last in stub.spans("0100.HK")]
    assert len(ends) == 2
    assert ends[1] == dt.date(2026, 6, 16)


def test_a_contradiction_keeps_the_stored_value_and_says_both(yahoo, make_bars):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 508.0]))
    load(source())
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 502.5]))
    for _ in range(2):  # it stays one until it is accepted
        panel = load(source())
        assert panel.close[-1, 0] == 508.0
        (flag,) = [item for item in panel.flags if item.check == "contradiction"]
        assert flag.session == dt.date(2026, 6, 18)
        assert "Close stored 508, now 502.5" in flag.detail
        assert "prices fetch --accept" in flag.remedy
    panel = load(source(accept=True))
    assert panel.close[-1, 0] == 502.5
    assert load(source(offline=True)).close[-1, 0] == 502.5
    stored, _ = source().store.read("0100.HK")
    both = stored.log.loc[DAYS[3], "Close"].tolist()
    assert both == [508.0, 502.5]  # nothing is overwritten


def test_a_bar_that_yahoo_withdraws_is_a_contradiction_too(yahoo, make_bars):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    load(source(), start=dt.date(2026, 6, 16))
    stub.put("0100.HK", make_bars([DAYS[0], DAYS[1], DAYS[3]], [1.0, 2.0, 4.0]))
    # an older start compares all that is stored again only where it overlaps
    panel = load(source())
    assert panel.close[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_a_bar_still_forming_survives_an_earlier_start(yahoo, make_bars):
    stub, source = yahoo
    today = dt.datetime.now(yahoo_stub.HK).date()
    days = [str(today - dt.timedelta(days=back)) for back in (3, 2, 1, 0)]
    stub.put("0100.HK", make_bars(days, [1.0, 2.0, 3.0, 4.0]))
    source().daily(["0100.HK"], today - dt.timedelta(days=2), None)
    bars = source().daily(["0100.HK"], None, None)["0100.HK"]
    assert bars["Close"].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_a_store_that_begins_too_late_says_so(yahoo, make_bars):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    load(source(), start=dt.date(2026, 6, 17))
    panel = load(source(offline=True))
    assert panel.close[:, 0].tolist() == [3.0, 4.0]
    assert "0100.HK: nothing before 2026-06-17 was ever fetched" in panel.notes


def test_patience_ends_the_attempts(yahoo, make_bars):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    stub.break_("0100.HK", yahoo_stub.reset)
    with pytest.raises(PriceError, match="tried once"):
        load(source(attempts=9, pause=5.0, patience=1.0))


def test_a_lone_row_is_no_history(yahoo, make_bars):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(["2026-06-16"], [2.0]))
    panel = load(source())
    assert [item.check for item in panel.flags] == ["single_bar"]
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    assert load(source()).close[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_a_bar_still_forming_is_delivered_and_not_stored(yahoo, make_bars):
    stub, source = yahoo
    today = dt.datetime.now(yahoo_stub.HK).date()
    days = [str(today - dt.timedelta(days=back)) for back in (2, 1, 0)]
    stub.put("0100.HK", make_bars(days, [1.0, 2.0, 3.0]))
    bars = source().daily(["0100.HK"], None, None)["0100.HK"]
    assert bars["Close"].tolist() == [1.0, 2.0, 3.0]
    stored, _ = source().store.read("0100.HK")
    assert stored.bars["Close"].tolist() == [1.0, 2.0]
    over = time.time() - 3600
    stub.meta["0100.HK"]["currentTradingPeriod"] = {
        name: {"timezone": "HKT", "start": int(over) - 1, "end": int(over), "gmtoffset": 28800}
        for name in ("pre", "regular", "post")
    }
    source().daily(["0100.HK"], None, None)
    stored, _ = source().store.read("0100.HK")
    assert stored.bars["Close"].tolist() == [1.0, 2.0, 3.0]


def test_offline_serves_the_store_and_says_its_age(yahoo, make_bars):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    load(source())
    stub.asked.clear()
    panel = load(source(offline=True))
    assert panel.close[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert stub.asked == []
    (note,) = panel.notes
    assert re.search(r"0100\.HK from the store \(offline\): fetched 0 minutes ago", note)
    assert "last bar 2026-06-18" in note
    with pytest.raises(PriceError, match=r"nothing is stored of 0700\.HK: run once without"):
        load(source(offline=True), ["0100.HK", "0700.HK"])


OUTAGES = {
    "server_error": "HTTP 500|cannot be read",
    "server_error_json": "HTTP 500",
    "empty": "cannot be read",
    "no_result": "no data|out of range",
    "html": "cannot be read",
    "truncated": "cannot be read",
    "broken_off": "broke off",
    "slow": "no answer in time",
    "reset": "the connection was cut",
}


@pytest.mark.parametrize("fault", OUTAGES)
def test_an_outage_is_no_delisting(yahoo, make_bars, fault):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    stub.put("0700.HK", make_bars(DAYS, [5.0, 6.0, 7.0, 8.0]))
    load(source(), ["0700.HK"])
    before = source().store.path("0700.HK").read_bytes()
    for ticker in ("0100.HK", "0700.HK"):
        stub.break_(ticker, getattr(yahoo_stub, fault))
    options = {"attempts": 2, "timeout": 0.4 if fault == "slow" else 10.0}
    with pytest.raises(PriceError, match=r"Yahoo could not be reached for 0100\.HK") as caught:
        load(source(**options))
    assert re.search(OUTAGES[fault], str(caught.value))
    assert "delisted" not in str(caught.value)
    assert "tried 2 times" in str(caught.value)
    # what is stored is served, with its age and the reason
    panel = load(source(**options), ["0700.HK"])
    assert panel.close[:, 0].tolist() == [5.0, 6.0, 7.0, 8.0]
    (note,) = panel.notes
    assert "from the store (Yahoo could not be reached" in note
    assert source().store.path("0700.HK").read_bytes() == before
    with pytest.raises(PriceError, match="could not be reached"):
        load(source(strict=True, **options), ["0700.HK"])


def test_an_outage_that_passes_is_not_seen(yahoo, make_bars):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    # a failure is remembered by yfinance for the process, unless it is told to forget
    stub.break_("0100.HK", yahoo_stub.html, yahoo_stub.reset, None)
    assert load(source()).close[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_an_outage_ends_the_batch_early(yahoo, make_bars):
    stub, source = yahoo
    tickers = [f"{number:04d}.HK" for number in range(1, 21)]
    for ticker in tickers:
        stub.put(ticker, make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
        stub.break_(ticker, yahoo_stub.reset)
    with pytest.raises(PriceError, match=r"0001\.HK, 0002\.HK, 0003\.HK and 17 more"):
        load(source(attempts=1), tickers)
    assert {ticker for ticker, _ in stub.asked} == {"0001.HK", "0002.HK"}


def test_a_rate_limit_that_passes_is_waited_for(yahoo, make_bars):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    stub.break_("0100.HK", yahoo_stub.too_many, None)
    assert load(source()).close[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]
    stub.put("0700.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    stub.break_("0700.HK", *[yahoo_stub.too_many] * 3, None)
    assert load(source(), ["0700.HK"]).close[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_a_rate_limit_that_stays_ends_the_batch(yahoo, make_bars):
    stub, source = yahoo
    for ticker in ("0100.HK", "0700.HK", "3690.HK"):
        stub.put(ticker, make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    stub.break_("0700.HK", yahoo_stub.too_many)
    with pytest.raises(PriceError, match=r"limits how often .*429.*wait some minutes"):
        load(source(), ["0100.HK", "0700.HK", "3690.HK"])
    assert not [ticker for ticker, _ in stub.asked if ticker == "3690.HK"]
    assert source().store.tickers() == ["0100.HK"]  # what came is kept


def test_a_ticker_yahoo_does_not_have_is_named(yahoo, make_bars):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    stub.put("^HSI", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    for wrong, hint in (("0100.KH", "0100.HK"), ("HSI", r"\^HSI")):
        with pytest.raises(PriceError, match=f"no ticker {wrong}: did you mean {hint}"):
            load(source(), ["0100.HK", wrong])
    with pytest.raises(PriceError, match=r"no ticker 9999\.HK: check the spelling .*delisted"):
        load(source(), ["9999.HK"])
    with pytest.raises(PriceError, match="is no ticker"):
        load(source(), ["0100 HK!"])


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("not_found", "Yahoo no longer has it: delisted or renamed?"),
        ("no_bars", "Yahoo delivered no bars"),
        ("too_many", "Yahoo limits the rate"),
    ],
)
def test_a_stored_ticker_is_served_with_the_reason(yahoo, make_bars, fault, reason):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    load(source())
    before = source().store.path("0100.HK").read_bytes()
    stub.break_("0100.HK", getattr(yahoo_stub, fault))
    panel = load(source())
    assert panel.close[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]
    (note,) = panel.notes
    assert f"from the store ({reason})" in note
    assert source().store.path("0100.HK").read_bytes() == before
    with pytest.raises(PriceError):
        load(source(strict=True))


def test_a_ticker_without_bars_is_known_and_empty(yahoo, make_bars):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    stub.break_("0100.HK", yahoo_stub.no_bars)
    with pytest.raises(PriceError, match=r"no bars for 0100\.HK, which it knows"):
        load(source())
    assert len(stub.asked) < 5  # asking again would not help, and is not tried


def test_of_several_tickers_those_that_came_are_stored(yahoo, make_bars):
    stub, source = yahoo
    for ticker in ("0100.HK", "0700.HK", "3690.HK"):
        stub.put(ticker, make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    stub.break_("0700.HK", yahoo_stub.server_error)
    with pytest.raises(PriceError, match=r"reached for 0700\.HK .*stored prices of 0100\.HK, 3690"):
        load(source(), ["0100.HK", "0700.HK", "3690.HK"])
    assert source().store.tickers() == ["0100.HK", "3690.HK"]


def test_yfinance_keeps_quiet(yahoo, make_bars, capfd, caplog):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    stub.break_("0100.HK", yahoo_stub.server_error, yahoo_stub.reset, None)
    stub.crumb = 429
    with caplog.at_level(logging.DEBUG):
        load(source())
        with pytest.raises(PriceError):
            load(source(attempts=1), ["9999.HK"])
    assert capfd.readouterr() == ("", "")
    assert "yfinance" not in {record.name for record in caplog.records}


def test_yfinances_log_is_routed_while_it_is_used(caplog):
    logger = logging.getLogger("yfinance")
    before = logger.propagate, list(logger.handlers)
    with caplog.at_level(logging.DEBUG), download.prepared(object(), 1.0):
        logger.error("1 Failed download")
    (record,) = [item for item in caplog.records if "Failed download" in item.getMessage()]
    assert (record.name, record.levelno) == ("aftershock.prices.download", logging.DEBUG)
    assert (logger.propagate, list(logger.handlers)) == before


def test_progress_is_told_each_ticker(yahoo, make_bars):
    stub, source = yahoo
    for ticker in ("0100.HK", "0700.HK"):
        stub.put(ticker, make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    told = []
    load(source(progress=told.append), ["0100.HK", "0700.HK"])
    assert told == ["0100.HK", "0700.HK"]


def test_a_folder_that_cannot_be_written_delivers_unkept(yahoo, make_bars, tmp_path):
    stub, source = yahoo
    (tmp_path / "store").write_text("a file where the folder should be", "utf-8")
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))
    panel = load(source())
    assert panel.close[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert any("cannot be stored" in note for note in panel.notes)
    with pytest.raises(PriceError, match="cannot be stored .*set AFTERSHOCK_CACHE"):
        load(source(strict=True))


def test_a_store_that_can_only_be_read_is_added_to_in_memory(yahoo, make_bars, monkeypatch):
    stub, source = yahoo
    stub.put("0100.HK", make_bars(DAYS[:3], [1.0, 2.0, 3.0]))
    load(source())
    stub.put("0100.HK", make_bars(DAYS, [1.0, 2.0, 3.0, 4.0]))

    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("aftershock.prices.store._write", refuse)
    panel = load(source())
    assert panel.close[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert any("Permission denied" in note for note in panel.notes)
    assert len(source().store.read("0100.HK")[0].bars) == 3


def test_every_kind_of_failure_has_a_sentence():
    for kind in ("unknown", "no bars", "rate", "outage", "offline"):
        assert "0100.HK" in Failure(kind, "because").sentence("0100.HK", "")
        assert Failure(kind, "because").reason
