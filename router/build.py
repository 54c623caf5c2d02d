"""The composition root: settings in, a node out. The only place that discovers plug-ins.

Owns the translation from what an operator wrote to what the router works with; that of sessions is
in router.build_sessions, of policy documents in router.build_policies, of model files in
router.build_models.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

import policies as policy_package
import risk as risk_package
import router.algos as algo_package
import router.learners as learner_package
from config.documents import DocumentError
from config.instruments import load_instruments
from config.layers import SettingsError
from config.sections import nanoseconds, units
from config.settings import Settings
from config.venues import VenueSettings
from policies.book import PolicyBook
from policies.document import Setting
from risk import gate
from router.build_keys import spoken
from router.build_models import models
from router.build_policies import Reading
from router.build_recovery import Make, begin, noting_last, put_snapshot
from router.build_sessions import links
from router.core.engine import Engine, Route
from router.core.environment import Book, Environment, Routing
from router.core.features import FEATURES
from router.core.foresight import Foresight
from router.core.routing import route as by_learner
from router.core.shelf import LearnerShelf
from router.core.state import State
from router.fix.dialects import dialect
from router.journal.market import MarketFile
from router.journal.records import Position, Record
from router.journal.recovery import steps
from router.journal.segments import Journal
from router.journal.storage import Storage
from router.messages import Step
from router.model import Instrument, Tactic, Venue, VenueType
from router.plugin import discover
from router.ports import Algo, Learner, Limit, Rule
from router.predictor.file import Predictor, PredictorFileError
from router.runtime.links import Link
from router.runtime.node import Built, Node
from router.runtime.reloading import ReadPolicies

VENUE_TYPES: dict[str, VenueType] = {
    "lit": VenueType.LIT,
    "dark": VenueType.DARK,
    "dealer": VenueType.DEALER,
}


@dataclass(frozen=True, slots=True)
class Family:
    """Every plug-in that was found, by family and name."""

    rules: Mapping[str, type[Rule]]
    limits: Mapping[str, type[Limit]]
    algos: Mapping[str, type[Algo]]
    learners: Mapping[str, type[Learner]]


def families() -> Family:
    """Discover all plug-ins."""
    return Family(
        rules=discover(policy_package, Rule),
        limits=discover(risk_package, Limit),  # type: ignore[type-abstract]
        algos=discover(algo_package, Algo),  # type: ignore[type-abstract]
        learners=discover(learner_package, Learner),  # type: ignore[type-abstract]
    )


def instruments(settings: Settings) -> dict[str, Instrument]:
    """The instruments by symbol.

    Raises:
        SettingsError: as `load_instruments` does.
    """
    return {
        each.symbol: Instrument(
            symbol=each.symbol,
            tick=each.tick_px,
            lot=each.lot,
            adv=each.adv,
            currency=each.currency,
            open_ns=each.open_ns,
            close_ns=each.close_ns,
            child_lots=each.child_lots,
        )
        for each in load_instruments(settings.instruments)
    }


def venue(each: VenueSettings) -> Venue:
    """A venue's profile."""
    return Venue(
        mic=each.mic,
        venue_type=VENUE_TYPES[each.type],
        tactics=tuple(Tactic(tactic) for tactic in each.tactics),
        take_fee=units(each.fees.take),
        make_fee=units(each.fees.make),
        min_qty=each.min_qty,
        ack_timeout_ns=nanoseconds(each.ack_timeout_s),
        cl_ord_id_max=each.cl_ord_id_max,
        mass_status=each.mass_status,
        cod=each.cod,
        max_resend_age_ns=nanoseconds(each.max_resend_age_s),
        dk=each.dk == "ok",
        dk_after_ns=nanoseconds(each.dk_after_s),
        mandatory=each.mandatory,
    )


def _asked(profile: Venue, settings: Settings, each: VenueSettings) -> Venue:
    """A venue whose version has no OrderMassStatusRequest(AF) is asked order by order."""
    column = dialect(spoken(settings.session_keys(each)))
    if profile.mass_status in column.unspoken:
        return replace(profile, mass_status="H")
    return profile


