"""Prices as aftershock.toml asks for them: own sources, policies, rates, closed days."""

from __future__ import annotations

import datetime as dt
import json
import re

import numpy as np
import pandas as pd
import pytest

from aftershock.errors import PriceError, UnknownName, WorkspaceError
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
        ('closed = ["someday"]', WorkspaceError, "closed"),
        ('risk_free = "nowhere.csv"', PriceError, r"nowhere\.csv cannot be read"),
        ('[risk_free]\nfile = "r.csv"\nunit = "day"', WorkspaceError, "unit"),
    ],
)  # fmt: skip
def test_wrong_settings_are_one_sentence(space, text, error, message):
    with pytest.raises(error, match=message):
        settings(space, text).prices()


def test_any_ticker_can_be_a_studys_benchmark(space):
    table = pd.read_csv(space / "desk.csv")
    table["0700.HK"] = table["^HSI"] * 1.1
    table.to_csv(space / "desk.csv", index=False)
    assert "0700.HK" in settings(space).prices(further=["0700.HK"]).tickers
