"""Sessions of copies of ExecutionReport(8): those that we are given, and those that we give.

Owns what each key means and may be. The keys of a session are those of config.fix.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from config.fix import Fingerprint, IpNetwork, Network, SessionKeys
from config.layers import items
from config.sections import Name, Seconds, Section, distinct
from config.venues import Addresses, VenueTls


class DropCopyIn(SessionKeys):
    """A session that we open, on which a venue or a broker tells what was executed elsewhere."""

    name: Name
    """What the session is called here."""
    mics: tuple[Name, ...] = Field(min_length=1)
    """Whose executions are copied; of several, LastMkt(30) says which."""
    connect: Addresses
    host_selection: Literal["priority", "round_robin"] = "priority"
    tls: VenueTls | None = None
    sender_comp_id: Name
    target_comp_id: Name
    trusted: bool = False
    """True: an execution whose original does not come is booked from its copy. False: it goes into
    suspense."""
    wait_s: Seconds = 5
    """How long an original is waited for."""

    @model_validator(mode="after")
    def _check_mics(self) -> Self:
        distinct("mics", "MIC", self.mics)
        return self


class DropCopyOut(SessionKeys):
    """A session that a peer opens, on which we copy what OMSs are told. It sends no orders."""

    target_comp_id: Name
    of: tuple[Name, ...] = ()
    """OMS sessions that are copied; empty: all."""
    allowed_remote_addresses: tuple[Network, ...] = ()
    """Where it may come from; empty: from nowhere."""
    fingerprints: tuple[Fingerprint, ...] = ()
    """SHA-256 of the certificates that it may show; empty: any that the acceptor's `ca` vouches
    for."""
    logon_refusal: Literal["silent", "logout"] = "silent"
    """Whether a Logon with wrong credentials, or at the wrong time, is told so."""

    @property
    def networks(self) -> tuple[IpNetwork, ...]:
        """`allowed_remote_addresses` as networks."""
        return tuple(ip_network(each) for each in self.allowed_remote_addresses)


class DropCopies(Section):
    """All of them."""

    received: Annotated[tuple[DropCopyIn, ...], BeforeValidator(items)] = ()
    given: Annotated[tuple[DropCopyOut, ...], BeforeValidator(items)] = ()
