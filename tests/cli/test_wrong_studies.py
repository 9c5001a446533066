"""Studies that cannot be: what the command line says of them."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

STUDY = """import aftershock as ash
study = ash.Study(
    title="{name}", events=ash.select({events}), model={model}, returns="simple",
    estimation={estimation}, window=(-5, 5), cars=[(0, 0)],
)
"""
ALL = 'kind="lockup_expiry"'
WRONG = {
    "regressors": {"model": 'ash.models.Dimson("^GSPC", lags=40, leads=20)'},
    "flat": {"model": 'ash.MarketModel(benchmark="FLAT")'},
    "itself": {"model": 'ash.MarketModel(benchmark="FB")'},
    "twin": {"model": 'ash.MarketModel(benchmark="TWIN")'},
    "single": {"events": 'id="fb-lockup-2012-11"'},
}


@pytest.fixture
def space(tmp_path, root):
    """The example's workspace, with a stock that does not move and one that is FB again."""
    folder = tmp_path / "ws"
    shutil.copytree(
        root / "examples" / "facebook-2012",
        folder,
        ignore=shutil.ignore_patterns("20*", "latest", ".lock", "index*.html"),
    )
    bars = (folder / "prices" / "FB.csv").read_text("utf-8").splitlines()
    flat = [bars[0], *(f"{line.split(',')[0]},9,9,9,9,9,1000" for line in bars[1:])]
    (folder / "prices" / "FLAT.csv").write_text("\n".join(flat) + "\n", "utf-8")
    (folder / "prices" / "TWIN.csv").write_text("\n".join(bars) + "\n", "utf-8")
    settings = (folder / "aftershock.toml").read_text("utf-8")
    settings = settings.replace('tickers = ["FB"]', 'tickers = ["FB"]\npeers = ["FLAT", "TWIN"]')
    (folder / "aftershock.toml").write_text(settings, "utf-8")
    return folder


def add(
    space, name, *, events=ALL, model='ash.MarketModel(benchmark="^GSPC")', estimation=(-60, -11)
):
    text = STUDY.format(name=name, events=events, model=model, estimation=estimation)
    (space / "studies" / f"{name}.py").write_text(text, "utf-8")


def run(space, *names):
    start = "from aftershock.cli import main; main()"
    command = [sys.executable, "-c", start, "study", *names, "--workspace", str(space)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_overlapping_windows_are_refused_before_anything_is_written(space):
    add(space, "overlap", estimation=(-60, -5))
    done = run(space, "overlap")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "overlap.py:2" in line
    assert "estimation=(-60,-5) overlaps window=(-5,5); it must end at -6 or before" in line
    assert [path.name for path in (space / "results").iterdir()] == ["README.md"]


def test_what_no_event_can_carry_is_its_reason(space):
    for name, options in WRONG.items():
        add(space, name, **options)
    done = run(space, *WRONG)
    assert done.returncode == 0
    for said in (
        "50 returns in the estimation window cannot identify 62 coefficients (alpha, beta -40,",
        "alpha, beta are not identified: a benchmark is constant over the estimation window",
        "FB is the stock and its own benchmark",
        "the benchmark repeats the stock, or the stock does not move",
        "no event could be studied; the reasons stand with the events",
        "all, n = 1: n too small (cross-sectional t, ",
    ):
        assert said in done.stdout
    assert "Traceback" not in done.stderr
