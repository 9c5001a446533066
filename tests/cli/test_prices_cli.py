"""``prices fetch`` and ``prices check`` at the terminal, against a loopback Yahoo."""

from __future__ import annotations

import json
from functools import partial

import pandas as pd
import pytest
import yahoo_stub
from yahoo_stub import LoopbackSession, Stub, serve

from aftershock.sessions import Sessions

DAYS = Sessions.exchange("XHKG", pd.Timestamp("2026-06-01"), pd.Timestamp("2026-06-18")).dates


@pytest.fixture
def stub(tmp_path, monkeypatch, make_bars):
    """A loopback Yahoo with two tickers, asked by whatever asks Yahoo."""
    import yfinance

    yfinance.set_tz_cache_location(str(tmp_path / "zones"))
    made = Stub()
    made.put("0005.HK", make_bars(DAYS, [100.0 + at for at in range(len(DAYS))]))
    made.put("^HSI", make_bars(DAYS, [24000.0 + at for at in range(len(DAYS))]))
    with serve(made) as port:
        monkeypatch.setattr(
            "aftershock.prices.courier.Courier", lambda limit: LoopbackSession(port, limit)
        )
        monkeypatch.setattr("time.sleep", lambda seconds: None)
        yield made


@pytest.fixture
def cli(command, tmp_path, stub):
    (tmp_path / "aftershock.toml").write_text(
        'title = "T"\ncalendar = "XHKG"\nbenchmark = "^HSI"\nsource = "yahoo"\n'
        'tickers = ["0005.HK"]\n',
        "utf-8",
    )
    return partial(command, cwd=tmp_path)


def test_fetch_stores_and_says_what_there_is(cli, stub):
    code, out, err = cli("prices", "fetch")
    assert (code, err) == (0, "")
    assert "0005.HK" in out
    assert "HKD" in out
    assert "2026-06-18" in out
    stub.asked.clear()
    code, out, _ = cli("prices", "fetch", "--offline")
    assert code == 0
    assert "from the store (offline): fetched 0 minutes ago" in out
    assert stub.asked == []


def test_fetch_is_strict(cli, stub):
    cli("prices", "fetch")
    stub.break_("^HSI", yahoo_stub.reset)
    code, out, err = cli("prices", "fetch")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("error: Yahoo could not be reached for ^HSI (the connection was cut")
    assert "stored prices of 0005.HK are untouched" in err


def test_a_contradiction_is_told_and_accepted(cli, stub, make_bars):
    cli("prices", "fetch")
    closes = [100.0 + at for at in range(len(DAYS) - 1)]
    stub.put("0005.HK", make_bars(DAYS, [*closes, 555.0]))
    code, out, _ = cli("prices", "fetch")
    assert code == 0
    assert "0005.HK 2026-06-18 contradiction:" in out
    assert "Close stored 113, now 555" in out
    code, out, _ = cli("prices", "fetch", "--accept")
    assert "0005.HK 2026-06-18 revision:" in out
    code, out, _ = cli("prices", "fetch")
    assert "contradiction" not in out


def test_what_is_accepted_is_listed_first(cli, stub, make_bars):
    cli("prices", "fetch")
    bars = make_bars(DAYS, [100.0 + at for at in range(len(DAYS))])
    bars.loc[DAYS[[3, 7]], "Close"] += 0.5
    stub.put("0005.HK", bars, dividends={str(DAYS[5]): 2.0})
    code, out, err = cli("prices", "fetch", "--accept")
    assert (code, err) == (0, "")
    assert out.splitlines()[:3] == [
        "0005.HK 2026-06-04 revision: Close stored 103, now 103.5",
        "0005.HK 2026-06-08 late: Dividends 2",
        "0005.HK 2026-06-10 revision: Close stored 107, now 107.5",
    ]


def test_a_span_is_fetched_again(cli, stub, make_bars):
    cli("prices", "fetch")
    bars = make_bars(DAYS, [100.0 + at for at in range(len(DAYS))])
    bars.loc[DAYS[[3, 7]], "Close"] += 0.5
    stub.put("0005.HK", bars)
    _, out, _ = cli("prices", "fetch", "--again", "2026-06-01..2026-06-05", "--accept")
    assert out.splitlines()[0] == "0005.HK 2026-06-04 revision: Close stored 103, now 103.5"
    assert "2026-06-10" not in out
    _, out, _ = cli("prices", "fetch")
    assert out.splitlines()[0] == "0005.HK 2026-06-10 contradiction: Close stored 107, now 107.5"


