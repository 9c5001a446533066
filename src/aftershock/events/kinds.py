"""The kinds of events, one typed and validated class each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PrivateAttr,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)

from aftershock.events.when import Precision, Timing, When, parse_when
from aftershock.prices.tickers import canonical

if TYPE_CHECKING:
    import datetime as dt

    from aftershock.events.companies import Company
    from aftershock.events.supply import Basis, SupplyStep

WhenField = Annotated[When, BeforeValidator(parse_when), PlainSerializer(str)]
Percent = Annotated[float, Field(gt=0, le=100)]
Scalar = str | float | bool | None

ROUNDING = 0.05  # of printed percentages that should add to 100

Nature = Literal[
    "state", "strategic", "financial", "founder", "employee", "cornerstone", "public", "unknown"
]


class Strict(BaseModel):
    """A record that refuses unknown keys and never changes."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, str_strip_whitespace=True
    )


class Holder(Strict):
    """Who holds shares that unlock.

    Attributes
    ----------
    name, nature
        The holder and what kind of holder it is.
    shares, percent
        Shares held, and percent of the unlocking tranche.
    """

    name: str
    nature: Nature = "unknown"
    shares: int | None = Field(default=None, gt=0)
    percent: Percent | None = None


class Event(Strict):
    """Something that happened, or will happen, to one ticker.

    Attributes
    ----------
    id
        Unique; an event of several tickers carries ``@ticker`` behind its base id.
    kind, ticker, title
        What it is, to whom, in a few words.
    when, precision, timing
        Local to the ticker's exchange; ``timing`` says what is known of the hour.
    known_at
        When the market could know it; None is ``when`` itself. It limits what a strategy
        sees and never moves day 0.
    inferred
        How a derived date was derived; empty where the date is reported.
    endogenous
        True where the date was chosen by looking at prices.
    exclude
        Why no study may use the event; it stays in every table with this reason.
    source, quote, note
        Where it is from, in its own words, and what to know about it.
    """

    usual_timing: ClassVar[Timing] = "unknown"

    id: str = Field(min_length=1, pattern=r"^[^\s@;:]+(@\S+)?$")
    kind: str
    ticker: str = Field(min_length=1, pattern=r"^\S+$")
    title: str = ""
    when: WhenField
    precision: Precision
    timing: Timing
    known_at: WhenField | None = None
    inferred: str = ""
    endogenous: bool = False
    exclude: str = ""
    source: str = ""
    quote: str = ""
    note: str = ""

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, data: Any, info: ValidationInfo) -> Any:
        """Fill precision and timing from the written form and the kind; spell tickers alike."""
        if not isinstance(data, dict):
            return data
        exchange = (info.context or {}).get("exchange")
        whole = {"timing": cls.usual_timing, "precision": _written(data.get("when")), **data}
        if isinstance(data.get("id"), str):
            whole["id"] = spelled_id(data["id"], exchange)
        if "ticker" in data:
            whole["ticker"] = spelled_ticker(data["ticker"], exchange)
        return whole

    @field_validator("precision")
    @classmethod
    def _agree(cls, precision: Precision, info: ValidationInfo) -> Precision:
        when = info.data.get("when")
        if isinstance(when, When) and when.precision != precision:
            raise ValueError(f"'{when}' is written as {when.precision}")
        return precision

    @property
    def base_id(self) -> str:
        """The id without the ticker."""
        return self.id.partition("@")[0]

    @property
    def sign(self) -> str:
        """The direction of the event where it has one; groups of unlike sign are never pooled."""
        return ""

    @property
    def record(self) -> dict[str, Any]:
        """The event as an event file writes it, without what is empty."""
        values = self.model_dump()
        return {name: value for name, value in values.items() if value not in (None, "", ())}

    @property
    def attributes(self) -> dict[str, Any]:
        """The fields that only this kind has."""
        own = set(type(self).model_fields) - set(Event.model_fields)
        values = {name: getattr(self, name) for name in type(self).model_fields if name in own}
        return {**values, "sign": self.sign} if self.sign else values


def spelled_ticker(ticker: Any, exchange: str | None) -> Any:
    """Return a ticker in its one spelling; what is no text or whole number stays as it is."""
    if isinstance(ticker, str) or (isinstance(ticker, int) and not isinstance(ticker, bool)):
        return canonical(str(ticker), exchange)
    return ticker


def spelled_id(event_id: str, exchange: str | None) -> str:
    """Return an id with the ticker behind ``@`` in its one spelling."""
    base, at, ticker = event_id.partition("@")
    return f"{base}@{canonical(ticker, exchange)}" if at else event_id


def _written(when: Any) -> Precision:
    """Return the precision ``when`` is written with; validation of ``when`` itself comes later."""
    try:
        return parse_when(when).precision
    except ValueError:
        return "day"


class Listing(Event):
    """First day of trading; the offer price stands as the close of day -1."""

    usual_timing: ClassVar[Timing] = "pre_open"
    kind: Literal["listing"] = "listing"
    offer_price: float = Field(gt=0)


