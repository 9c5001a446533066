"""Words and sentences that the engine writes into files, known to the catalogues.

Where a sentence has places in it, they stand in braces; a page in another language matches
them and puts the same values into its own sentence.
"""

from __future__ import annotations

from aftershock.report.mark import mark
from aftershock.report.reasons import REASONS


def plural(one: str, many: str) -> tuple[str, str]:
    """Mark both forms of a text that counts ``{n}``."""
    return one, many


KINDS = (
    mark("listing"), mark("lockup_expiry"), mark("model_launch"), mark("price_change"),
    mark("public_exchange"), mark("policy"), mark("listing_step"), mark("index_inclusion"),
    mark("share_issue"), mark("results"), mark("competitor_launch"), mark("delisting"), mark("announcement"),
)  # fmt: skip

WORDS = (
    mark("used"), mark("approx"), mark("excluded"), mark("traded"), mark("pending"), mark("refused"),
    mark("filled"), mark("cancelled"), mark("rejected"), mark("partial"), mark("expired"),
    mark("short"), mark("long"), mark("buy"), mark("sell"), mark("market"), mark("stop"),
    mark("limit"), mark("all"), mark("hike"), mark("cut"), mark("not stated"), mark("reported"),
    mark("one_base"), mark("state"), mark("cornerstone"), mark("financial"), mark("strategic"),
    mark("founder"), mark("employee"), mark("public"), mark("unknown"), mark("volatility"), mark("volume"),
    mark("normal"), mark("binomial"), mark("bootstrap"), mark("signed rank"), mark("yes"),
    mark("day"), mark("minute"), mark("pre_open"), mark("intraday"), mark("after_close"),
)  # fmt: skip

TESTS = (
    mark("cross-sectional t"), mark("skewness-adjusted t"), mark("bootstrap t"), mark("Patell"),
    mark("BMP"), mark("Kolari-Pynnonen"), mark("crude dependence"), mark("Corrado rank"),
    mark("Corrado-Zivney rank"), mark("GRANK-T"), mark("sign"), mark("generalised sign"),
    mark("Wilcoxon"), mark("BHAR, skewness-adjusted bootstrap"), mark("placebo, jointly"),
    mark("SQ rank"), mark("placebo"), mark("deflated sharpe"), mark("ring"), mark("ring kept"),
    mark("ring left out"), mark("ring unscaled"), mark("own-window t"), mark("chain t"),
    mark("calendar-day t"), mark("calendar covariance t"), mark("row permutation"),
    mark("overfitting"), mark("walk-forward"),
    mark("abnormal volume, cross-sectional t"), mark("placebo across donors"),
    mark("conformal placebo"), mark("weighted t"),
)  # fmt: skip

NULLS = (
    mark("the mean CAR is 0"), mark("the mean standardised CAR is 0"),
    mark("event days rank like any other day"), mark("CARs are positive as often as negative"),
    mark("CARs are positive as often as without an event"), mark("CARs are symmetric around 0"),
    mark("the mean BHAR is 0"),
    mark("the mean CAR is one of those of as many windows in the stocks' histories"),
    mark("the mean standardised CAR is 0, the variance unchanged"),
    mark("the window is one of all windows of as many sessions in the stock's history"),
    mark("the mean abnormal return of the window's own days is 0"),
    mark("the day ranks like any day of the estimation window"),
    mark("the mean abnormal log turnover is 0"),
    mark("the CAR over its spread is one of the donors'"),
    mark("the window's distance from the mix is like that of any other time"),
    mark("the weighted mean CAR is 0"),
)  # fmt: skip

ITEMS = (
    mark("brokerage"), mark("stamp duty"), mark("SFC levy"), mark("AFRC levy"), mark("trading fee"),
    mark("settlement fee"), mark("borrow fee"), mark("slippage"),
    mark("commission"), mark("borrow accrued"),
)  # fmt: skip

