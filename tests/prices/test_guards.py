"""Codes, impossible values and units, by every door that returns, factors and rates come by.

The right answer is always the unbroken input: with the broken cell empty, or refused by name.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.errors import PriceError, StudyError
from aftershock.prices.rates import RiskFree
from aftershock.sessions import Sessions
from aftershock.study.models.base import Market

SESSIONS = Sessions.exchange("XHKG", dt.date(2025, 1, 2), dt.date(2025, 12, 31))
DAYS = pd.DatetimeIndex(SESSIONS.dates)
CELL = 150  # day 0 of the study is row 160
FRENCH = "data/factors/ff3_asia_pacific_ex_japan_daily.csv"


N = len(DAYS)


def simulated(sigma, seed=0, size=N):
    return sigma * np.random.default_rng(seed).standard_normal(size)


@pytest.fixture
def wide():
    market = simulated(0.01, 1)
    stock = 0.9 * market + simulated(0.02, 2)
    return pd.DataFrame({"A": stock, "M": market, "P": simulated(0.03, 3)}, index=DAYS)


@pytest.fixture
def events():
    row = {"id": "news", "ticker": "A", "kind": "announcement", "when": str(DAYS[160].date()),
           "timing": "pre_open", "source": "made up"}  # fmt: skip
    return ash.EventBook.from_frame(pd.DataFrame([row]), calendar="XHKG")


def studied(events, data, model=None, returns="simple"):
    study = ash.Study(
        title="News", events=ash.select(kind="announcement"),
        model=model or ash.MarketModel(benchmark="M"), returns=returns,
        estimation=(-120, -2), window=(-1, 1), cars=[(0, 0), (-1, 1)],
    )  # fmt: skip
    return study.fit(events, data)


def panel_of(frame, kind="simple", calendar="XHKG"):
    return ash.ReturnPanel.from_frame(frame, kind=kind, calendar=calendar)


def with_cell(frame, column, value, row=CELL):
    out = frame.astype(object) if isinstance(value, str) else frame.copy()
    out.iloc[row, out.columns.get_loc(column)] = value
    return out


CODES = [
    -44.0,
    -55.0,
    -66.0,
    -77.0,
    -88.0,
    -99.0,
    -99.99,
    -999.0,
    -0.9999,
    "B",
    "C",
    "R",
    ".A",
    ".",
]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("column", ["A", "M"])
def test_a_code_for_a_missing_value_is_missing_and_said(wide, events, code, column):
    """CRSP: RET -66, -77, -88, -99 and letters (data definitions); French: -99.99, -999."""
    coded = studied(events, panel_of(with_cell(wide, column, code)))
    right = studied(events, panel_of(with_cell(wide, column, np.nan)))
    pd.testing.assert_frame_equal(coded.car, right.car)
    pd.testing.assert_frame_equal(coded.estimates, right.estimates)
    shown = code if isinstance(code, str) else f"{code:g}"
    day = DAYS[CELL].date()
    note = f"{column}: codes for a missing value ({shown}) became missing, 1 in all, first on {day}"
    assert note in coded.warnings


@pytest.mark.parametrize("value", [-1.0, -1.5, -7.0, 1e308, np.inf, -np.inf, 5e4])
def test_what_no_simple_return_can_be_is_missing_and_said(wide, events, value):
    broken = studied(events, panel_of(with_cell(wide, "M", value)))
    right = studied(events, panel_of(with_cell(wide, "M", np.nan)))
    pd.testing.assert_frame_equal(broken.car, right.car)
    said = [text for text in broken.warnings if text.startswith("M: ")]
    assert len(said) == 1
    assert f"on {DAYS[CELL].date()} is no return and became missing" in said[0]
    assert "between -1 and 1000 are allowed" in said[0]


def test_a_log_return_may_be_below_minus_one(wide):
    panel = panel_of(with_cell(wide, "A", -1.5), kind="log")
    assert panel.values[CELL, 0] == -1.5
    assert panel.notes == ()
    assert np.isnan(panel_of(with_cell(wide, "A", -66.0), kind="log").values[CELL, 0])
    assert np.isnan(panel_of(with_cell(wide, "A", np.inf), kind="log").values[CELL, 0])


def test_words_are_no_codes(wide):
    with pytest.raises(PriceError, match="column P is not a number"):
        panel_of(with_cell(wide, "P", "abc"))


@pytest.mark.parametrize("column", ["A", "M", "P"])
@pytest.mark.parametrize("calendar", ["XHKG", None])
def test_one_column_in_percent_is_refused_by_name(wide, column, calendar):
    wide[column] *= 100
    with pytest.raises(PriceError, match=f"column {column} looks like percent among decimals"):
        panel_of(wide, calendar=calendar)


def test_a_risk_free_column_in_percent_is_refused_by_name(wide):
    rate = 0.0001 + 0.00002 * np.arange(len(DAYS)) / len(DAYS)
    assert panel_of(wide.assign(RF=rate)).notes == ()
    with pytest.raises(PriceError, match="column RF looks like percent among decimals"):
        panel_of(wide.assign(RF=100 * rate))


def test_a_whole_panel_in_percent_is_refused(wide):
    with pytest.raises(PriceError, match="the returns look like percent; divide them by 100"):
        panel_of(100 * wide)


def test_percent_that_becomes_decimals_in_mid_file_is_refused(wide):
    mixed = wide.copy()
    mixed.iloc[: len(DAYS) // 4, 1] *= 100
    with pytest.raises(PriceError, match="column M looks like percent from about 2025-01-02 on"):
        panel_of(mixed)


@pytest.mark.parametrize("sigma", [0.002, 0.005, 0.01, 0.03, 0.06, 0.10, 0.15])
@pytest.mark.parametrize("shape", ["normal", "t4"])
@pytest.mark.parametrize("size", [60, 250, 2000])
def test_decimals_from_quiet_to_wild_pass_untouched(sigma, shape, size):
    rng = np.random.default_rng(int(1e4 * sigma) + size)
    z = rng.standard_normal(size) if shape == "normal" else rng.standard_t(4, size) / np.sqrt(2)
    index = pd.bdate_range("2010-01-04", periods=size)
    frame = pd.DataFrame(
        {"X": np.expm1(sigma * z), "M": simulated(0.008, 4, size), "RF": 0.00002}, index=index
    )
    panel = panel_of(frame, calendar=None)
    np.testing.assert_array_equal(panel.values, frame.to_numpy())


@pytest.mark.parametrize("sigma", [0.6, 1.0, 3.0, 12.0])
def test_percent_from_quiet_to_wild_is_refused(sigma):
    frame = pd.DataFrame({"X": simulated(sigma, 5), "M": simulated(0.008, 4)}, index=DAYS)
    with pytest.raises(PriceError, match="column X looks like percent"):
        panel_of(frame, calendar=None)


@pytest.mark.parametrize("kind", ["simple", "log"])
@pytest.mark.parametrize("seed", range(5))
def test_a_price_of_one_or_two_ticks_passes(kind, seed):
    """A stock of 0.01 to 0.03 dollars: up 100 %, down 50 %, and most days nothing."""
    rng = np.random.default_rng(seed)
    walk = [2]
    for step in rng.choice([-1, 0, 0, 1], N):
        walk.append(min(max(walk[-1] + step, 1), 3))
    price = 0.01 * np.array(walk, dtype=float)
    moves = price[1:] / price[:-1] - 1 if kind == "simple" else np.diff(np.log(price))
    frame = pd.DataFrame({"PENNY": moves, "M": simulated(0.01, 1)}, index=DAYS)
    np.testing.assert_array_equal(panel_of(frame, kind=kind).values, frame.to_numpy())


def test_monthly_returns_are_not_taken_for_percent():
    months = pd.date_range("2000-01-31", periods=240, freq="ME")
    frame = pd.DataFrame(
        {"X": simulated(0.25, 1, 240), "M": simulated(0.045, 2, 240), "RF": np.linspace(3e-3, 5e-3, 240)},
        index=months,
    )  # fmt: skip
    assert np.isfinite(panel_of(frame, calendar=None).values).all()
    with pytest.raises(PriceError, match="column M looks like percent"):
        panel_of(frame.assign(M=100 * frame["M"]), calendar=None)


@pytest.mark.parametrize("column", ["A", "M"])
def test_a_change_of_unit_behind_returns_is_said(wide, events, column):
    """A bar a hundred times its neighbours: +9,900 % and -99 %."""
    broken = with_cell(wide, column, 99.0)
    broken = with_cell(broken, column, -0.99, CELL + 1)
    said = [text for text in studied(events, panel_of(broken)).warnings if "unit_change" in text]
    day = DAYS[CELL].date()
    what = "the prices behind these returns are 100 times the others: another unit, or wrong ones"
    assert said == [f"{column} {day} unit_change: {what}"]


def test_returns_of_real_prices_pass_untouched(hk_ai):
    values = hk_ai.returns("simple")[1:]
    frame = pd.DataFrame(values, index=pd.DatetimeIndex(hk_ai.sessions.dates[1:]))
    panel = panel_of(frame.set_axis(hk_ai.tickers, axis=1))
    np.testing.assert_array_equal(panel.values, values)
    assert panel.notes == ()


def factors(scale=1.0, rf_scale=1.0):
    rate = np.round(0.015 + 0.01 * np.sin(np.arange(len(DAYS)) / 40), 3)
    table = {"Mkt-RF": simulated(1.0, 1), "SMB": simulated(0.5, 2), "RF": rf_scale * rate}
    return scale * pd.DataFrame(table, index=DAYS)


def factor_model(table, **options):
    return ash.models.FactorModel(["Mkt-RF", "SMB"], table, rf="RF", **options)


def by_door(table, door, tmp_path):
    if door == "frame":
        return table
    path = tmp_path / "factors.csv"
    table.rename_axis("Date").to_csv(path)
    return path


@pytest.mark.parametrize("door", ["frame", "csv"])
def test_factors_in_the_unit_they_are_declared_pass(door, tmp_path):
    percent = factor_model(by_door(factors(), door, tmp_path), percent=True)
    decimal = factor_model(by_door(factors(0.01), door, tmp_path))
    np.testing.assert_allclose(percent.data, decimal.data, rtol=1e-9)
    assert percent.notes == decimal.notes == ()


WRONG_UNITS = {
    "all percent": (factors(), {}, "the factors look like percent; say percent=True"),
    "all decimals": (factors(0.01), {"percent": True}, "look like decimals .* leave percent=True out"),
    "one percent": (
        factors(0.01).assign(SMB=simulated(0.5, 2)), {}, "column SMB looks like percent among",
    ),
    "one decimal": (
        factors().assign(SMB=simulated(0.005, 2)), {"percent": True},
        "column SMB looks like decimals among percent",
    ),
    "rf percent": (factors(0.01, rf_scale=100), {}, "column RF looks like percent among decimals"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_UNITS)
@pytest.mark.parametrize("door", ["frame", "csv"])
def test_factors_in_another_unit_are_refused_by_name(case, door, tmp_path):
    table, options, message = WRONG_UNITS[case]
    with pytest.raises(StudyError, match=message):
        factor_model(by_door(table, door, tmp_path), **options)


@pytest.mark.parametrize("code", [-99.99, -999.0])
@pytest.mark.parametrize("column", ["Mkt-RF", "RF"])
@pytest.mark.parametrize("door", ["frame", "csv"])
def test_frenchs_codes_are_missing_in_percent(wide, events, code, column, door, tmp_path):
    coded = factor_model(by_door(with_cell(factors(), column, code), door, tmp_path), percent=True)
    right = factor_model(with_cell(factors(), column, np.nan), percent=True)
    panel = panel_of(wide)
    a, b = studied(events, panel, coded), studied(events, panel, right)
    pd.testing.assert_frame_equal(a.car, b.car, check_exact=False, rtol=1e-12)
    assert any(text.startswith(f"{column}: codes for a missing value") for text in a.warnings)


def test_crsps_codes_may_be_falls_in_percent(wide, events):
    model = factor_model(with_cell(factors(), "Mkt-RF", -66.0), percent=True)
    assert model.data.iloc[CELL, 0] == -0.66
    result = studied(events, panel_of(wide), model)
    assert any("Mkt-RF: -66 % on" in text and "kept" in text for text in result.warnings)


def test_codes_of_a_table_divided_by_100_are_missing_too():
    broken = with_cell(factors(), "SMB", -99.99) / 100
    model = factor_model(broken)
    assert np.isnan(model.data.iloc[CELL, 1])


def test_impossible_factors_are_missing_and_words_refused():
    model = factor_model(with_cell(factors(), "SMB", -250.0), percent=True)
    assert np.isnan(model.data.iloc[CELL, 1])
    (note,) = model.notes
    assert note.startswith(f"SMB: -250% on {DAYS[CELL].date()} is no return")
    with pytest.raises(StudyError, match="column SMB is not a number"):
        factor_model(with_cell(factors(), "SMB", "abc"), percent=True)


def test_a_change_of_unit_behind_a_factor_is_said(wide, events):
    broken = with_cell(factors(0.01), "SMB", 99.0)
    broken = with_cell(broken, "SMB", -0.99, CELL + 1)
    result = studied(events, panel_of(wide), factor_model(broken))
    assert any("SMB" in text and "unit_change" in text for text in result.warnings)


def test_factors_a_day_early_are_refused(wide, events):
    early = factors(0.01).set_axis(DAYS - pd.Timedelta(days=1), axis=0)
    with pytest.raises(StudyError, match="the factors are shifted by a day: .* Sundays"):
        studied(events, panel_of(wide), factor_model(early))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Hong_Kong"])
def test_factors_stamped_with_a_zone_keep_their_days(zone):
    stamped = factors(0.01).set_axis(DAYS.tz_localize(zone), axis=0)
    pd.testing.assert_frame_equal(factor_model(stamped).data, factor_model(factors(0.01)).data)


def test_frenchs_own_file_passes_and_its_mis_scalings_do_not(shared):
    path = shared / FRENCH
    names = ["Mkt-RF", "SMB", "HML"]
    model = ash.models.FactorModel(names, path, rf="RF", percent=True)
    assert model.notes == ()
    assert np.isfinite(model.data.to_numpy()).all()
    table = pd.read_csv(path, index_col=0)
    for column in names:  # each quiet enough for a wild stock, told by the others
        mixed = (table / 100).assign(**{column: table[column]})
        with pytest.raises(StudyError, match=f"column {column} looks like percent"):
            ash.models.FactorModel(names, mixed, rf="RF")
    with pytest.raises(StudyError, match="look like percent"):
        ash.models.FactorModel(names, path, rf="RF")
    with pytest.raises(StudyError, match="look like decimals"):
        ash.models.FactorModel(names, table / 100, rf="RF", percent=True)
    with pytest.raises(StudyError, match="column RF"):
        ash.models.FactorModel(names, (table / 100).assign(RF=table["RF"]), rf="RF")


def rates_file(tmp_path, values, name="rates.csv"):
    path = tmp_path / name
    frame = pd.DataFrame({"Date": DAYS, "RF": values})
    frame.to_parquet(path) if name.endswith("parquet") else frame.to_csv(path, index=False)
    return path


DAILY = np.linspace(0.0001, 0.0002, len(DAYS))


@pytest.mark.parametrize("name", ["rates.csv", "rates.parquet"])
def test_rates_of_a_session_in_percent_are_refused(tmp_path, name):
    right = RiskFree(file=rates_file(tmp_path, DAILY, name), per="session")
    np.testing.assert_allclose(right.over(SESSIONS), DAILY)
    percent = rates_file(tmp_path, 100 * DAILY, name)
    with pytest.raises(PriceError, match="a rate of 0.01.* looks like percent"):
        RiskFree(file=percent, per="session").over(SESSIONS)
    declared = RiskFree(file=percent, per="session", percent=True).over(SESSIONS)
    np.testing.assert_allclose(declared, DAILY)


def test_an_annual_rate_taken_for_one_of_a_session_is_refused(tmp_path):
    with pytest.raises(PriceError, match='per = "year" where rates are annual'):
        RiskFree(file=rates_file(tmp_path, np.full(len(DAYS), 0.03)), per="session").over(SESSIONS)


@pytest.mark.parametrize(("code", "percent"), [(-99.0, False), (-999.0, True), (-99.99, True)])
def test_a_code_among_annual_rates_lets_the_one_before_hold(tmp_path, code, percent):
    values = np.full(len(DAYS), 3.0 if percent else 0.03)
    values[CELL] = code
    rate = RiskFree(file=rates_file(tmp_path, values), percent=percent)
    np.testing.assert_allclose((1 + rate.over(SESSIONS)) ** 252 - 1, 0.03, rtol=1e-9)
    (note,) = rate.read(SESSIONS)[1]
    assert note.startswith("rates.csv: RF: codes for a missing value")


@pytest.mark.parametrize("value", [np.inf, -1.0, 1e308])
def test_an_impossible_rate_is_refused_with_its_day(tmp_path, value):
    values = np.full(len(DAYS), 0.03)
    values[CELL] = value
    with pytest.raises(PriceError, match=rf"a rate of \S+ on {DAYS[CELL].date()}"):
        RiskFree(file=rates_file(tmp_path, values)).over(SESSIONS)


def test_decimals_declared_percent_are_doubted_where_rates_would_be_near_zero(tmp_path):
    notes = RiskFree(file=rates_file(tmp_path, np.full(len(DAYS), 0.03)), percent=True).read(
        SESSIONS
    )[1]
    assert len(notes) == 1
    assert "leave percent out if the file is in decimals" in notes[0]
    plain = RiskFree(file=rates_file(tmp_path, np.full(len(DAYS), 3.0)), percent=True)
    assert plain.read(SESSIONS)[1] == []


@pytest.mark.parametrize("rate", [3.0, -1.0, np.nan, np.inf])
def test_a_constant_that_is_no_decimal_is_refused(rate):
    with pytest.raises(PriceError, match="0.03 is 3 %"):
        RiskFree(rate=rate).over(SESSIONS)


def test_rates_a_day_early_are_refused(tmp_path):
    path = tmp_path / "rates.csv"
    pd.DataFrame({"Date": DAYS - pd.Timedelta(days=1), "RF": DAILY}).to_csv(path, index=False)
    with pytest.raises(PriceError, match="shifted by a day"):
        RiskFree(file=path, per="session").over(SESSIONS)


def test_the_models_design_is_that_of_the_clean_factors(wide):
    market = Market(wide.to_numpy(), list(wide.columns).index, SESSIONS)
    design = factor_model(with_cell(factors(), "SMB", -99.99), percent=True).design(market)
    assert design.usable.sum() == len(DAYS) - 1
    assert not design.usable[CELL]