def test_an_earlier_day_is_asked_of_the_store_alone(cli, stub, tmp_path):
    cli("prices", "fetch")
    stub.asked.clear()
    code, out, _ = cli("prices", "fetch", "--as-of", "2999-01-01")
    assert code == 0
    assert "as the store had them at the end of 2999-01-01: last bar 2026-06-18" in out
    code, out, err = cli("prices", "fetch", "--as-of", "2026-06-10")
    assert (code, out) == (2, "")
    assert "nothing was stored of 0005.HK, ^HSI by the end of 2026-06-10" in err
    settings = tmp_path / "aftershock.toml"
    settings.write_text(settings.read_text("utf-8") + "as_of = 2026-06-10\n", "utf-8")
    code, _, err = cli("prices", "check")
    assert "nothing was stored of 0005.HK, ^HSI by the end of 2026-06-10" in err
    assert stub.asked == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--accept", "--source", "sample"], "--accept revises the store of yahoo; the source sa"),
        (["--again", "2026-06-01", "--source", "sample"], "--again revises the store of yahoo"),
        (["--as-of", "2026-06-01", "--source", "sample"], "as_of looks back in the store of yahoo"),
        (
            ["--accept", "--offline"],
            "--accept asks Yahoo; leave out --offline, --as-of and the setting as_of",
        ),
        (["--again", "2026-06-01", "--as-of", "2026-06-01"], "--again asks Yahoo; leave out"),
        (["--again", "yesterday"], "--again: 'yesterday' is no day; write one as 2026-07-08"),
        (["--again", "2026-06-05..2026-06-01"], "the span ends before it begins; write FROM..TO"),
        (["--as-of", "1 June"], "--as-of: '1 June' is no day; write one as 2026-07-08"),
    ],
)
def test_options_that_cannot_be_are_one_sentence(cli, options, sentence):
    code, out, err = cli("prices", "fetch", *options)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert sentence in err


def test_check_prints_writes_and_gives_json(cli, stub, make_bars, tmp_path):
    bars = make_bars(DAYS, [100.0 + at for at in range(len(DAYS))])
    bars.loc["2026-06-10", ["Open", "High", "Low", "Close", "Volume"]] = [109.0] * 4 + [0]
    stub.put("0005.HK", bars.drop(pd.Timestamp("2026-06-04")))
    code, out, err = cli("prices", "check")
    assert (code, err) == (0, "")
    assert out.startswith("newest price 2026-06-18, ")
    for word in ("flat_zero_volume", "2026-06-10", "gap", "2026-06-04", "warning", "placeholder"):
        assert word in out
    table = pd.read_csv(tmp_path / "results" / "prices-check.csv")
    assert {"flat_zero_volume", "gap"} <= set(table["check"])
    code, out, _ = cli("prices", "check", "--json", "--offline")
    rows = json.loads(out)
    kept = [row for row in rows if row["severity"] == "warning"]
    assert {(row["ticker"], row["check"], row["session"]) for row in kept} == {
        ("0005.HK", "flat_zero_volume", "2026-06-10"),
        ("0005.HK", "gap", "2026-06-04"),
    }
    assert set(rows[0]) == set(table.columns)


def test_a_wrong_ticker_is_one_sentence_with_a_hint(cli):
    code, out, err = cli("prices", "fetch", "0005.KH")
    assert (code, out) == (2, "")
    assert err.startswith("error: Yahoo has no ticker 0005.KH: did you mean 0005.HK?")


def test_a_run_off_line_says_how_old_its_prices_are(cli, tmp_path, stub):
    cli("prices", "fetch")
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "e.yaml").write_text(
        "- id: call\n  ticker: 0005.HK\n  kind: announcement\n  when: 2026-06-15\n"
        "  timing: pre_open\n  title: A call\n  source: made up\n",
        "utf-8",
    )
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "s.py").write_text(
        "import aftershock as ash\n"
        'study = ash.Study(title="S", events=ash.select(kind="announcement"),\n'
        '    model=ash.MarketAdjusted(benchmark="^HSI"), returns="simple", estimation=(-7, -2),\n'
        "    window=(-1, 1), min_obs=3)\n",
        "utf-8",
    )
    stub.asked.clear()
    code, out, err = cli("study", "s", "--offline")
    assert code == 0, err
    assert stub.asked == []
    assert "from the store (offline): fetched" in out
    (manifest,) = (tmp_path / "results").glob("2*/*/manifest.json")
    (warning, *_) = json.loads(manifest.read_text("utf-8"))["warnings"]
    assert "from the store (offline)" in warning
    assert "from the store (offline)" in manifest.with_name("report.html").read_text("utf-8")