METRICS = (
    mark("total return"), mark("annual return"), mark("annual volatility"), mark("sharpe"),
    mark("sortino"), mark("max drawdown"), mark("calmar"), mark("full sample: sessions"),
    mark("full sample: alpha a year"), mark("full sample: alpha t"), mark("full sample: alpha p"),
    mark("full sample: beta"), mark("full sample: beta t"), mark("in market: sessions"),
    mark("in market: alpha a year"), mark("in market: alpha t"), mark("in market: alpha p"),
    mark("in market: beta"), mark("in market: beta t"), mark("first session"),
    mark("last session"), mark("sessions"), mark("start equity"), mark("end equity"),
    mark("time in market"), mark("blocks in market"), mark("mean gross exposure"),
    mark("max gross exposure"), mark("turnover a year"), mark("trades"), mark("open trades"),
    mark("orders rejected"), mark("hit rate"), mark("profit factor"), mark("mean net"),
    mark("fees"), mark("borrow"), mark("interest"), mark("break even borrow"), mark("break even slippage"),
    mark("full sample: information ratio"), mark("full sample: tracking error"),
    mark("full sample: up capture"), mark("full sample: down capture"),
    mark("in market: information ratio"), mark("in market: tracking error"),
    mark("in market: up capture"), mark("in market: down capture"),
    mark("against {other}, {metric}"), mark("ruined"), mark("held: sessions"),
    mark("held: total return"), mark("held: beyond"), mark("strategy"), mark("hedged"),
)  # fmt: skip

CONVENTIONS = (
    mark("events"), mark("model"), mark("returns"), mark("day 0"), mark("estimation"),
    mark("window"), mark("standard errors"), mark("engine"), mark("groups"), mark("families"),
    mark("weights"), mark("precision"), mark("market_value"), mark("halts"), mark("chosen"), mark("{n} schedule, {k} rule, {all} after"), mark("seed"), mark("source"), mark("market data"), mark("contrast"),
    mark("orders"), mark("capital"), mark("prices"), mark("benchmark"), mark("exchange"),
    mark("costs"), mark("settlement"), mark("equity to open"),
    mark("{ticker} shortable from"),
    mark("market model {benchmark}"), mark("market-adjusted {benchmark}"),
    mark("simple, close to close, adjusted prices"), mark("log, close to close, adjusted prices"),
    mark("first session whose close is strictly after the event's instant"),
    mark("none"), mark("none: nothing is estimated"),
    mark("full prediction-error covariance, t with T - k degrees of freedom"),
    mark("statsmodels, one regression per event (the reference)"),
    mark("arrays, all events at once (equal to statsmodels to rounding)"),
    mark("one event at a time"), mark("one; opposite signs are never pooled"),
    mark("Holm and Benjamini-Hochberg over every window and event of the study"),
    mark("missing, never filled"), mark("bridged, trade to trade"), mark("no: {notice}"),
    mark("kind {kinds}"), mark("by {name}"),
    mark("{benchmark}, a price index, without dividends; it cannot itself be bought"),
    mark("decided after a close, filled at the next session's open, whole lots; a stop is a standing order filled at its level, or at the open beyond it"),
    mark("{cash}; exits fill before entries, entries in order of day 0, each sized on the equity of the last close"),
    mark("raw; adjusted prices are for studies"),
    mark("stamp duty, SFC and AFRC levies, trading and settlement fee by date; brokerage {points} basis points, at least {least}"),
    mark("{rate} a year, a scenario; on the last close before each calendar day from the sale's settlement to the cover's, over 365"),
    mark("{share} of short value, long value in full"),
    mark("a notional tracker fund: no stamp duty, no lot"),
    mark("{day}, inferred: {reason}"),
    mark("constituents of {index}, which underlies listed futures, should qualify from its inclusion on"),
    mark("a year"), mark("sessions held"), mark("cash"), mark("equity to hold"), mark("risk-free"), mark("short sales"),
    mark("splits and dividends"), mark("further benchmarks"), mark("charged"), mark("plain"),
    mark("no limit"), mark("all events"), mark("id {names}"), mark("ticker {names}"),
    mark("since {day}"), mark("until {day}"), mark("{first} minus {second}"),
    mark("any day, assumed: nothing is known about it"),
    mark("a notional tracker fund: no stamp duty, no lot, any volume"),
    mark("always to be had, never recalled: a scenario"),
    mark("earns nothing, the proceeds of short sales included"),
    mark("{points} basis points a side"),
    mark("{share} of short value at each close; below it every short is covered at the next price that can be had"),
    mark("a notional index leg worth the shorts at every close, whatever else is held: a sale's own session is not hedged, a cover's still is; charged like a fund, without brokerage"),
    mark("by the tick rule; on an open 14.9 % or more from the previous close entries, exits and stops fill at the close"),
    mark("at the open, without the tick rule"),
    mark("on the ex-date: positions and stops are restated in new shares, a fraction of a share is settled in cash at the session's open, an order to open stays one of whole lots; the close before is lowered by what falls due that morning; a dividend is paid to longs and made good by shorts, by the day of the trade and not of its settlement; a loan that is still out is owed in new shares; a trade's shares and prices are those of its last day"),
    mark("at most {share} of a session's volume a ticker; the rest of an entry expires, the rest of an exit waits"),
    mark("{rate} a year from {day}"), mark("{n} minimum spreads and {points} basis points a fill"),
    mark("{n} x daily volatility x square root of the share of volume"), mark("constant mean"),
    mark("several benchmarks {names}"), mark("factor model"), mark("peer model {names}"),
    mark("robust market model {names}"), mark("synthetic control {names}"),
    mark("GARCH(1,1) market model {names}"),
)  # fmt: skip

