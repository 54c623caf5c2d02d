"""The venues of `sluice.yaml`: where each is, what it can do, what it costs.

Owns what each key means and may be. The keys of a venue's session are those of config.fix.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from config.fix import CredentialKeys, Fingerprint, SessionKeys
from config.layers import items
from config.sections import Host, Name, Port, Price, Seconds, Section, distinct
from config.shapes import OneOrMany

Tactic = Literal["lit_take", "lit_make", "dark_mid", "dealer_quote", "dealer_rfq"]
TACTICS: dict[str, tuple[Tactic, ...]] = {
    "lit": ("lit_take", "lit_make"),
    "dark": ("dark_mid",),
    "dealer": ("dealer_quote", "dealer_rfq"),
}
"""What a venue of each type can do."""


class Address(Section):
    """Where a venue listens."""

    host: Host = "127.0.0.1"
    port: Port


Addresses = Annotated[
    tuple[Address, ...], OneOrMany(), BeforeValidator(items), Field(min_length=1, max_length=16)
]
"""Where a venue listens: one address, or a list of them."""


class VenueTls(Section):
    """TLS to a venue; without it we speak plainly."""

    certificate: Path | None = None
    """Ours, PEM, with its chain, for a venue that wants one."""
    private_key: Path | None = None
    """PEM, for its owner's eyes only."""
    ca: Path | None = None
    """Who vouches for the venue, PEM; null: whom the system trusts."""
    server_name: Host | None = None
    """The name that is asked for and verified; null: the host."""
    verify: bool = True
    """False takes any certificate, or one of `fingerprints`."""
    fingerprints: tuple[Fingerprint, ...] = ()
    """SHA-256 of the certificates that it may show; empty: any that is verified."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and private_key go together: set both or neither")
        if not self.verify and self.ca is not None:
            raise ValueError("ca vouches for nobody while verify is false: leave one out")
        return self


class MarketDataSession(Section):
    """A venue's market data session, if it is not the order session."""

    sender_comp_id: Name
    target_comp_id: Name
    connect: Addresses | None = None
    """Null: the addresses of the order session."""
    credentials: CredentialKeys | None = None
    """Null: those of the order session."""


class Fees(Section):
    """Paid (+) or received (-) per share, in the currency."""

    take: Price = Decimal(0)
    make: Price = Decimal(0)


class VenueSettings(SessionKeys):
    """A venue; a session key set here overrides `fix.defaults`."""

    mic: Name
    type: Literal["lit", "dark", "dealer"]
    connect: Addresses
    host_selection: Literal["priority", "round_robin"] = "priority"
    tls: VenueTls | None = None
    sender_comp_id: Name
    target_comp_id: Name
    market_data: MarketDataSession | None = None
    tactics: tuple[Tactic, ...] = Field(min_length=1)
    fees: Fees = Fees()
    min_qty: int = Field(default=0, ge=0, le=1_000_000_000)
    """The venue's own minimum execution size, shares."""
    ack_timeout_s: Seconds = 2
    """A child not acknowledged for so long is asked about."""
    cl_ord_id_max: int = Field(default=20, ge=8, le=64)
    """Longest ClOrdID(11) that the venue takes, characters."""
    mass_status: Literal["AF", "H", "none"] = "AF"
    """How open orders are asked for after a reconnect."""
    cod: Literal["none", "day", "all"] = "none"
    """What it cancels when our session ends: nothing, all but GTC and GTD, or everything."""
    max_resend_age_s: float = Field(default=1, ge=0, le=86_400)
    """An older NewOrderSingle is gap-filled when asked for again, never resent; 0: each is."""
    dk: Literal["ok", "no"] = "no"
    """Whether it takes DontKnowTrade(Q)."""
    dk_after_s: Seconds = 5
    """So long an execution of no order of ours waits in suspense before it is disputed."""
    mandatory: bool = True
    """False: the daemon is ready without it."""

    @model_validator(mode="after")
    def _check_tactics(self) -> Self:
        distinct("tactics", "tactic", self.tactics)
        for tactic in self.tactics:
            if tactic not in TACTICS[self.type]:
                allowed = ", ".join(TACTICS[self.type])
                raise ValueError(
                    f"tactics: a {self.type} venue has no {tactic}; allowed: {allowed}"
                )
        return self