class LockupExpiry(Event):
    """Locked shares become free to sell; shares and percent where they are known."""

    usual_timing: ClassVar[Timing] = "pre_open"
    kind: Literal["lockup_expiry"] = "lockup_expiry"
    shares: int | None = Field(default=None, gt=0)
    percent: Percent | None = None
    holders: tuple[Holder, ...] = ()

    _structure: Any = PrivateAttr(default=None)  # its company, and all unlocks of it

    @field_validator("holders")
    @classmethod
    def _within(cls, holders: tuple[Holder, ...], info: ValidationInfo) -> tuple[Holder, ...]:
        percent = sum(holder.percent or 0.0 for holder in holders)
        if percent > 100.0 + ROUNDING:
            raise ValueError(f"the holders have {percent:g} percent of the tranche together")
        shares, total = sum(holder.shares or 0 for holder in holders), info.data.get("shares")
        if total is not None and shares > total:
            raise ValueError(f"the holders have {shares:,} shares, the tranche {total:,}")
        return holders

    def within(self, company: Company, unlocks: tuple[LockupExpiry, ...]) -> Self:
        """Return the event with its company and all of its company's unlocks behind it."""
        bound = self.model_copy()
        bound._structure = (company, unlocks)  # noqa: SLF001 - a copy of its own kind
        return bound

    def supply(self, day: dt.date, basis: Basis = "one_base") -> SupplyStep | None:
        """Return what it adds to its company's float, by what was on record before ``day``.

        None where the float or the size of the unlock is not known on this basis.
        """
        from aftershock.events.supply import known_steps

        if self._structure is None:
            return None
        company, unlocks = self._structure
        steps = known_steps(company, unlocks, day, basis)
        return next((step for step in steps if step.event == self.id), None)


class ModelLaunch(Event):
    """A new product of the company."""

    kind: Literal["model_launch"] = "model_launch"
    product: str = Field(min_length=1)


class PriceChange(Event):
    """A hike or a cut of what the company charges."""

    kind: Literal["price_change"] = "price_change"
    product: str = Field(min_length=1)
    percent: float | None = Field(default=None, ge=-100, le=10_000)
    direction: Literal["hike", "cut"]

    @model_validator(mode="before")
    @classmethod
    def _direct(cls, data: Any) -> Any:
        percent = data.get("percent") if isinstance(data, dict) else None
        if isinstance(percent, int | float) and percent and "direction" not in data:
            return {**data, "direction": "hike" if percent > 0 else "cut"}
        return data

    @field_validator("percent")
    @classmethod
    def _moved(cls, percent: float | None) -> float | None:
        if percent == 0:
            raise ValueError("a price change of 0 percent is no change")
        return percent

    @model_validator(mode="after")
    def _same_direction(self) -> PriceChange:
        if self.percent is not None and (self.percent > 0) != (self.direction == "hike"):
            raise ValueError(f"direction is {self.direction}, but percent is {self.percent:g}")
        return self

    @property
    def sign(self) -> str:
        """``hike`` or ``cut``."""
        return self.direction


class PublicExchange(Event):
    """A public exchange of words between named people."""

    kind: Literal["public_exchange"] = "public_exchange"
    participants: tuple[str, ...] = Field(min_length=2)


class Policy(Event):
    """A rule, a ban or its end, by whoever can impose it."""

    kind: Literal["policy"] = "policy"
    actor: str = ""


class ListingStep(Event):
    """A step on the way to a further listing."""

    kind: Literal["listing_step"] = "listing_step"
    venue: str = ""
    step: str = ""


class IndexInclusion(Event):
    """Entry into an index, or its announcement."""

    kind: Literal["index_inclusion"] = "index_inclusion"
    index: str = Field(min_length=1)


class ShareIssue(Event):
    """New shares or convertibles."""

    kind: Literal["share_issue"] = "share_issue"
    shares: int | None = Field(default=None, gt=0)
    price: float | None = Field(default=None, gt=0)
    discount_percent: Percent | None = None
    amount: float | None = Field(default=None, gt=0)


class Results(Event):
    """Financial results."""

    kind: Literal["results"] = "results"
    period: str = ""


class CompetitorLaunch(Event):
    """A new product of a competitor."""

    kind: Literal["competitor_launch"] = "competitor_launch"
    competitor: str = Field(min_length=1)
    product: str = Field(min_length=1)


class Announcement(Event):
    """Anything else the company says."""

    kind: Literal["announcement"] = "announcement"


KINDS: dict[str, type[Event]] = {
    "listing": Listing,
    "lockup_expiry": LockupExpiry,
    "model_launch": ModelLaunch,
    "price_change": PriceChange,
    "public_exchange": PublicExchange,
    "policy": Policy,
    "listing_step": ListingStep,
    "index_inclusion": IndexInclusion,
    "share_issue": ShareIssue,
    "results": Results,
    "competitor_launch": CompetitorLaunch,
    "announcement": Announcement,
}


def custom_kind(name: str, attributes: tuple[str, ...] = ()) -> type[Event]:
    """Return a kind of a workspace's own, with optional attributes of any plain type.

    Parameters
    ----------
    name
        What ``kind:`` says in the event files.
    attributes
        Further keys its events may carry, each a text, a number or true/false.
    """
    fields: dict[str, Any] = {
        "kind": (Literal[name], name),
        **dict.fromkeys(attributes, (Scalar, None)),
    }
    return create_model(f"Custom_{name}", __base__=Event, **fields)
