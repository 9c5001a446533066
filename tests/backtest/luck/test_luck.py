"""Checks against published examples, sums done by hand, and simulations with known truth."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import aftershock as ash
from aftershock.backtest.luck.bootstrap import bootstrap_mean
from aftershock.backtest.luck.check import Check, refusal
from aftershock.backtest.luck.deflated import deflate, expected_maximum, probabilistic_sharpe
from aftershock.backtest.luck.influence import leave_one_out
from aftershock.backtest.luck.overfitting import overfitting
from aftershock.backtest.luck.verdict import Trials, judge
from aftershock.backtest.luck.walk_forward import walk_forward
from aftershock.backtest.placebo import Placebo
from aftershock.backtest.result import BacktestResult
from aftershock.backtest.text import luck_sentence, summarise, terminal

NAN = float("nan")

# deflated Sharpe ratio


@pytest.mark.parametrize(
    ("trials", "skew", "kurtosis", "expected"),
    [(100, -3.0, 10.0, 0.9004), (46, -3.0, 10.0, 0.9505), (88, 0.0, 3.0, 0.9505)],
)
def test_the_papers_numerical_example(trials, skew, kurtosis, expected):
    """Bailey and Lopez de Prado (2014), "A numerical example".

    Annual Sharpe ratio 2.5 over 1,250 of 250 days a year, variance of the trials 1/2 a year.
    The paper prints four decimals.
    """
    beaten = expected_maximum(trials, 0.5 / 250)
    if trials == 100:
        assert beaten == pytest.approx(0.1132, abs=5e-5)
    found = probabilistic_sharpe(2.5 / math.sqrt(250), beaten, 1_250, skew, kurtosis)
    assert found == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(("trials", "exact"), [(10, 1.53875), (100, 2.50759), (1_000, 3.24144)])
def test_the_expected_highest_of_normals(trials, exact):
    """Exact expectations of the largest of N standard normals (Harter 1961); 3 % at N = 10."""
    assert expected_maximum(trials, 1.0) == pytest.approx(exact, rel=0.03)
    assert expected_maximum(trials, 4.0) == pytest.approx(2 * expected_maximum(trials, 1.0))


def test_one_trial_is_compared_with_zero():
    rng = np.random.default_rng(0)
    returns = 0.0005 + 0.01 * rng.standard_normal(2_000)
    found = deflate(returns, np.zeros(1), events=30)
    assert found.expected == 0.0
    t = returns.mean() / (returns.std(ddof=1) / math.sqrt(2_000))
    assert found.probability == pytest.approx(stats.norm.cdf(t), abs=0.01)  # normal returns
    assert found.check.p_value == pytest.approx(1 - found.probability)
    assert "one trial" in found.check.note


def test_skew_and_kurtosis_are_those_of_the_returns():
    """Against the same probability from scipy's moments; the kurtosis of a normal is 3."""
    returns = 0.001 + 0.01 * np.random.default_rng(5).standard_t(5, 500)
    sharpe = returns.mean() / returns.std(ddof=1)
    skew, kurtosis = stats.skew(returns), stats.kurtosis(returns, fisher=False)
    wide = math.sqrt((1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2) / 499)
    found = deflate(returns, np.zeros(1), events=30)
    assert found.probability == pytest.approx(stats.norm.cdf(sharpe / wide), rel=1e-12)


def test_a_true_sharpe_ratio_survives_and_the_best_of_noise_does_not():
    rng = np.random.default_rng(1)
    noise = 0.01 * rng.standard_normal((1_000, 50))
    sharpes = noise.mean(axis=0) / noise.std(axis=0, ddof=1)
    best = deflate(noise[:, sharpes.argmax()], sharpes, events=30)
    assert best.probability < 0.9
    skilled = noise[:, 0] + 0.003
    kept = np.r_[skilled.mean() / skilled.std(ddof=1), sharpes[1:]]
    assert deflate(skilled, kept, events=30).probability > 0.99
    assert deflate(noise[:, sharpes.argmax()], sharpes[:1], events=30).probability > 0.95


