"""The parts of `sluice.yaml`: one class a part, its fields the keys, with defaults and bounds.

Owns what each key means and may be, but for FIX (config.fix) and venues (config.venues). Knows
nothing of where a value comes from (config.layers) and nothing of the program that is configured.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from config.shapes import WorkingFolder

PX_SCALE = 100_000_000
"""Price units in one unit of the currency."""


def _decimal(value: object) -> object:
    # repr() of a float is the shortest text that reads back the same: up to 15 digits, that is
    # the text that stands in the file, so nothing is lost on the way through a float.
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str):
        try:
            return Decimal(value)
        except ArithmeticError:
            raise ValueError("not a decimal number; allowed: digits, such as 0.0030") from None
    return value


def _in_units(value: Decimal) -> Decimal:
    if value * PX_SCALE % 1 != 0:
        raise ValueError("finer than 1e-8 of the currency; allowed: up to 8 decimal places")
    return value


def _host(value: str) -> str:
    try:
        value.encode("idna")
        is_name = value.isprintable() and " " not in value
    except UnicodeError:
        is_name = False
    if not is_name:
        text = "no host; allowed: an address, or labels of up to 63 characters with dots between"
        raise ValueError(text)
    return value


Price = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    Field(ge=-1_000_000, le=1_000_000, allow_inf_nan=False),
    AfterValidator(_in_units),
]
"""An amount of the currency, exact; `units` gives it in 1e-8."""
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\-]{1,32}$")]
"""A CompID, a MIC or the like: 1 to 32 letters, digits, `_`, `.` or `-`."""
Host = Annotated[str, Field(min_length=1, max_length=253), AfterValidator(_host)]
"""A name that can be looked up, or an address."""
Port = Annotated[int, Field(ge=1, le=65_535)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


def distinct(what: str, key: str, names: Sequence[str]) -> None:
    """Refuse a name that is there twice.

    Raises:
        ValueError: which one.
    """
    for index, name in enumerate(names):
        if name in names[:index]:
            raise ValueError(f"{what}: two with {key} {name}; each must be its own")


def units(price: Decimal) -> int:
    """A price or fee in 1e-8 of the currency, exact."""
    return int(price * PX_SCALE)


def nanoseconds(seconds: float) -> int:
    """Seconds as nanoseconds, rounded to the nearest."""
    return round(seconds * 1_000_000_000)


class Section(BaseModel):
    """A part of the configuration: nothing unknown, nothing coerced, nothing changed later."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True
    )


class Clock(Section):
    """How time passes when the market is simulated."""

    speed: float = Field(default=1.0, gt=0, le=10_000)
    """Simulated seconds in a second."""
    origin: str | None = None
    """When simulated and real time agree, such as `2026-01-05T09:30:00Z`; null: at the start.

    Processes with the same origin and speed share their time."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.origin is not None and self._moment().utcoffset() != timedelta(0):
            raise ValueError("origin: not UTC; allowed: 2026-01-05T09:30:00Z")
        return self

    def _moment(self) -> datetime:
        try:
            return datetime.fromisoformat(self.origin or "")
        except ValueError:
            raise ValueError("origin: not a time; allowed: 2026-01-05T09:30:00Z") from None

    @property
    def origin_ns(self) -> int | None:
        """The origin in nanoseconds since 1970-01-01 UTC."""
        if self.origin is None:
            return None
        since = self._moment() - datetime.fromisoformat("1970-01-01T00:00:00+00:00")
        return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000


class Archive(Section):
    """Where old segments of the journal go, and what stays."""

    folder: Annotated[Path, WorkingFolder()] | None = None
    """Null: nowhere; the journal is kept whole."""
    keep_segments: int = Field(default=8, ge=1, le=100_000)
    """Sealed segments that stay at least."""
    keep_days: float = Field(default=7.0, ge=0.0, le=36_500.0)
    """Days for which a segment stays at least, since its last record."""
    compress: bool = True
    """With gzip."""


class Journal(Section):
    """How what happened is kept."""

    durability: Literal["sync", "page-cache"] = "sync"
    """`sync` survives loss of power; `page-cache` survives only the end of the process."""
    segment_mib: int = Field(default=64, ge=1, le=4_096)
    """Size of a segment, MiB."""
    snapshot_events: int = Field(default=10_000, ge=1, le=1_000_000_000)
    """After so many records a snapshot is put down: by a process beside the daemon, and by a start
    that has folded as many."""
    archive: Archive = Archive()
    heads: Annotated[Path, WorkingFolder()] | None = None
    """Where heads of the chain are published: a file that is appended to, or a datagram socket."""
    heads_key: Name | None = None
    """The file in `secrets_dir` whose Ed25519 private key signs them; null: they are not signed."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.heads_key is not None and self.heads is None:
            raise ValueError("heads_key signs what is published: set heads too")
        return self


class LearnerChoice(Section):
    """The learner that is used where no policy names one; further keys are its parameters."""

    model_config = ConfigDict(extra="allow")

    name: Name = "hazard"

    @property
    def parameters(self) -> dict[str, object]:
        """What is set beside the name."""
        return dict(self.model_extra or {})


class PredictorChoice(Section):
    """The predictor that decisions ask, and what for."""

    file: Path
    """What `sluice train predictor` has written; read and checked at the start."""
    drift: bool = True
    """Its expected move of the price enters what it costs not to fill now."""
    feature: bool = False
    """It is a column of the context vector: that of alternative data."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not (self.drift or self.feature):
            raise ValueError("neither drift nor feature; without either, leave the predictor out")
        return self


class Routing(Section):
    """How decisions follow one another."""

    reroutes_max: int = Field(default=8, ge=1, le=1_000)
    """Decisions for a parent within one interval of its algo."""
    pause_ms: float = Field(default=20, ge=0, le=3_600_000)
    """Between the end of a child and the next decision for its parent."""
    slice_s: Seconds = 30
    """How long a resting child rests."""
    markout_s: Seconds = 5
    """After a fill, when the markout that counts is taken; also at 0.02, 0.2 and 12 times that."""
    quote_wait_ms: float = Field(default=500, gt=0, le=60_000)
    """How long an answer to a QuoteRequest(R) is waited for."""
    lots_max: int = Field(default=512, ge=1, le=100_000)
    """Lots that one decision places; the rest of what is due comes with the next."""
    protection_bp: int = Field(default=100, ge=1, le=10_000)
    """A market order's children carry a limit so far from the midpoint, bp."""
    settle_answers: int = Field(default=2, ge=1, le=10)
    """So many times a venue must say that it does not know a child before it is closed."""
    predictor: PredictorChoice | None = None
    """Null: no decision asks for the price's next move."""
    features_stale_ms: int = Field(default=10_000, ge=1, le=3_600_000)
    """A learner is not asked when the freshest lit book is older; the fallback is."""


class Simulate(Section):
    """The simulated market that the configured venues belong to."""

    market: Path
    seed: int = Field(default=7, ge=0, lt=2**63)


class Log(Section):
    """What the daemon writes to stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"