def policy_reading(
    settings: Settings, family: Family, venues: Sequence[Venue], symbols: Sequence[str]
) -> Reading:
    """What policy documents are read with.

    Raises:
        SettingsError: the learner that holds where none names one cannot be made.
    """
    return Reading(
        rules=family.rules,
        algos=family.algos,
        learners=family.learners,
        venues=tuple(venues),
        symbols=tuple(symbols),
        default_learner=_default_learner(settings, family),
    )


def policy_book(
    settings: Settings, family: Family, venues: Sequence[Venue], symbols: Sequence[str]
) -> PolicyBook:
    """The policy documents.

    Raises:
        DocumentError: everything that is wrong with them, one line each.
        SettingsError: as `policy_reading` does.
    """
    book = policy_reading(settings, family, venues, symbols).from_files(settings.policies)
    assert isinstance(book.policies, PolicyBook)
    return book.policies


def _default_learner(settings: Settings, family: Family) -> Setting:
    choice = settings.learner
    kind = family.learners.get(choice.name)
    if kind is None:
        text = f"no learner {choice.name!r}; allowed: {', '.join(family.learners)}"
        raise SettingsError([settings.problem(("learner", "name"), text)])
    try:
        kind.from_document(choice.parameters)
    except ValidationError as error:
        keys = ", ".join(kind.model_fields) or "none"
        raise SettingsError(
            settings.problem(("learner", *each["loc"]), f"{each['msg']}; keys: {keys}")
            for each in error.errors()
        ) from None
    return Setting(choice.name, choice.parameters)


def limits(settings: Settings, family: Family) -> tuple[Limit, ...]:
    """Every limit, in its fixed order.

    Raises:
        SettingsError: everything that is wrong with their parameters, with its origin.
    """
    try:
        return gate.load(settings.limits, family.limits)
    except gate.LimitsError as error:
        allowed = ", ".join(sorted(family.limits))
        told = [
            settings.problem(("limits", name), f"unknown limit; allowed: {allowed}")
            for name in error.unknown
        ]
        for name, wrong in error.errors.items():
            keys = ", ".join(family.limits[name].model_fields)
            told.extend(
                settings.problem(("limits", name, *each["loc"]), f"{each['msg']}; keys: {keys}")
                for each in wrong.errors()
            )
        raise SettingsError(told) from None


def environment(settings: Settings, family: Family, *, deciding: bool = True) -> Environment:
    """Everything that the core needs and never changes.

    What is not `deciding` only folds, or decides under policies that its journal holds: it reads no
    documents, which may be wrong while a daemon goes on under those in force.

    Raises:
        SettingsError, DocumentError: everything that is wrong, one line each.
    """
    venues = {each.mic: _asked(venue(each), settings, each) for each in settings.venues}
    found = instruments(settings)
    routing = settings.routing
    reading = policy_reading(settings, family, tuple(venues.values()), tuple(found))
    book = reading.from_files(settings.policies) if deciding else None
    return Environment(
        shard=settings.shard,
        seed=settings.seed,
        venues=venues,
        instruments=found,
        policies=book.policies if book is not None else reading.nothing(),
        limits=limits(settings, family),
        algos=family.algos,
        routing=Routing(
            reroutes_max=routing.reroutes_max,
            pause_ns=nanoseconds(routing.pause_ms / 1000),
            slice_ns=nanoseconds(routing.slice_s),
            markout_ns=nanoseconds(routing.markout_s),
            quote_wait_ns=nanoseconds(routing.quote_wait_ms / 1000),
            lots_max=routing.lots_max,
            protection_bp=routing.protection_bp,
            settle_answers=routing.settle_answers,
            features_stale_ns=nanoseconds(routing.features_stale_ms / 1000),
        ),
        foresight=foresight(settings),
        urgency_tables=book.urgency_tables if book is not None else {},
        policy_files=book.files if book is not None else None,
        book_of=reading.from_texts,
    )