def test_deflation_refuses_with_the_reason():
    assert deflate(np.ones(9), np.zeros(1), events=9).note == "n = 9: no inference"
    flat = deflate(np.zeros(100), np.zeros(1), events=12)
    assert flat.note == "too few sessions, or returns that do not vary"
    assert np.isnan(flat.check.p_value)


# bootstrap


def test_the_mean_and_its_interval_agree_with_the_p_value():
    """The p-value is 5 % or less exactly where the 95 % interval leaves out zero."""
    rng = np.random.default_rng(3)
    agree = []
    for shift in np.linspace(0.1, 0.9, 25):
        found = bootstrap_mean(shift + rng.standard_normal(15), seed=5, draws=999)
        agree.append((found.p_value <= 0.05) == (found.low > 0.0 or found.high < 0.0))
    assert all(agree)
    assert 0 < found.p_value < 0.05


def test_the_bootstrap_is_near_students_t_for_normal_profits():
    net = 1_000.0 * (0.5 + np.random.default_rng(8).standard_normal(60))
    found = bootstrap_mean(net, seed=1)
    interval = stats.ttest_1samp(net, 0.0).confidence_interval(0.95)
    assert found.mean == pytest.approx(net.mean())
    assert (found.low, found.high) == pytest.approx(tuple(interval), abs=0.1 * net.std())
    assert found.p_value == pytest.approx(stats.ttest_1samp(net, 0.0).pvalue, abs=0.005)
    assert bootstrap_mean(7 * net, seed=1).p_value == found.p_value
    assert bootstrap_mean(net, seed=1) == found
    assert bootstrap_mean(-net, seed=1).p_value == found.p_value


def test_the_bootstrap_by_hand_over_every_resample():
    """7 events of 0 and three of 10: k tens among ten draws, k binomial(10, 3/10).

    A resample has mean k and variance 100 k (10 - k) / 90, n - 1 below the line, so its |t| is
    |k - 3| / sqrt(k (10 - k) / 9): without bound at k = 0, 2 at k = 1, 4 / sqrt(21 / 9) at
    k = 7. The sample's is 3 / sqrt(21 / 9) = 1.96, so k = 0, 1 and 7 and more are beyond it;
    95 % lie at or below 2, and the interval is 3 +- 2 standard errors of sqrt(21 / 9).
    """
    chance = stats.binom(10, 0.3)
    found = bootstrap_mean(np.r_[np.zeros(7), np.full(3, 10.0)], seed=3, draws=20_000)
    assert found.p_value == pytest.approx(chance.cdf(1) + chance.sf(6), abs=0.01)  # 3 errors
    assert (found.low, found.high) == pytest.approx(
        (3 - 2 * (21 / 9) ** 0.5, 3 + 2 * (21 / 9) ** 0.5)
    )


def test_the_bootstrap_rejects_a_true_null_as_often_as_it_says():
    """2,000 samples of 15 normals: 5 % within three standard errors, 1.5 points."""
    rng = np.random.default_rng(21)
    p = [bootstrap_mean(rng.standard_normal(15), seed=i, draws=399).p_value for i in range(2_000)]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.015)


def test_the_bootstrap_refuses_few_events_and_equal_ones():
    assert bootstrap_mean(np.arange(9.0), seed=0).note == "n = 9: no inference"
    assert bootstrap_mean(np.empty(0), seed=0).note == "n = 0: no inference"
    assert bootstrap_mean(np.full(12, 3.0), seed=0).note == "every event made the same"
    assert np.isfinite(bootstrap_mean(np.arange(10.0), seed=0).p_value)


# overfitting