ATTRIBUTES = (
    mark("run up"), mark("financial share"), mark("state share"), mark("product"), mark("direction"),
    mark("index"), mark("actor"), mark("venue"), mark("step"), mark("competitor"),
    mark("offer price"), mark("discount percent"), mark("period"), mark("participants"),
    mark("holders"), mark("value"),
)  # fmt: skip

SENTENCES = (
    mark("reconstructed sample, not market data"), mark("shows the method, not the market"),
    mark("{event} {window}: not robust, p crosses 5 % between the default and the robustness rows"),
    mark("{event} {window} from {day}: not robust, p crosses 5 % between the default and the robustness rows"),
    mark("{event}: not separable from {others}: the same session"),
    mark("{event}: not separable from {others} on one of two candidate sessions"),
    mark("not separable from {others}: the same session"),
    mark("not separable from {others} on one of two candidate sessions"),
    mark("not separable: the same sessions"),
    mark("{event}: its date was chosen by looking at prices (endogenous)"),
    mark("no event could be studied; the reasons stand with the events"),
    mark("the run ends on {day}, the last session of {benchmark}"),
    mark("no trade was made; the reasons stand with the events and orders"),
    mark("{event} in {ticker} is still open at the end, marked at the last close"),
    mark("equity went below zero on {day}; the figures built on returns are not defined"),
    mark("no prices: session {day} is after the last, {last}"),
    mark("no prices: session {day} is before the first, {first}"),
    mark("no prices for {ticker}"), mark("no price of {ticker} on {day}"),
    mark("no price of {ticker} on the session before {day}"), mark("no return of {ticker} on {day}"),
    mark("no published price of {ticker} on {day}"),
    mark("no published price of {ticker} on {day}: a study leaves the event out, and its fills here are simulated"),
    mark("{event}: no published price of {ticker} on {day}: a study leaves the event out, and its fills here are simulated"),
    mark("no published price (a range of days on the reconstructed sample)"),
    mark("a {precision} has no day 0"), mark("month"), mark("quarter"),
    mark("after the last session known, {day}"), mark("before the first session known, {day}"),
    mark("estimation window {window} holds {n} of {all} returns"),
    mark("from {day}: {note}"),
    mark("second candidate {day}: {note}"),
    mark("no masked row, without other events' sessions: {reason}"),
    mark("enters means and tests once, as {event}"),
    mark("the benchmark has its own event {event} at {distance}"),
    mark("not an event of both {first} and {second}"),
    mark("n too small"), mark("n too small (at least {n})"), mark("the events are not on one date"),
    mark("{n} events cannot give p below {floor}"),
    mark("windows overlap, and the test takes the events as independent"),
    mark("no estimation window"),
    mark("drawn"), mark("enumerated"),
    mark("sessions away from the stock's own events"),
    mark("F({first}, {second}) that every parameter is 0, {n} sessions"),
    mark("no estimation or a missing return"), mark("a session without volume"),
    mark("day 0, {day}, is after the last session of the run, {last}"),
    mark("day 0, {day}, is before the first session of the run, {first}"),
    mark("a range of days has no day 0"),
    mark("the strategy made no order; it was offered the event from offset {offset} on"),
    mark("the data end before the order could fill"), mark("the position was closed"),
    mark("the other leg was refused"), mark("halted or no price on {day}"),
    mark("halted or no price since {day}"), mark("not shortable before {day}"),
    mark("no inference: see placebo"),
    mark("run for the whole grid: each cell has its p-value"),
    mark("one set of parameters was run: nothing was chosen"),

    mark("never in the market"), mark("too few sessions"), mark("due, no prices"), mark("ahead"),
)  # fmt: skip

