"""The command line of the simulated venues.

Owns what may be said there and what it means for a venue. Knows no socket and no clock.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast, get_args

from router.fix.versions import FIX44, named
from venues.gateway_profile import GatewayProfile
from venues.order_entry import Cod, OrderEntryProfile

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class Options:
    """What was said."""

    market: Path
    host: str
    base_port: int
    seed: int
    speed: float
    origin: int | None
    state: Path | None
    audit: Path | None
    follow_stdin: bool
    client: str
    data_client: str
    fix_version: list[str]
    liquidity_tag: list[str]
    copy_client: list[str]
    cod: list[str]

    def profiles(self, mics: Sequence[str]) -> dict[str, GatewayProfile]:
        """How each venue speaks; what names a MIC outranks what names none.

        Raises:
            ValueError: a version, a tag or a MIC that is not one.
        """
        versions = _by_mic("--fix-version", self.fix_version, mics, named)
        tags = _by_mic("--liquidity-tag", self.liquidity_tag, mics, _tag)
        copies = _by_mic("--copy-client", self.copy_client, mics, str)
        cods = _by_mic("--cod", self.cod, mics, _cod)
        return {
            mic: GatewayProfile(
                client=self.client,
                data_client=self.data_client,
                copy_client=copies.get(mic, ""),
                version=versions.get(mic, FIX44),
                liquidity_tag=tags.get(mic, ""),
                order_entry=OrderEntryProfile(cod=cods.get(mic, "none")),
            )
            for mic in mics
        }


def read_options(argv: Sequence[str]) -> Options:
    """The options of a command line.

    Raises:
        SystemExit: help was asked for, or something is wrong; it has been said then.
    """
    parser = argparse.ArgumentParser(prog="sluice venues", description="Run simulated venues.")
    parser.add_argument("--market", type=Path, required=True, help="market file (YAML)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--base-port", type=int, default=9890, help="first venue's port; 0: any")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds in a second")
    parser.add_argument(
        "--origin", type=int, default=None, help="UTC ns at which wall and market clock agree"
    )
    parser.add_argument("--state", type=Path, default=None, help="folder for sequence numbers")
    parser.add_argument("--audit", type=Path, default=None, help="file for the venues' account")
    parser.add_argument("--follow-stdin", action="store_true", help="end when stdin is closed")
    parser.add_argument("--client", default="SLUICE", help="CompID of the router's orders")
    parser.add_argument("--data-client", default="SLUICE.MD", help="CompID of its market data")
    parser.add_argument(
        "--fix-version",
        action="append",
        default=[],
        metavar="[MIC=]NAME",
        help="FIX.4.2, FIX.4.4 (the default) or FIX.5.0SP2, of one venue or of all",
    )
    parser.add_argument(
        "--liquidity-tag",
        action="append",
        default=[],
        metavar="[MIC=]TAG",
        help="tag of a fill's liquidity flag, where the version has none",
    )
    parser.add_argument(
        "--copy-client",
        action="append",
        default=[],
        metavar="[MIC=]COMPID",
        help="CompID of the router's drop copies, at one venue or at all; none without it",
    )
    parser.add_argument(
        "--cod",
        action="append",
        default=[],
        metavar="[MIC=]WHICH",
        help="what is canceled when the router's session ends: none (the default), day or all",
    )
    given = parser.parse_args(argv)
    if not 0 < given.speed <= 10_000:
        parser.error("--speed must be above 0 and at most 10000")
    if not 0 <= given.base_port <= 65_000:
        parser.error("--base-port must be 0 to 65000")
    return Options(**vars(given))


def _by_mic(
    option: str, given: Sequence[str], mics: Sequence[str], read: Callable[[str], ValueT]
) -> dict[str, ValueT]:
    """The values of `[MIC=]VALUE` by MIC.

    Raises:
        ValueError: says which option, and what is allowed.
    """
    found: dict[str, ValueT] = {}
    for text in sorted(given, key=lambda each: "=" in each):
        mic, equals, value = text.rpartition("=")
        if equals and mic not in mics:
            raise ValueError(f"{option} {text}: no venue {mic!r}; allowed: {', '.join(mics)}")
        try:
            found.update(dict.fromkeys([mic] if equals else mics, read(value)))
        except ValueError as error:
            raise ValueError(f"{option} {text}: {error}") from None
    return found


def _cod(text: str) -> Cod:
    for each in get_args(Cod):
        if text == each:
            return cast(Cod, each)
    raise ValueError(f"allowed: {', '.join(get_args(Cod))}")


def _tag(text: str) -> str:
    if not text.isdecimal() or int(text) == 0:
        raise ValueError("a tag is a number above 0")
    return text