def test_trials_without_skill_are_overfit_half_of_the_time():
    """Mean over 150 sets of noise; its standard error is 0.016, three of them are allowed."""
    rng = np.random.default_rng(2)
    for trials in (3, 20):  # odd numbers have a median of their own
        found = [
            overfitting(rng.standard_normal((160, trials)), events=20, blocks=8).probability
            for _ in range(150)
        ]
        assert np.mean(found) == pytest.approx(0.5, abs=0.06)


def test_one_truly_better_trial_is_not_overfit():
    returns = 0.01 * np.random.default_rng(4).standard_normal((480, 20))
    returns[:, 7] += 0.004
    found = overfitting(returns, events=20)
    assert found.logits.size == math.comb(16, 8)
    assert found.probability < 0.02
    assert found.loss < 0.02


def test_cross_validation_by_hand():
    """Two blocks, so two splits: the best of each half is the worst of the other.

    Trial 0 earns 3, 1 and then -3, -1; trial 1 the reverse; trial 2 earns 1, -1 throughout.
    """
    returns = np.array([[3.0, -3, 1], [1, -1, -1], [-3, 3, 1], [-1, 1, -1]])
    found = overfitting(returns, events=10, blocks=2)
    np.testing.assert_allclose(found.logits, np.log([1 / 3, 1 / 3]))  # ranks 1 of 3: 1/4
    assert (found.probability, found.loss) == (1.0, 1.0)
    kept = np.array([[3.0, -3, 1], [1, -1, -1], [3, -3, 1], [1, -1, -1]])
    found = overfitting(kept, events=10, blocks=2)
    np.testing.assert_allclose(found.logits, np.log([3.0, 3.0]))
    assert (found.probability, found.loss) == (0.0, 0.0)


def test_equal_trials_are_overfit_by_a_half_and_flat_ones_rank_at_zero():
    same = np.tile(np.random.default_rng(0).standard_normal((64, 1)), (1, 5))
    assert overfitting(same, events=10, blocks=4).probability == pytest.approx(0.5)
    flat = np.zeros((64, 3))
    flat[:, 1] = 0.01 + 0.01 * np.random.default_rng(0).standard_normal(64)
    assert overfitting(flat, events=10, blocks=4).probability == 0.0


@pytest.mark.parametrize(
    ("shape", "events", "blocks", "said"),
    [
        ((100, 5), 9, 16, "n = 9: no inference"),
        ((100, 1), 12, 16, "one trial: nothing was chosen"),
        ((20, 5), 12, 16, "20 sessions are too few for 16 blocks"),
        ((100, 5), 12, 5, "5 blocks cannot be halved"),
    ],
)
def test_overfitting_refuses_with_the_reason(shape, events, blocks, said):
    assert overfitting(np.ones(shape), events=events, blocks=blocks).check.note == said


# walk-forward


def test_walk_forward_by_hand():
    """Cell 0 is best until event 6 costs it 100; then cell 1 is."""
    net = np.zeros((12, 2))
    net[:, 0], net[:, 1] = 10.0, 8.0
    net[6, 0] = -100.0
    found = walk_forward(net, seed=0, train=5)
    assert found.events.tolist() == [5, 6, 7, 8, 9, 10, 11]
    assert found.cells.tolist() == [0, 0, 1, 1, 1, 1, 1]
    assert found.net.tolist() == [10, -100, 8, 8, 8, 8, 8]
    assert found.best == 8.0
    assert found.check.statistic == pytest.approx(-50 / 7)
    assert np.isnan(found.check.p_value)  # seven events were traded
    assert "n = 7: no inference" in found.check.note


def test_walk_forward_uses_an_event_only_when_it_has_ended():
    """Event 5 starts while event 4 is still held: four have ended, too few."""
    net = np.random.default_rng(0).standard_normal((12, 3))
    starts = np.arange(0, 120, 10)
    ends = starts + 5
    ends[4] = 52
    found = walk_forward(net, seed=0, starts=starts, ends=ends, train=5)
    assert found.events.tolist() == list(range(6, 12))
    late = walk_forward(net, seed=0, starts=starts, ends=np.full(12, 500))
    assert late.check.note == "no event starts after 5 others have ended"


