"""Published data sets with published results; each runs through Study.fit where it can.

Tolerances: every target is printed to 7 digits or more and computed in double precision, so
1e-6 relative is the print, and 1e-9 what two double-precision programs agree on.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import aftershock as ash
from aftershock.events.kinds import custom_kind
from aftershock.study.inference.cross_section import crude_dependence
from aftershock.study.inference.ranks import corrado
from aftershock.study.inference.sign import generalised_sign

PRINT = 1e-6
DOUBLE = 1e-9


def events(rows, **options):
    base = {"kind": "announcement", "timing": "pre_open"}
    return ash.EventBook.from_frame(pd.DataFrame([{**base, **row} for row in rows]), **options)


class TestCovid:
    """Seven US stocks on five days of March 2020, market model (R estudy2)."""

    DAYS = ("2020-03-16", "2020-03-17", "2020-03-18", "2020-03-19", "2020-03-20")

    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls, shared):
        return shared / "reference" / "estudy2_covid"

    @pytest.fixture(scope="class")
    @classmethod
    def result(cls, folder):
        wide = pd.read_csv(folder / "rates.csv", index_col="date", parse_dates=True)
        market = pd.read_csv(folder / "rates_gspc.csv", index_col="date", parse_dates=True)
        panel = ash.ReturnPanel.from_frame(wide.join(market), kind="log")
        study = ash.Study(
            title="covid", events=ash.select(), model=ash.MarketModel(benchmark="^GSPC"),
            returns="log", estimation=(-240, -1), window=(0, 4), min_obs=200,
            cars=[(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (0, 4)],
        )  # fmt: skip
        rows = [{"id": t, "ticker": t, "when": cls.DAYS[0]} for t in wide.columns]
        return study.fit(events(rows), panel)

    def test_coefficients(self, result, folder):
        expected = pd.read_csv(folder / "expected_coefficients_sim.csv", index_col=0)
        own = result.estimates.set_index("event").loc[expected.index]
        for name in ("alpha", "beta"):
            np.testing.assert_allclose(own[name], expected[name], rtol=DOUBLE)
        n_obs = result.events.set_index("id")["n_obs"].loc[expected.index]
        assert n_obs.tolist() == expected["n"].tolist()  # unequal: 240, ZM 227, UBER 212

    def daily(self, result, test):
        tests = result.tests.query("test == @test and start == end")
        return tests.set_index("start").loc[range(5), "statistic"].to_numpy()

    def test_means_and_the_tests_that_need_no_standardisation(self, result, folder):
        expected = pd.read_csv(folder / "expected_parametric_sim.csv")
        np.testing.assert_allclose(result.aar["aar"], expected["mean"], rtol=DOUBLE)
        for test, column in (
            ("cross-sectional t", "t_test_stat"),
            ("crude dependence", "bw_1985_stat"),
        ):
            np.testing.assert_allclose(self.daily(result, test), expected[column], rtol=PRINT)

    def test_patell_and_bmp_are_the_textbooks(self, result):
        # reference/README: the package's own take n - 1 for the residual variance
        patell = [2.544440, -2.942074, 0.328963, 8.402698, 6.305735]
        bmp = [1.204284, -1.175179, 0.076377, 2.166887, 8.654536]
        np.testing.assert_allclose(self.daily(result, "Patell"), patell, atol=6e-7)
        np.testing.assert_allclose(self.daily(result, "BMP"), bmp, atol=6e-7)

    def test_signs_and_signed_ranks(self, result, folder):
        expected = pd.read_csv(folder / "expected_nonparametric_sim.csv")
        np.testing.assert_allclose(self.daily(result, "sign"), expected["sign_stat"], rtol=PRINT)
        assert self.daily(result, "Wilcoxon").tolist() == expected["wlcx_stat"].tolist()
        # the package pools the days of all firms into one share of positive residuals
        ar = result.ar.to_numpy()
        pooled = 0.4966442953
        own = [generalised_sign(ar[:, day], np.full(7, pooled)) for day in range(5)]
        np.testing.assert_allclose(own, expected["gsign_stat"], rtol=PRINT)

    def test_the_cumulated_window(self, result, folder):
        expected = pd.read_csv(folder / "expected_car_parametric_sim.csv").set_index("name")
        test = result.tests.query("test == 'crude dependence' and start == 0 and end == 4")
        target = expected.loc["car_brown_warner_1985", "statistic"]
        assert test["statistic"].iloc[0] == pytest.approx(target, rel=PRINT)


class TestTerror:
    """33 indices after 2001-09-11, constant mean over days -30 to -11 (R eventstudies)."""

    @pytest.fixture
    def folder(self, shared):
        return shared / "reference" / "r_eventstudies"

    def test_every_market(self, folder):
        wide = pd.read_csv(folder / "TerrorIndiceReturns.csv", index_col=0, parse_dates=True) / 100
        dates = pd.read_csv(folder / "TerrorAttack.csv")
        expected = pd.read_csv(folder / "expected_terror_CAR.csv").set_index("market")
        study = ash.Study(
            title="terror", events=ash.select(), model=ash.MeanModel(), returns="simple",
            estimation=(-30, -11), window=(0, 10), cars=[(0, 10), (0, 5), (0, 0)], min_obs=20,
        )  # fmt: skip
        found = {}
        for name, when in dates.itertuples(index=False):
            panel = ash.ReturnPanel.from_frame(wide[[name]].dropna(), kind="simple")
            rows = [{"id": name, "ticker": name, "when": when}]
            car = study.fit(events(rows), panel).car.set_index(["start", "end"])["car"]
            found[name] = [100 * car[window] for window in ((0, 10), (0, 5), (0, 0))]
        own = pd.DataFrame(found, index=expected.columns).T.loc[expected.index]
        assert len(own) == 33
        np.testing.assert_allclose(own, expected, rtol=DOUBLE)


class TestSplits:
    """Stock splits in India, market model on everything before (R eventstudies)."""

    def test_mean_car(self, shared):
        folder = shared / "reference" / "r_eventstudies"
        stocks = pd.read_csv(folder / "StockPriceReturns.csv", index_col=0, parse_dates=True)
        others = pd.read_csv(folder / "OtherReturns.csv", index_col=0, parse_dates=True)
        panel = ash.ReturnPanel.from_frame(stocks.join(others[["NiftyIndex"]]) / 100, kind="simple")
        dates = pd.read_csv(folder / "SplitDates.csv")
        rows = [
            {"id": f"{name}-{when}", "ticker": name, "when": when}
            for name, when in dates.itertuples(index=False)
        ]
        study = ash.Study(
            title="splits", events=ash.select(), model=ash.MarketModel(benchmark="NiftyIndex"),
            returns="simple", estimation=(-10_000, -5), window=(-4, 5), min_obs=10,
            cars=[(-3, end) for end in range(-3, 6)],
        )  # fmt: skip
        result = study.fit(events(rows), panel)
        excluded = result.events.query("status == 'excluded'")
        assert len(result.events) == 22
        assert (excluded["reason"] != "").all()
        full = result.car.groupby("event")["car"].apply(lambda own: own.notna().all())
        assert full.sum() == 6
        expected = pd.read_csv(folder / "expected_splits_marketModel_classic.csv", index_col=0)
        own = result.car[result.car["event"].isin(full.index[full])].groupby("end")["car"].mean()
        # rebased to 0 on day -4, in percent
        np.testing.assert_allclose(100 * own, expected["Mean"].to_numpy()[1:], rtol=DOUBLE)


class TestEarnings:
    """670 earnings announcements, market-adjusted, by surprise (R eventstudies)."""

    def test_mean_car_by_group(self, shared):
        folder = shared / "reference" / "r_eventstudies"
        stocks = pd.read_csv(folder / "KGStockReturns.csv", index_col=0)
        market = pd.read_csv(folder / "KGMarketReturns.csv", index_col=0)
        category = pd.read_csv(folder / "KGSurpriseCategory.csv")["Category"]
        # columns are events in event time; the day in the index stands for a date
        wide = pd.DataFrame(stocks.to_numpy() - market.to_numpy(), columns=range(670))
        wide["market"] = 0.0
        wide.index = pd.date_range("2001-01-01", periods=len(wide))
        rows = [
            {
                "id": f"e{i}",
                "ticker": str(i),
                "when": "2001-01-31",
                "kind": "earnings",
                "surprise": own,
            }
            for i, own in enumerate(category)
        ]
        study = ash.Study(
            title="earnings", events=ash.select(), model=ash.MarketAdjusted(benchmark="market"),
            returns="simple", estimation=None, window=(-30, 90), cars=[(0, 0)], by="surprise",
        )  # fmt: skip
        book = events(rows, kinds={"earnings": custom_kind("earnings", ("surprise",))})
        wide = wide.rename(columns=str)
        result = study.fit(book, ash.ReturnPanel.from_frame(wide, kind="simple"))
        expected = pd.read_csv(folder / "expected_KG_CAAR.csv", index_col=0)
        for group in ("good", "medium", "bad"):
            own = result.aar[result.aar["group"] == group].set_index("offset")["caar"]
            np.testing.assert_allclose(own, expected[group].loc[own.index], rtol=DOUBLE, atol=1e-9)


class TestPfizer:
    """30 Dow stocks on 2020-11-09, five factors without an intercept."""

    @pytest.fixture
    def folder(self, shared):
        return shared / "reference" / "dj30_pfizer"

    def test_coefficients(self, folder):
        panel = pd.read_csv(folder / "ff5_panel_with_expected_ar.csv", parse_dates=["date"])
        factors = ["mktrf", "smb", "hml", "rmw", "cma"]
        panel["firm"] = panel["firm"].str.replace(" ", "_")
        wide = panel.pivot(index="date", columns="firm", values="y")
        table = panel.drop_duplicates("date").set_index("date")[factors]
        study = ash.Study(
            title="vaccine", events=ash.select(), returns="simple", min_obs=90,
            model=ash.models.FactorModel(factors, table, intercept=False),
            estimation=(-99, -10), window=(-9, 10),
        )  # fmt: skip
        rows = [{"id": f, "ticker": f, "when": "2020-11-09"} for f in wide.columns]
        result = study.fit(events(rows), ash.ReturnPanel.from_frame(wide, kind="simple"))
        expected = pd.read_csv(folder / "expected_ff5_coefficients.csv")
        expected = expected.set_index(expected["firm"].str.replace(" ", "_"))
        own = result.estimates.set_index("event").loc[expected.index]
        for i, name in enumerate(factors, start=1):
            np.testing.assert_allclose(own[name], expected[f"X Variable {i}"], atol=DOUBLE)
        np.testing.assert_allclose(own["sigma"], expected["Standard Error"], rtol=DOUBLE)
        assert set(own["dof"]) == {85}

    def test_portfolio_and_rank_statistics(self, folder):
        table = pd.read_csv(folder / "expected_ar_matrix_and_aar.csv").set_index("day")
        ar = table.drop(columns=["date", "AAR"]).to_numpy().T
        past, window = ar[:, table.index <= -10], ar[:, table.index > -10]
        assert ar.shape == (30, 110)

        def t(first, last):
            return crude_dependence(
                window[:, first + 9 : last + 10].mean(axis=0), past.mean(axis=0)
            )

        days = [t(day, day) for day in (-2, -1, 0, 1, 2)]
        expected = [-0.1714684, 0.1659062, 4.3303089, 2.1641076, -1.6388353]
        np.testing.assert_allclose(days, expected, atol=6e-8)
        cars = [t(-2, 2), t(-1, 1), t(0, 1)]
        np.testing.assert_allclose(cars, [2.1689944, 3.845339, 4.592246], atol=6e-7)
        ranks = [
            corrado(past, window, slice(first + 9, last + 10))
            for first, last in ((0, 0), (0, 1), (-2, 2))
        ]
        np.testing.assert_allclose(ranks, [1.46525, 2.463102, 1.260419], atol=6e-6)