def foresight(settings: Settings) -> Foresight | None:
    """The predictor that is configured, if one is.

    Raises:
        SettingsError: its file is not there, or is refused.
    """
    chosen = settings.routing.predictor
    if chosen is None:
        return None
    try:
        return Predictor.load(chosen.file).foresight(drift=chosen.drift, feature=chosen.feature)
    except PredictorFileError as error:
        text = str(error)
    except OSError as error:
        text = f"{chosen.file}: {error.strerror}; `sluice train predictor` makes one"
    raise SettingsError([settings.problem(("routing", "predictor", "file"), text)])


def engine(env: Environment, family: Family, route: Route = by_learner) -> Engine:
    """The core with an empty state."""
    shelf = LearnerShelf(family.learners, dimensions=len(FEATURES))
    state = State(
        env.venues,
        shelf,
        pause_ns=env.routing.pause_ns,
        markout_ns=env.routing.markout_ns,
        watched=env.instruments if env.foresight is not None else None,
    )
    return Engine(env, state, route)


@dataclass(frozen=True, slots=True)
class Parts:
    """What is made of settings alone: the same for every life of a daemon."""

    settings: Settings
    family: Family
    env: Environment


def parts(settings: Settings, *, deciding: bool = True) -> Parts:
    """Read everything that the settings name; `deciding` as for `environment`.

    Raises:
        SettingsError, DocumentError: everything that is wrong, one line each.
    """
    family = families()
    return Parts(settings, family, environment(settings, family, deciding=deciding))


def policies_again(made_of: Parts) -> ReadPolicies:
    """How the policy documents that the settings name are read and checked again, as at a start."""
    env = made_of.env
    venues, symbols = tuple(env.venues.values()), tuple(env.instruments)
    reading = policy_reading(made_of.settings, made_of.family, venues, symbols)

    def read() -> Book | tuple[str, ...]:
        try:
            return reading.from_files(made_of.settings.policies)
        except DocumentError as error:
            return error.problems

    return read


Folding = Callable[[Iterable[tuple[Position, Step]]], Iterator[tuple[Position, Step]]]
"""Hands on what a recovery folds."""


def node(
    settings: Settings | Parts,
    storage: Storage,
    *,
    monotonic: Callable[[], int],
    on_step: Callable[[Step], None] | None = None,
    folding: Folding = iter,
) -> Built:
    """Open the state folder, fold what it holds, and stand ready to start from the model files.

    `folding` is handed what is folded, and hands it on: it sees how far recovery has come.

    Raises:
        SettingsError, DocumentError, StateLocked, ForeignState, JournalBroken.
    """
    made_of = settings if isinstance(settings, Parts) else parts(settings)
    found = models(made_of.settings, made_of.family.learners)
    begun = begin(maker(made_of), storage)
    kept = made_of.settings.journal
    journal = Journal(
        storage, segment_bytes=kept.segment_mib * 1024 * 1024, durability=kept.durability
    )
    last: list[Record] = []
    records = noting_last(journal.open(begun.after), last)
    market_file = MarketFile(storage)
    market_file.open()
    made = Node(
        begun.engine,
        begun.links,
        journal,
        market_file,
        monotonic=monotonic,
        on_step=on_step,
        models=found,
    )
    recovered = made.recover(folding(steps(records)), market_file.last_seq, begun.recovery)
    if last and recovered >= kept.snapshot_events:
        with contextlib.suppress(OSError):
            put_snapshot(storage, begun.recovery, last[0])
    return Built(made, journal, market_file, recovered, begun.snapshot_seq, begun.refused)


def maker(made_of: Parts) -> Make:
    """How a core and its links are made, as often as one likes."""

    def make() -> tuple[Engine, list[Link]]:
        core = engine(made_of.env, made_of.family)
        return core, links(made_of.settings, made_of.env.venues)

    return make