def test_walk_forward_cannot_see_the_event_it_trades():
    rng = np.random.default_rng(9)
    net = rng.standard_normal((40, 6))
    changed = net.copy()
    changed[20:] = rng.standard_normal((20, 6))
    cells = [walk_forward(table, seed=0).cells[:16] for table in (net, changed)]
    assert cells[0].tolist() == cells[1].tolist()  # events 5 to 20 are chosen on those before


def test_walk_forward_finds_a_cell_that_is_better_and_nothing_in_noise():
    rng = np.random.default_rng(11)
    net = rng.standard_normal((60, 10))
    assert walk_forward(net, seed=0).check.p_value > 0.05
    net[:, 3] += 1.5
    found = walk_forward(net, seed=0)
    assert found.check.p_value < 0.01
    assert (found.cells[10:] == 3).all()


def test_walk_forward_refuses_with_the_reason_and_counts_what_was_not_traded_as_nothing():
    assert walk_forward(np.zeros((9, 4)), seed=0).check.note == "n = 9: no inference"
    assert walk_forward(np.zeros((12, 1)), seed=0).check.note == "one cell: nothing to choose"
    net = np.full((12, 2), 1.0)
    net[:, 0] = [5.0, *[NAN] * 11]  # 5 once, on average below 1 after six events
    assert walk_forward(net, seed=0, train=5).cells.tolist() == [0, 1, 1, 1, 1, 1, 1]


# leave one event out


def test_what_is_left_without_each_event():
    found = leave_one_out(("a", "b", "c"), np.array([100.0, -30, -20]), 1_000.0)
    assert found.net.tolist() == [-50, 80, 70]
    assert found.total_return.tolist() == [-0.05, 0.08, 0.07]
    assert found.decisive == ("a",)
    assert found.note == "n = 3: no inference"
    assert leave_one_out(tuple("abcdefghij"), np.ones(10), 1.0).note == ""
    assert leave_one_out((), np.empty(0), 1.0).decisive == ()


# the whole


def checks_of(n, **values):
    rng = np.random.default_rng(1)
    return {
        one.check: one
        for one in judge(rng.standard_normal(n), rng.standard_normal(200), seed=0, **values)
    }


def test_every_check_stands_in_the_table_refused_or_not():
    few = checks_of(2)
    assert list(few) == [
        "placebo", "bootstrap", "deflated sharpe", "overfitting", "walk-forward",
    ]  # fmt: skip
    assert {one.note for one in few.values()} == {
        "not run",
        "n = 2: no inference",
    }
    alone = checks_of(12)
    assert np.isfinite(alone["bootstrap"].p_value)
    assert np.isfinite(alone["deflated sharpe"].p_value)
    nothing = "one set of parameters was run: nothing was chosen"
    assert (alone["overfitting"].note, alone["walk-forward"].note) == (nothing, nothing)


def test_a_sweep_fills_every_check():
    rng = np.random.default_rng(6)
    trials = Trials(0.01 * rng.standard_normal((200, 8)), rng.standard_normal((20, 8)))
    trials.returns[:, 2] = 0.0
    assert trials.sharpes[2] == 0.0
    placebo = Check("placebo", 1.0, 0.4, 0.01, 20, "all")
    found = checks_of(20, trials=trials, placebo=placebo)
    assert all(np.isfinite(one.statistic) for one in found.values())
    assert found["placebo"] is placebo
    assert "best of 8 trials" in found["deflated sharpe"].note


