"""What may be traded: the schema and the reader of `instruments.yaml`.

Owns the keys of an instrument. Knows nothing of markets; `router.build` makes the router's
instruments of these.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from config.layers import items, read_alone
from config.sections import Price, Section, distinct, units

DayTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
"""UTC, `00:00` to `24:00`, in quotes."""


class InstrumentSettings(Section):
    """One instrument."""

    symbol: str = Field(pattern=r"^[A-Za-z0-9_.\-]{1,20}$")
    tick: Price = Field(gt=0)
    """Price increment, in the currency."""
    lot: int = Field(ge=1, le=1_000_000)
    """Round lot, shares. An order may be for any number of shares; allocation counts in lots."""
    adv: int = Field(ge=1, le=10**12)
    """Median daily volume, shares."""
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    child_lots: int = Field(256, ge=9, le=1_000_000)
    """99th percentile of children, lots: the learner's nine size bins end there."""
    open: DayTime = "00:00"
    close: DayTime = "24:00"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.open_ns >= self.close_ns:
            raise ValueError(f"open {self.open} is not before close {self.close}")
        return self

    @property
    def tick_px(self) -> int:
        """The tick in 1e-8 of the currency."""
        return units(self.tick)

    @property
    def open_ns(self) -> int:
        """Nanoseconds from UTC midnight to the open."""
        return _day_ns(self.open)

    @property
    def close_ns(self) -> int:
        """Nanoseconds from UTC midnight to the close."""
        return _day_ns(self.close)


class InstrumentTable(Section):
    """The whole document."""

    instruments: Annotated[
        tuple[InstrumentSettings, ...], BeforeValidator(items), Field(min_length=1)
    ]

    @model_validator(mode="after")
    def _check(self) -> Self:
        distinct("instruments", "symbol", [each.symbol for each in self.instruments])
        return self


def load_instruments(path: Path) -> tuple[InstrumentSettings, ...]:
    """The instruments of a document, in its order.

    Raises:
        SettingsError: every problem that was found, one line each, with file and line.
    """
    return read_alone(path, InstrumentTable).instruments


def _day_ns(text: str) -> int:
    hours, minutes = text.split(":")
    return (int(hours) * 60 + int(minutes)) * 60 * 1_000_000_000
