"""Prices as aftershock.toml asks for them: own sources, policies, rates, closed days."""

from __future__ import annotations

import datetime as dt
import json
import re

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.errors import PriceError, SessionError, UnknownName, WorkspaceError
from aftershock.sessions import Sessions
from aftershock.workspace.load import Workspace
from aftershock.workspace.request import Request
from aftershock.workspace.run import run_workspace

DAYS = Sessions.exchange("XHKG", dt.date(2026, 4, 8), dt.date(2026, 6, 30)).dates


def documented(root):
    """Return the source that docs/prices.md shows."""
    text = (root / "docs" / "prices.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(# desk\.py\n.*?)```", text, flags=re.DOTALL)
    assert len(code.splitlines()) <= 15
    return code


@pytest.fixture
def space(tmp_path, root):
    (tmp_path / "events").mkdir()
    (tmp_path / "studies").mkdir()
    rng = np.random.default_rng(7)
    returns = rng.standard_normal((len(DAYS), 2))
    closes = pd.DataFrame(
        100 * np.exp(0.02 * np.cumsum(returns, axis=0)),
        index=pd.DatetimeIndex(DAYS),
        columns=["0005.HK", "^HSI"],
    )
    closes.rename_axis("Date").to_csv(tmp_path / "desk.csv")
    (tmp_path / "desk.py").write_text(documented(root), "utf-8")
    return tmp_path


def settings(space, text="", source="desk.py"):
    (space / "aftershock.toml").write_text(
        f'title = "T"\ncalendar = "XHKG"\nbenchmark = "^HSI"\nsource = "{source}"\n'
        f'tickers = ["0005.HK"]\n{text}\n',
        "utf-8",
    )
    return Workspace.open(space)


def test_an_own_source_is_a_file_of_the_workspace(space):
    panel = settings(space).prices()
    assert panel.tickers == ("0005.HK", "^HSI")
    assert panel.close.shape[0] > 50
    assert panel.origin.source.endswith("desk.py")
    assert panel.origin.is_market_data


def test_a_run_hashes_the_own_source(space):
    (space / "events" / "e.yaml").write_text(
        "- id: call\n  ticker: 0005.HK\n  kind: announcement\n  when: 2026-06-10\n"
        "  timing: pre_open\n  title: A call\n  source: made up\n",
        "utf-8",
    )
    (space / "studies" / "s.py").write_text(
        "import aftershock as ash\n"
        'study = ash.Study(title="S", events=ash.select(kind="announcement"),\n'
        '    model=ash.MarketModel(benchmark="^HSI"), returns="simple", estimation=(-30, -6),\n'
        "    window=(-2, 2), min_obs=10)\n",
        "utf-8",
    )
    path = run_workspace(settings(space, "risk_free = 0.03"), Request())
    manifest = json.loads((path / "manifest.json").read_text("utf-8"))
    assert any(name.endswith("desk.py") for name in manifest["inputs"])
    assert manifest["is_market_data"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", r"defines no source; write source = MySource"),
        ("source = 3", r"defines no source"),
        ("source =", r"desk\.py:1 does not import"),
        ("class S:\n    def daily(self, t, s, e):\n        return {}\nsource = S", "defines no source"),
        ("class S:\n    def daily(self, t, s, e):\n        return {}\nsource = S()",
         r"desk\.py has no prices for 0005\.HK, \^HSI"),
    ],
)  # fmt: skip
def test_an_own_source_that_is_wrong_is_one_sentence(space, text, message):
    (space / "desk.py").write_text(text, "utf-8")
    with pytest.raises((PriceError, WorkspaceError), match=message):
        settings(space).prices()


def test_a_missing_own_source_is_named(space):
    with pytest.raises(WorkspaceError, match=r"nowhere\.py does not exist"):
        settings(space, source="nowhere.py").prices()


def test_places_count_from_the_workspace(space):
    (space / "prices").mkdir()
    table = pd.read_csv(space / "desk.csv")
    for ticker in ("0005.HK", "^HSI"):
        table[["Date", ticker]].rename(columns={ticker: "Close"}).to_csv(
            space / "prices" / f"{ticker}.csv", index=False
        )
    panel = settings(space, source="files:prices").prices()
    assert panel.fingerprint() == settings(space).prices().fingerprint()


