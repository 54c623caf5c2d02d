"""What the core was built with: venues, instruments, policies, limits, algos and routing settings.

Owns the static world of one life of the daemon. Nothing here changes while it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from router.core.foresight import Foresight
from router.core.urgency_table import UrgencyTable
from router.messages import OrderTerms, PolicyFiles
from router.model import NS, Exploration, Instrument, Venue
from router.ports import Algo, Limit, Refusal, Rule, Urgency


class Policy(Protocol):
    """What a policy document says of one order."""

    @property
    def name(self) -> str:
        """The document's name and version."""

    @property
    def hash(self) -> str:
        """sha256 of the canonical form of everything that was loaded."""

    @property
    def rules(self) -> Sequence[tuple[str, Rule]]:
        """The rules that match, each with the id of its clause."""

    @property
    def algo(self) -> str:
        """The algo's name."""

    @property
    def algo_params(self) -> Mapping[str, object]:
        """Parameters that the policy gives it."""

    @property
    def learner(self) -> str:
        """The learner's name."""

    @property
    def learner_params(self) -> Mapping[str, object]:
        """Parameters that the policy gives it."""

    @property
    def urgency(self) -> Urgency | None:
        """The urgency table, by its SHA-256, with its band; None: the algo's urgency alone."""

    @property
    def exploration(self) -> Exploration:
        """How far it may explore."""


class Policies(Protocol):
    """The loaded documents."""

    def choose(
        self, session: str, terms: OrderTerms, instrument: Instrument, now: int, ref_px: int
    ) -> Policy | Refusal:
        """The policy of an order, or why it may not have what it asks for."""


@dataclass(frozen=True, slots=True)
class Book:
    """Policy documents that were read together, with all that they name."""

    files: PolicyFiles
    """What they were read from: the journal keeps it."""
    policies: Policies
    urgency_tables: Mapping[str, UrgencyTable]
    """By SHA-256."""


BookOf = Callable[[PolicyFiles], Book | str]
"""Makes the book of documents that a journal holds, or says why it cannot be read any more."""


@dataclass(frozen=True, slots=True)
class Routing:
    """Settings of the routing itself."""

    reroutes_max: int = 8
    """Decisions for a parent within one interval of its algo."""
    pause_ns: int = 20_000_000
    """Between the end of a child and the next decision for its parent."""
    slice_ns: int = 30 * NS
    """How long a resting child rests."""
    markout_ns: int = 5 * NS
    """The main horizon of a fill's markout; the others are `MARKOUT_HORIZONS` times as far."""
    quote_wait_ns: int = 500_000_000
    """How long an answer to a QuoteRequest is waited for."""
    lots_max: int = 512
    """Lots that one decision places; the rest of what is due comes with the next."""
    protection_bp: int = 100
    """A market order's children carry a limit so far from the midpoint."""
    settle_answers: int = 2
    """So many times a venue must say that it does not know a child before it is closed."""
    features_stale_ns: int = 10 * NS
    """A learner is not asked when the freshest lit book is older: the fallback is."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything that the engine's functions need and never change."""

    shard: str
    seed: int
    venues: Mapping[str, Venue]
    instruments: Mapping[str, Instrument]
    policies: Policies
    limits: Sequence[Limit]
    algos: Mapping[str, type[Algo]]
    routing: Routing
    urgency_tables: Mapping[str, UrgencyTable] = field(default_factory=dict)
    """By SHA-256, as policies name them."""
    fallback_learner: str = "pro_rata"
    """Scores when the chosen learner cannot judge."""
    foresight: Foresight | None = None
    """The predictor that decisions ask; None for none."""
    policy_files: PolicyFiles | None = None
    """What `policies` were read from; None if they are of no documents."""
    book_of: BookOf | None = None
    """How other documents are read; None: no others are."""
