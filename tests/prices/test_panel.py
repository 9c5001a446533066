from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.errors import PriceError, StudyError, UnknownName

DAYS = ["2026-06-17", "2026-06-18", "2026-06-22", "2026-06-23"]  # 06-19 is a holiday


def frame(days=DAYS, closes=(10.0, 11.0, 9.9, 9.9), **columns):
    return pd.DataFrame({"Close": closes, **columns}, index=pd.to_datetime(days))


def panel(**frames):
    return ash.PricePanel.from_frames(frames, calendar="XHKG")


def test_returns_are_close_to_close():
    simple = panel(A=frame()).returns("simple")[:, 0]
    np.testing.assert_allclose(simple[1:], [0.1, -0.1, 0.0], atol=1e-15)
    assert np.isnan(simple[0])
    log = panel(A=frame()).returns("log")[:, 0]
    np.testing.assert_allclose(log[1:], [np.log(1.1), np.log(0.9), 0.0], atol=1e-15)


def test_a_session_without_a_bar_is_nan_and_never_filled():
    holed = panel(A=frame(), B=frame(["2026-06-17", "2026-06-22", "2026-06-23"], (5.0, 6.0, 6.6)))
    assert len(holed.sessions) == 4
    assert np.isnan(holed.close[1, 1])
    returns = holed.returns("simple")[:, 1]
    assert np.isnan(returns[:3]).all()  # missing on either side
    assert returns[3] == pytest.approx(0.1)


def test_studies_see_adjusted_and_orders_raw_prices():
    split = panel(
        A=frame(closes=(100.0, 102.0, 51.0, 52.0), **{"Adj Close": [50.0, 51.0, 51.0, 52.0]})
    )
    np.testing.assert_allclose(split.returns("simple")[1:, 0], [0.02, 0.0, 1 / 51])
    np.testing.assert_allclose(split.close[:, 0], [100.0, 102.0, 51.0, 52.0])
    np.testing.assert_allclose(split.adjustment[:, 0], [0.5, 0.5, 1.0, 1.0])


def test_bars_on_days_without_trading_are_left_out_and_said():
    odd = panel(A=frame([*DAYS, "2026-06-19"], (10.0, 11.0, 9.9, 9.9, 12.0)))
    assert len(odd.sessions) == 4
    assert odd.notes == ("A: 1 bar on days that are no session of XHKG left out (2026-06-19)",)


@pytest.mark.parametrize(
    ("bars", "message"),
    [
        (frame(["2026-06-17"] * 2 + DAYS[2:]), "A: 1 date stands twice .2026-06-17"),
        (frame(closes=(10.0, 0.0, 1.0, 1.0)), "not positive, first on 2026-06-18"),
        (frame().iloc[:0], "no closing prices"),
        (frame().rename(columns={"Close": "Last"}), "no closing prices .4 rows, columns Last"),
        (frame().reset_index(drop=True), "rows carry no dates"),
        (frame(closes=("a", "b", "c", "d")), "column Close is not a number"),
        (frame(["2026-06-20", "2026-06-21", "2026-06-27", "2026-06-28"]), "no session between"),
    ],
)
def test_frames_that_cannot_be_right_are_refused(bars, message):
    with (
        pytest.raises(PriceError, match=message)
        if "no session" not in message
        else pytest.raises((PriceError, LookupError))
    ):
        panel(A=bars)


def test_hong_kong_dates_stay_their_own_day():
    aware = frame()
    aware.index = pd.DatetimeIndex([f"{day} 01:30" for day in DAYS], tz="UTC")
    assert [str(d) for d in panel(A=aware).sessions.dates] == DAYS
    local = frame()
    local.index = pd.DatetimeIndex(
        DAYS, tz="Asia/Hong_Kong"
    )  # midnight there is the day before in UTC
    assert [str(d) for d in panel(A=local).sessions.dates] == DAYS


def test_arrays_are_read_only():
    made = panel(A=frame())
    for name in ("open", "close", "volume", "adjustment", "dividend", "split"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(made, name)[0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        made.returns("simple")[0, 0] = 1.0


def test_the_panel_can_be_cut_and_looked_up():
    made = panel(A=frame())
    cut = made.between(dt.date(2026, 6, 18), dt.date(2026, 6, 22))
    assert [str(d) for d in cut.sessions.dates] == ["2026-06-18", "2026-06-22"]
    assert made.span("A") == (dt.date(2026, 6, 17), dt.date(2026, 6, 23))
    with pytest.raises(UnknownName, match="unknown ticker 'B'"):
        made.column("B")
    with pytest.raises(PriceError, match="no session between"):
        made.between(dt.date(2027, 1, 1), None)
    with pytest.raises(UnknownName, match="unknown price field 'clos': did you mean 'close'"):
        made.to_frame("clos")


def test_the_fingerprint_sees_every_number():
    one, same = panel(A=frame()), panel(A=frame())
    assert one.fingerprint() == same.fingerprint()
    assert one.fingerprint() != panel(A=frame(closes=(10.0, 11.0, 9.9, 9.91))).fingerprint()
    assert one.fingerprint() != panel(B=frame()).fingerprint()


def test_returns_of_an_unknown_kind_are_refused():
    with pytest.raises(StudyError, match='returns="gross" is not known'):
        panel(A=frame()).returns("gross")


def test_a_return_panel_without_calendar_keeps_its_own_rows():
    wide = pd.DataFrame(
        {"X": [0.01, np.nan], "Y": [0.0, -0.02]}, index=["2001-09-10", "2001-09-17"]
    )
    returns = ash.ReturnPanel.from_frame(wide, kind="simple")
    assert len(returns.sessions) == 2
    assert returns.returns("simple")[1, 1] == -0.02
    with pytest.raises(StudyError, match="asks for log returns, the panel holds simple"):
        returns.returns("log")


def test_a_return_panel_in_percent_is_refused():
    wide = pd.DataFrame({"X": [1.2, -0.8, 2.0]}, index=["2001-09-10", "2001-09-11", "2001-09-12"])
    with pytest.raises(PriceError, match="look like percent"):
        ash.ReturnPanel.from_frame(wide, kind="simple")


def test_a_wide_table_is_answered_with_what_to_write():
    days = pd.to_datetime(["2026-06-16", "2026-06-17", "2026-06-18"])
    wide = pd.DataFrame({"A": [1.0, 2.0, 3.0], "B": [np.nan, 2.0, 3.0]}, index=days)
    with pytest.raises(
        PriceError, match=r"\{ticker: table\[ticker\].dropna\(\) for ticker in table\}"
    ):
        ash.PricePanel.from_frames(wide, calendar="XHKG")
    panel = ash.PricePanel.from_frames({t: wide[t].dropna() for t in wide}, calendar="XHKG")
    assert panel.tickers == ("A", "B")
