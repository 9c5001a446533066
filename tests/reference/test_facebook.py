"""The example workspace on real prices that ship with it."""

from __future__ import annotations

import pytest

import aftershock as ash
from aftershock.workspace.load import Workspace


@pytest.fixture(scope="module")
def workspace(root):
    return Workspace.open(root / "examples" / "facebook-2012")


@pytest.fixture(scope="module")
def prices(workspace):
    settings = workspace.settings
    return ash.load_prices(
        settings.all_tickers, source=workspace.source(None), calendar=settings.calendar
    )


def test_day_zero_returns_are_the_published_ones(workspace, prices):
    result = workspace.study("lockups").fit(workspace.events(), prices)
    day_zero = result.abnormal_returns.query("offset == 0")
    assert [str(day.date()) for day in day_zero["session"]] == [
        "2012-08-16", "2012-10-15", "2012-10-31", "2012-11-14", "2012-12-14",
    ]  # fmt: skip
    assert (100 * day_zero["ret"]).round(2).tolist() == [-6.27, 0.00, -3.78, 12.59, -5.06]
    assert result.events["status"].tolist() == ["used"] * 5


def test_the_short_is_traded_on_a_plain_exchange(workspace, prices):
    exchange = workspace.exchange()
    assert isinstance(exchange, ash.exchanges.PlainExchange)
    backtest = ash.Backtest(
        workspace.strategy("unlock_short"), exchange=exchange, cash=workspace.settings.cash
    )
    result = backtest.run(workspace.events(), prices, benchmark="^GSPC")
    assert len(result.trades) == 5
    assert set(result.costs["item"]) == {"commission", "borrow"}
    # opens of 2012-08-02 and 2012-08-23 in the files
    assert result.trades["entry_price"].iloc[0] == 20.77
    assert result.trades["exit_price"].iloc[0] == 19.50
    assert "no inference: see placebo" in result.versus["note"].tolist()


def test_the_prices_are_what_the_script_extracts(root, workspace):
    pytest.importorskip("bokeh_sampledata")
    pytest.importorskip("arch")
    from aftershock.content import load_file

    script = load_file(root / "examples" / "facebook-2012" / "extract_prices.py")
    folder = root / "examples" / "facebook-2012" / "prices"
    own = {path.name: path.read_bytes() for path in folder.glob("*.csv")}
    assert set(own) == {"FB.csv", "^GSPC.csv"}
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as made:
        script.PRICES = Path(made)
        script.main()
        assert {path.name: path.read_bytes() for path in Path(made).iterdir()} == own