PLURALS = (
    plural("{event} in {ticker} is still open at the end, marked at its close of {day}, {n} session old",
           "{event} in {ticker} is still open at the end, marked at its close of {day}, {n} sessions old"),
    plural("{ticker} was held over sessions without a close, marked at one up to {n} session old",
           "{ticker} was held over sessions without a close, marked at one up to {n} sessions old"),
    plural("{n} event lies after the run and was not traded",
           "{n} events lie after the run and were not traded"),
    plural("{n} return in the estimation window {window}, at least {least} needed",
           "{n} returns in the estimation window {window}, at least {least} needed"),
    plural("{n} of {all} sessions of the event window has no return",
           "{n} of {all} sessions of the event window have no return"),
    plural("m = {m} ({how}), floor {floor}, {n} cluster",
           "m = {m} ({how}), floor {floor}, {n} clusters"),
    plural("{names}: no trading to the end of CAR{window} of {group}, the mean over {n} event that lasted is {mean}, and no final value is given (an event of kind delisting)",
           "{names}: no trading to the end of CAR{window} of {group}, the mean over {n} events that lasted is {mean}, and no final value is given (an event of kind delisting)"),
    plural("{names}: no trading to the end of CAR{window} of {group}, the mean over {n} event that lasted is {mean}, with final values it is {whole} over {all}",
           "{names}: no trading to the end of CAR{window} of {group}, the mean over {n} events that lasted is {mean}, with final values it is {whole} over {all}"),
    plural("{n} session held, at least {least} needed",
           "{n} sessions held, at least {least} needed"),
    plural("fewer than {n} session so far", "fewer than {n} sessions so far"),
    plural("{n} observation: a description, not a test",
           "{n} observations: a description, not a test"),
    plural("{n} trade in {k} cluster", "{n} trades in {k} cluster"),
    plural("{n} trade in {k} clusters", "{n} trades in {k} clusters"),
    plural("{n} start without a trade left out", "{n} starts without a trade left out"),
    plural("{benchmark} has no close on {n} session of the run ({days}); a gap keeps its place in"
           " the year and stands at the close before it",
           "{benchmark} has no close on {n} sessions of the run ({days}); a gap keeps its place in"
           " the year and stands at the close before it"),
    plural("{n} stretch in the market", "{n} stretches in the market"),
    plural("{n} bar without high or low", "{n} bars without high or low"),
    plural("{n} session without a bar after the last one",
           "{n} sessions without a bar after the last one"),
    plural("{n} session of the panel before the first bar",
           "{n} sessions of the panel before the first bar"),
    plural("Newey-West, {n} lag", "Newey-West, {n} lags"),
    plural("{window}, at least {n} return", "{window}, at least {n} returns"),
)  # fmt: skip

PHRASES = frozenset(
    (
        *KINDS,
        *WORDS,
        *TESTS,
        *NULLS,
        *ITEMS,
        *METRICS,
        *CONVENTIONS,
        *ATTRIBUTES,
        *SENTENCES,
        *REASONS,
    )
)
