"""The battery on one hand-made sample: what each test states, and when it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from aftershock.study.inference.battery import TESTS, portfolio, run_tests
from aftershock.study.inference.sample import Sample

RNG = np.random.default_rng(12)
STAGGERED_TESTS = {"chain t", "calendar-day t", "calendar covariance t", "row permutation"}


def sample(n, *, t=60, w=11, one_date=False, estimated=True):
    residuals = 0.02 * RNG.standard_normal((n, t))
    ar = 0.02 * RNG.standard_normal((n, w))
    inside = slice(5, 8)
    base = 100 if one_date else 100 + 20 * np.arange(n)[:, None]
    days = base - 70 + np.tile(np.arange(t), (n, 1))
    nothing = np.full(n, np.nan)
    return Sample(
        car=ar[:, inside].sum(axis=1),
        bhar=ar[:, inside].sum(axis=1),
        se=np.full(n, 0.035) if estimated else nothing,
        dof=np.full(n, t - 2.0) if estimated else nothing,
        share=np.full(n, 0.5) if estimated else nothing,
        residuals=residuals,
        standardised=residuals / 0.02,
        days=days,
        ar=ar,
        ar_se=np.full((n, w), 0.0205),
        inside=inside,
        window_days=base + np.tile(np.arange(3), (n, 1)),
        firm=np.arange(n),
    )


def test_every_test_states_its_null_its_distribution_and_n():
    outcomes = {outcome.test: outcome for outcome in run_tests(sample(12))}
    together = {outcome.test: outcome for outcome in run_tests(sample(12, one_date=True))}
    outcomes["crude dependence"] = together["crude dependence"]
    assert set(outcomes) == {
        "cross-sectional t", "skewness-adjusted t", "bootstrap t", "Patell", "BMP", "Kolari-Pynnonen",
        "crude dependence", "Corrado rank", "Corrado-Zivney rank", "GRANK-T", "sign", "generalised sign",
        "Wilcoxon", "BHAR, skewness-adjusted bootstrap", *STAGGERED_TESTS,
    }  # fmt: skip
    for outcome in (outcomes[name] for name in set(outcomes) - STAGGERED_TESTS):
        assert outcome.null
        assert outcome.n == 12
        assert 0.0 <= outcome.p_value <= 1.0
        assert outcome.note == ""
    assert outcomes["cross-sectional t"].dof == outcomes["BMP"].dof == 11
    assert outcomes["crude dependence"].dof == 59
    assert outcomes["GRANK-T"].dof == 59  # T' - 2 with T' = T + 1


def test_p_values_come_from_the_distribution_that_is_named():
    for outcome in run_tests(sample(12, one_date=True)):
        if outcome.test in STAGGERED_TESTS:
            assert outcome.note == "no windows overlap on different dates"
        elif outcome.distribution == "t":
            assert outcome.p_value == pytest.approx(
                2 * stats.t.sf(abs(outcome.statistic), outcome.dof)
            )
        elif outcome.distribution == "normal":
            assert outcome.p_value == pytest.approx(2 * stats.norm.sf(abs(outcome.statistic)))


@pytest.mark.parametrize("n", [1, 2])
def test_a_cross_section_of_one_or_two_is_refused(n):
    for outcome in run_tests(sample(n)):
        assert outcome.note.startswith("n too small") or outcome.test in STAGGERED_TESTS
        assert np.isnan(outcome.p_value)


def test_ranks_of_standardised_cars_need_ten():
    notes = {outcome.test: outcome.note for outcome in run_tests(sample(9))}
    assert notes["GRANK-T"] == notes["Corrado-Zivney rank"] == "n too small (at least 10)"
    assert notes["BMP"] == ""


def test_without_estimation_only_the_cross_section_speaks():
    spoken = {
        outcome.test for outcome in run_tests(sample(12, estimated=False)) if not outcome.note
    }
    assert spoken == {
        "cross-sectional t",
        "skewness-adjusted t",
        "bootstrap t",
        "sign",
        "Wilcoxon",
        "BHAR, skewness-adjusted bootstrap",
    }


def test_overlapping_windows_are_said_where_independence_is_assumed():
    notes = {outcome.test: outcome.note for outcome in run_tests(sample(12, one_date=True))}
    said = "windows overlap, and the test takes the events as independent"
    assert notes["cross-sectional t"] == notes["BMP"] == notes["Patell"] == notes["sign"] == said
    for test in ("Kolari-Pynnonen", "crude dependence", "Corrado rank", "GRANK-T"):
        assert notes[test] == ""


def test_an_exact_test_that_cannot_reject_says_so():
    notes = {outcome.test: outcome.note for outcome in run_tests(sample(5))}
    assert notes["sign"] == notes["Wilcoxon"] == "5 events cannot give p below 0.062"
    notes = {outcome.test: outcome.note for outcome in run_tests(sample(6))}
    assert notes["sign"] == notes["Wilcoxon"] == ""


def test_an_estimation_window_shorter_than_the_window_has_no_share():
    own = sample(6)
    fields = {f: getattr(own, f) for f in own.__dataclass_fields__}
    notes = {o.test: o.note for o in run_tests(Sample(**{**fields, "share": np.full(6, np.nan)}))}
    assert notes["generalised sign"].startswith("the estimation window holds no stretch as long")
    assert notes["BMP"] == ""


def test_crude_dependence_wants_one_date():
    notes = {outcome.test: outcome.note for outcome in run_tests(sample(5, one_date=False))}
    assert notes["crude dependence"] == "the events are not on one date"


def test_kolari_pynnonen_takes_the_correlation_of_the_residuals():
    own = sample(6, one_date=True)
    together = own.residuals + 0.02 * RNG.standard_normal(60)
    fields = {f: getattr(own, f) for f in own.__dataclass_fields__}
    outcomes = {o.test: o for o in run_tests(Sample(**{**fields, "residuals": together}))}
    r = np.corrcoef(together)[np.triu_indices(6, 1)].mean()
    assert r > 0.3
    factor = np.sqrt((1 - r) / (1 + 5 * r))
    assert outcomes["Kolari-Pynnonen"].statistic == pytest.approx(
        outcomes["BMP"].statistic * factor
    )


def test_few_degrees_of_freedom_and_negative_correlation_have_their_reason():
    own = sample(6, one_date=True)
    fields = {f: getattr(own, f) for f in own.__dataclass_fields__}
    thin = {o.test: o for o in run_tests(Sample(**{**fields, "dof": np.full(6, 2.0)}))}
    assert thin["Patell"].note.startswith("an estimation has 2 degrees of freedom or fewer")
    assert thin["BMP"].note.startswith("windows overlap")
    three = sample(3, one_date=True)
    fields = {f: getattr(three, f) for f in three.__dataclass_fields__}
    v = np.array([0.01, -0.02, 0.03])
    against = np.array([np.r_[v, v], np.r_[-v, v], np.r_[-v, -v]])
    days = np.array([[1, 2, 3, 4, 5, 6], [1, 2, 3, 7, 8, 9], [4, 5, 6, 7, 8, 9]])  # r is -1
    changed = Sample(**{**fields, "residuals": against, "days": days})
    notes = {o.test: o.note for o in run_tests(changed)}
    assert notes["Kolari-Pynnonen"].startswith("no variation, or a mean correlation at or below")


def test_cars_that_do_not_vary_have_no_statistic():
    flat = sample(4)
    flat = Sample(
        **{
            **{f: getattr(flat, f) for f in flat.__dataclass_fields__},
            "car": np.full(4, 0.01),
            "bhar": np.full(4, 0.01),
        }
    )
    notes = {outcome.test: outcome.note for outcome in run_tests(flat)}
    assert notes["cross-sectional t"] == notes["BMP"] == "no variation"


def test_a_missing_day_is_averaged_over_the_events_that_have_it():
    own = sample(20)
    residuals = own.residuals.copy()
    residuals[:10, 7] = np.nan  # ten of twenty observed
    residuals[:, 9] = np.nan  # nobody observed
    holed = Sample(
        **{**{f: getattr(own, f) for f in own.__dataclass_fields__}, "residuals": residuals}
    )
    mean = portfolio(holed)
    assert mean.size == 59
    assert mean[7] == pytest.approx(own.residuals[10:, 7].mean())
    assert mean[0] == pytest.approx(own.residuals[:, 0].mean())


def test_leaving_one_out_leaves_the_rest():
    own = sample(6)
    rest = own.without(2)
    assert rest.n == 5
    np.testing.assert_array_equal(rest.car, np.delete(own.car, 2))
    assert rest.residuals.shape == (5, 60)


def test_the_same_seed_gives_the_same_bootstrap():
    own = sample(8)
    first, second = ({o.test: o.p_value for o in run_tests(own)} for _ in range(2))
    assert first["bootstrap t"] == second["bootstrap t"]


def test_test_names_are_unique():
    names = [test.name for test in TESTS]
    assert len(names) == len(set(names))


def test_the_methods_page_has_every_test_with_its_fewest_events(root):
    lines = (root / "docs" / "methods.md").read_text("utf-8").splitlines()
    rows = [
        line.replace("\\|", "").strip("| ").split(" | ") for line in lines if line.startswith("|")
    ]
    table = {row[0]: row for row in rows}
    for test in TESTS:
        assert table[test.name][4].split(",")[0] == str(test.fewest), test.name
        judged = {"t": "t, ", "normal": "normal", "binomial": "exact binomial",
                  "bootstrap": "999 resamples", "signed rank": "exact to N = 50", "placebo": "placebo"}  # fmt: skip
        assert table[test.name][3].startswith(judged[test.distribution]), test.name


def test_the_methods_page_has_every_model(root):
    from aftershock.study import models

    page = (root / "docs" / "methods.md").read_text("utf-8")
    parts = {"Design", "Estimate", "Market", "Model", "NotEstimable"}
    for name in set(models.__all__) - parts:
        assert f"`{name}`" in page or f"`models.{name}`" in page, name


def staggered(apart, *, n=6, one_firm=False, rho=0.0):
    """Six events whose three-session windows begin ``apart`` sessions after one another."""
    own = sample(n)
    window_days = 100 + apart * np.arange(n)[:, None] + np.arange(3)
    days = np.tile(np.arange(60), (n, 1))
    common = 0.02 * RNG.standard_normal(60)
    residuals = np.sqrt(1 - rho) * own.residuals + np.sqrt(rho) * common
    firm = np.zeros(n, dtype=int) if one_firm else np.arange(n)
    return replace(own, window_days=window_days, days=days, residuals=residuals, firm=firm)


def test_tests_of_independent_events_refuse_windows_that_overlap_on_different_dates():
    notes = {o.test: o.note for o in run_tests(staggered(1, rho=0.9))}
    refused = set(notes) - STAGGERED_TESTS - {"Kolari-Pynnonen"}
    ranked = {"GRANK-T", "Corrado-Zivney rank"}  # refused already, for want of events
    for name in refused - ranked:
        assert notes[name].startswith("windows overlap on different dates"), name
    assert notes["Kolari-Pynnonen"] == ""
    assert notes["chain t"] == "1 chain of windows, at least 3 needed"
    assert (
        notes["calendar-day t"] == "no estimation rows that all stocks have before the first event"
    )


def test_a_little_overlap_is_said_and_no_reason_to_refuse():
    own = staggered(20)
    days = own.window_days.copy()
    days[1] = days[0] + 2  # one pair of fifteen, one session of three, independent stocks
    outcomes = {o.test: o for o in run_tests(replace(own, window_days=days))}
    assert 0.0 <= outcomes["BMP"].p_value <= 1.0
    assert "1 pair of windows overlap on different dates" in outcomes["BMP"].note
    assert outcomes["chain t"].dof == 4  # five chains


def test_one_stock_inside_a_chain_is_refused_by_all_but_the_tests_made_for_it():
    outcomes = {o.test: o for o in run_tests(staggered(2, one_firm=True))}
    for name in set(outcomes) - STAGGERED_TESTS - {"GRANK-T", "Corrado-Zivney rank"}:
        assert outcomes[name].note.startswith("one stock has two events"), name
    apart = {o.test: o for o in run_tests(staggered(3, one_firm=True))}
    assert apart["BMP"].note == apart["Kolari-Pynnonen"].note == ""
