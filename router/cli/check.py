"""Check the configuration, and everything that a start would read because of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from config.documents import DocumentError, Where
from config.layers import SettingsError
from config.sections import units
from config.settings import DEFAULT_CONFIG, Settings
from policies.book import PolicyBook
from risk import gate
from router import build, build_heads, build_models, build_sessions
from router.cli import session_findings
from router.cli.errors import CommandError, ExitCode
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import say, show, show_json
from router.core.shelf import learner_key
from router.model import Instrument
from router.ports import Limit
from router.runtime.clock import Clock
from router.runtime.links import Link
from venues.market_file import MarketSpec, read_market
from venues.venue import price_units

PartT = TypeVar("PartT")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a start would work with."""

    settings: Settings
    instruments: dict[str, Instrument]
    limits: tuple[Limit, ...]
    policies: PolicyBook
    market: MarketSpec | None
    sessions: list[Link]


def command(
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
    as_json: JsonOption = False,
) -> None:
    """Load what a start would load. Exit code 4 tells of errors, 10 of findings."""
    loaded = load(settings_of(config, overrides))
    findings = list(look_closer(loaded))
    if as_json:
        show_json(_summary(loaded, findings))
    else:
        for line in findings:
            show(f"warning: {line}")
    if findings:
        raise CommandError(ExitCode.FINDINGS)
    say(
        f"ok: venues={len(loaded.settings.venues)} instruments={len(loaded.instruments)} "
        f"limits={len(loaded.limits)} policies={len(loaded.policies.policies)}"
    )


def load(settings: Settings) -> Loaded:
    """Everything that the settings name.

    Raises:
        CommandError: with every problem of every part.
    """
    problems: list[str] = []

    def part(read: Callable[[], PartT]) -> PartT | None:
        try:
            return read()
        except (SettingsError, DocumentError) as error:
            problems.extend(error.problems)
            return None

    family = build.families()
    venues = [build.venue(each) for each in settings.venues]
    instruments = part(lambda: build.instruments(settings))
    limits = part(lambda: build.limits(settings, family))
    symbols = tuple(instruments or ())
    book = part(lambda: build.policy_book(settings, family, venues, symbols))
    simulate = settings.simulate
    market = part(lambda: read_market(simulate.market)) if simulate is not None else None
    profiles = {each.mic: each for each in venues}
    sessions = part(lambda: build_sessions.links(settings, profiles))
    part(lambda: build_heads.signer(settings))
    part(lambda: build_sessions.check_tls(settings, Clock().wall()))
    part(lambda: problems.extend(build_models.refusals(settings, family.learners)))
    if problems or instruments is None or limits is None or book is None or sessions is None:
        raise CommandError(ExitCode.CONFIGURATION, *problems)
    return Loaded(settings, instruments, limits, book, market, sessions)


def look_closer(loaded: Loaded) -> Iterator[str]:
    """What is allowed and may not be meant, each with its place."""
    settings = loaded.settings
    if settings.journal.durability != "sync":
        text = "a report that an OMS has seen may be lost with the power; sync keeps it"
        yield settings.problem(("journal", "durability"), text)
    yield from session_findings.findings(settings, Clock().wall())
    yield from _venues(settings)
    if loaded.market is not None:
        yield from _market(settings, loaded.market)
    yield from _models(settings, loaded.policies)
    yield from (str(found) for found in loaded.policies.check())


def _venues(settings: Settings) -> Iterator[str]:
    peers: dict[tuple[str, int, str, str], str] = {}
    for index, venue in enumerate(settings.venues):
        if venue.type == "lit" and venue.market_data is None:
            text = f"{venue.mic} is lit and has no market_data: its book is never seen"
            yield settings.problem(("venues", index), text)
        for address in venue.connect:
            peer = (address.host, address.port, venue.sender_comp_id, venue.target_comp_id)
            if peer in peers:
                text = f"{venue.mic} and {peers[peer]} are the same session of the same peer"
                yield settings.problem(("venues", index, "connect"), text)
            peers.setdefault(peer, venue.mic)


def _models(settings: Settings, policies: PolicyBook) -> Iterator[str]:
    """Files of learners that no order is routed by."""
    used = [learner_key(each.name, each.params) for each in policies.learners]
    for key in settings.models:
        if key not in used:
            text = f"no order is routed by {key}; learners in use: {', '.join(used)}"
            yield settings.problem(("models", key), text)


def _market(settings: Settings, market: MarketSpec) -> Iterator[str]:
    """Where the simulated market is another than the one that the venues are configured for."""
    simulated = {each.id: each for each in market.venues}
    for index, venue in enumerate(settings.venues):
        where: Where = ("venues", index)
        spec = simulated.get(venue.mic)
        if spec is None:
            yield settings.problem(where, f"{venue.mic} is not in the simulated market")
            continue
        for name, ours, theirs in (
            ("take", venue.fees.take, spec.fees.take),
            ("make", venue.fees.make, spec.fees.make),
        ):
            if units(ours) != price_units(theirs):
                text = f"{venue.mic} charges {theirs} in the simulated market, not {ours}"
                yield settings.problem((*where, "fees", name), text)


def _summary(loaded: Loaded, findings: list[str]) -> dict[str, object]:
    return {
        "ok": not findings,
        "findings": findings,
        "venues": [each.mic for each in loaded.settings.venues],
        "instruments": list(loaded.instruments),
        "policies": [{"name": p.name, "path": p.path} for p in loaded.policies.policies],
        "policy_hash": loaded.policies.hash,
        "limits": gate.cards(loaded.limits),
        "digest": loaded.settings.digest(),
    }