def test_policies_rates_and_closed_days_are_settings(space):
    table = pd.read_csv(space / "desk.csv")
    table[table["Date"] != "2026-06-10"].to_csv(space / "desk.csv", index=False)
    assert {item.check for item in settings(space).prices().flags} == {"gap"}
    assert settings(space, 'closed = ["2026-06-10"]').prices().flags == ()
    assert settings(space, "closed = [2026-06-10]").prices().flags == ()
    with pytest.raises(PriceError, match="2026-06-10 gap: .*the policy is to fail"):
        settings(space, 'quality = "fail"').prices()
    with pytest.raises(PriceError, match="the policy is to fail"):
        settings(space, '[quality]\ngap = "fail"').prices()
    settings(space, '[quality]\ndefault = "fail"\ngap = "keep"').prices()
    (space / "rates.csv").write_text("Date,Rate\n2026-01-02,0.03\n", "utf-8")
    one = settings(space, 'risk_free = "rates.csv"').prices().risk_free
    two = settings(space, "risk_free = 0.03").prices().risk_free
    np.testing.assert_allclose(one, two)
    three = settings(space, '[risk_free]\nfile = "rates.csv"\ncolumn = "Rate"').prices().risk_free
    np.testing.assert_array_equal(one, three)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ('quality = "remove"', WorkspaceError, "quality"),
        ('[quality]\ngaps = "drop"', UnknownName, "unknown quality check 'gaps': did you mean 'gap'"),
        ('closed = ["someday"]', WorkspaceError, r"toml: closed: 'someday' is no day"),
        ("closed = [20260610]", WorkspaceError, "closed: 20260610 is no day"),
        ('closed = "2026-06-10"', WorkspaceError, "write a list of days"),
        ("open = [2026-06-10]", SessionError, "2026-06-10 is a session of XHKG already"),
        ("open = [2026-06-20]\nclosed = [2026-06-20]", WorkspaceError, "in closed and in open"),
        ("early_close = {2026-06-10 = 1400}", WorkspaceError, "early_close: 1400 is no time"),
        ("early_close = [2026-06-10]", WorkspaceError, "write days with local times"),
        ('early_close = {2026-06-20 = "14:00"}', SessionError, "2026-06-20 is no session"),
        ('early_close = {2026-06-10 = "17:00"}', SessionError, "outside the hours of XHKG"),
        ('risk_free = "nowhere.csv"', PriceError, r"nowhere\.csv cannot be read"),
        ('[risk_free]\nfile = "r.csv"\nunit = "day"', WorkspaceError, "unit"),
    ],
)  # fmt: skip
def test_wrong_settings_are_one_sentence(space, text, error, message):
    with pytest.raises(error, match=message):
        settings(space, text).prices()


STORM = """
closed = [2026-06-10]
open = [2026-06-20]
early_close = {2026-06-11 = "14:00", 2026-06-12 = 13:30:00}
"""
CALL = """
- id: {id}
  ticker: 0005.HK
  kind: announcement
  when: {when}
  title: A call
  source: made up
"""


class Buy(ash.EventStrategy):
    events = ash.select(kind="announcement")

    def on_offset(self, event, offset):
        if offset == 1:
            self.enter_long(event, weight=0.1)
        elif self.sessions_held(event) == 1:
            self.leave(event)


STUDY = """
import aftershock as ash

study = ash.Study(title="S", events=ash.select(kind="announcement"),
    model=ash.MarketModel(benchmark="^HSI"), returns="simple", estimation=(-30, -6),
    window=(0, 1), min_obs=10)
"""


@pytest.fixture
def storm(space):
    """Return a workspace whose exchange closed, opened and ended early out of order."""
    calls = [
        ("ended", "2026-06-11 15:00 +08:00"),
        ("before", "2026-06-11 13:59 +08:00"),
        ("shut", "2026-06-10 11:00 +08:00"),
        ("extra", "2026-06-20 11:00 +08:00"),
    ]
    text = "".join(CALL.format(id=name, when=when) for name, when in calls)
    (space / "events" / "e.yaml").write_text(text, "utf-8")
    (space / "studies" / "s.py").write_text(STUDY, "utf-8")
    table = pd.read_csv(space / "desk.csv")
    extra = table.iloc[[-1]].assign(Date="2026-06-20")
    table = pd.concat([table[table["Date"] != "2026-06-10"], extra]).sort_values("Date")
    table.to_csv(space / "desk.csv", index=False)
    return settings(space, STORM)


DAY_ZERO = {
    "ended": "2026-06-12",
    "before": "2026-06-11",
    "shut": "2026-06-11",
    "extra": "2026-06-20",
}


def test_prices_events_studies_and_backtests_count_the_same_sessions(storm):
    panel = storm.prices()
    assert panel.flags == ()
    assert panel.notes == ()
    result = storm.study("s").fit(storm.events(), panel)
    found = result.events.set_index("id")["session"].dt.strftime("%Y-%m-%d")
    assert found.to_dict() == DAY_ZERO
    bars = {
        ticker: pd.DataFrame(
            dict.fromkeys(("Open", "High", "Low", "Close"), panel.close[:, i]) | {"Volume": 1e6},
            index=pd.DatetimeIndex(panel.sessions.dates),
        )
        for i, ticker in enumerate(panel.tickers)
    }
    traded = ash.PricePanel.from_frames(bars, calendar="XHKG", overrides=storm.settings.overrides)
    outcome = ash.Backtest(Buy).run(storm.events(), traded, benchmark="^HSI")
    entered = outcome.events.set_index("id")["session"].dt.strftime("%Y-%m-%d")
    assert entered.to_dict() == DAY_ZERO


def test_any_ticker_can_be_a_studys_benchmark(space):
    table = pd.read_csv(space / "desk.csv")
    table["0700.HK"] = table["^HSI"] * 1.1
    table.to_csv(space / "desk.csv", index=False)
    assert "0700.HK" in settings(space).prices(further=["0700.HK"]).tickers