@pytest.fixture
def two_unlocks(root, make_panel):
    panel = make_panel(sessions=100, seed=2)
    rows = [
        {"id": name, "kind": "lockup_expiry", "ticker": "AAA", "known_at": "2025-12-01",
         "when": str(panel.sessions.date(at))}
        for name, at in (("x", 40), ("y", 80))
    ]  # fmt: skip
    events = ash.EventBook.from_frame(pd.DataFrame(rows), calendar="XHKG")
    return ash.Backtest(root / "strategies" / "unlock_short.py").run(
        events, panel, benchmark="^IDX", placebos=0
    )


def placebo_of(result, p_value=0.1234, floor=0.0123):
    net = float(result.trades["net"].sum())
    draws = np.array([1.0, NAN, -2.5])
    return Placebo(net, draws, p_value, floor, NAN, 2, 2, "all 3 assignments on the ring")


def test_two_trades_are_no_inference_and_the_sentence_says_so(two_unlocks, tmp_path):
    judged = two_unlocks.judged(seed=0, placebo=placebo_of(two_unlocks))
    sentence = "n = 2: no inference; placebo p = 0.123 (floor 0.012), all 3 assignments on the ring"
    assert luck_sentence(judged.luck) == sentence
    assert sentence in judged.summary().splitlines()
    judged.save(tmp_path)
    again = BacktestResult.read(tmp_path, judged.record)
    assert luck_sentence(again.luck) == sentence
    heads = {
        name: (tmp_path / f"{name}.csv").read_text().splitlines()[0]
        for name in ("luck", "influence", "placebo")
    }
    assert heads == {
        "luck": "check,statistic,p_value,floor,one_day_floor,n,note",
        "influence": "left_out,net,total_return",
        "placebo": "draw,net",
    }
    assert (tmp_path / "placebo.csv").read_text().splitlines()[1:] == ["1,1.0", "2,", "3,-2.5"]
    pd.testing.assert_frame_equal(again.luck, judged.luck, check_dtype=False)
    pd.testing.assert_frame_equal(again.influence, judged.influence, check_dtype=False)


def test_the_sentence_of_more_events_and_of_none(two_unlocks):
    assert luck_sentence(two_unlocks.luck) == "n = 2: no inference; placebo not run"
    python = "n = 2: no inference; placebo not run; run(..., placebos=99) runs it"
    assert python in two_unlocks.summary().splitlines()
    shell = "n = 2: no inference; placebo not run; aftershock backtest x --placebos 99 runs it"
    assert shell in summarise(two_unlocks, terminal("backtest", "x")).splitlines()
    small = two_unlocks.judged(seed=0, placebo=placebo_of(two_unlocks, 0.0004, 0.0001))
    assert luck_sentence(small.luck).endswith(
        "placebo p = 0.0004 (floor 0.0001), all 3 assignments on the ring"
    )
    many = two_unlocks.luck.copy()
    many.loc[1, ["statistic", "p_value", "n"]] = [1_234.4, 0.0321, 24]
    assert luck_sentence(many) == (
        "n = 24: mean net 1,234 an event, bootstrap p = 0.032; placebo not run"
    )


def test_influence_adds_the_trades_of_an_event(two_unlocks):
    nets = two_unlocks.trades.set_index("event")["net"]
    table = two_unlocks.influence.set_index("left_out")
    assert table.index.tolist() == ["", "x", "y"]
    assert table.loc["x", "net"] == pytest.approx(nets["y"])
    assert table.loc["y", "total_return"] == pytest.approx(nets["x"] / 10_000_000)
    assert table.loc["", "net"] == pytest.approx(nets.sum(), abs=0.01)


def test_a_result_saved_without_the_checks_still_opens(two_unlocks, tmp_path):
    two_unlocks.save(tmp_path)
    (tmp_path / "luck.csv").unlink()
    again = BacktestResult.read(tmp_path, two_unlocks.record)
    assert again.luck["note"].tolist() == two_unlocks.luck["note"].tolist()


def test_ten_is_where_inference_starts():
    assert refusal(9) == "n = 9: no inference"
    assert refusal(10) == ""
