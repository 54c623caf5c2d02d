"""A decision made again for `sluice why`: what came of it, what was believed, why rules are there.

Owns the way from a state folder and a configuration to that. Not a command.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from config.documents import DocumentError
from config.settings import Settings, SettingsError
from policies.book import PolicyBook
from router.analysis.beliefs import Beliefs, believed
from router.analysis.explain import Decision
from router.analysis.recompute import History, Outcome, Recomputation, recompute
from router.cli.configurations import Configurations
from router.core.applying import clause_of
from router.core.environment import Policies
from router.journal.market import read_market
from router.journal.recovery import read_steps
from router.journal.storage import FileStorage
from router.messages import Decide
from router.ports import FloatArray


@dataclass(frozen=True, slots=True)
class Again:
    """One decision, made again."""

    recomputation: Recomputation | None
    """None if it was not asked for."""
    beliefs: Beliefs | None = None
    """None if the learner's question cannot be put again as it was."""
    whys: Mapping[str, str] = field(default_factory=dict)
    """Of the policies' clauses, by id: why they are there."""
    foreign: str = ""
    """The configuration that ran, if it is another one than the one that decided again."""

    @property
    def curves(self) -> FloatArray | None:
        """The whole fill curves of the decision, (K, L), where the record has a few places.

        None unless it has come out as it was recorded.
        """
        found = self.recomputation
        if self.beliefs is None or found is None or found.outcome is not Outcome.SAME:
            return None
        return self.beliefs.tails

    @property
    def no_band(self) -> str:
        """Why there is no band around curves and values; empty if there is one."""
        if self.recomputation is None:
            return "--quick answers from the record alone"
        if self.recomputation.reason:
            return self.recomputation.reason
        if self.beliefs is None:
            return "decided again, the learner was asked something else"
        if self.beliefs.tail_band is None:
            return f"{self.beliefs.learner} has no posterior to draw from"
        return ""


QUICK = Again(None)
"""From the record alone."""


def decide_again(
    storage: FileStorage, settings: Callable[[], Settings], decision: Decision
) -> Again:
    """Make a decision again with the configuration that it was made with, if it can be had.

    Raises:
        JournalBroken: the journal cannot be believed up to its end.
    """
    try:
        return _decide_again(storage, Configurations(settings(), storage.folder), decision)
    except (SettingsError, DocumentError) as error:
        return Again(Recomputation(reason=f"the configuration cannot be read: {error.problems[0]}"))


def _decide_again(storage: FileStorage, book: Configurations, decision: Decision) -> Again:
    history = History(lambda: read_steps(storage, live=True), lambda: read_market(storage))
    found = recompute(history, book.rules, decision)
    if found.reason:
        why = "; ".join([found.reason, *book.unread[:1]])
        return Again(replace(found, reason=why))
    whys = _whys(found.policies)
    if found.applied is not None:
        narrowing = _whys(found.applied).items()
        whys |= {clause_of(found.applied_hash, clause): why for clause, why in narrowing}
    foreign = "".join(book.missing([found.config_hash]))
    return Again(found, _beliefs(found, decision.decide, decision.seq), whys, foreign)


def _beliefs(found: Recomputation, decide: Decide, seq: int) -> Beliefs | None:
    """None if the learner was asked about others than the record has, or for another quantity."""
    if found.question is None:
        return None
    request = found.question.request
    arms, lots = tuple(each.arm for each in decide.candidates), -(-decide.due_qty // decide.lot)
    if (request.arms, request.lots) != (arms, lots):
        return None
    explored = decide.safety is None or decide.safety.explored
    return believed(found.question, seed=found.seed, seq=seq, explored=explored)


def _whys(policies: Policies | None) -> dict[str, str]:
    assert isinstance(policies, PolicyBook)
    return {clause.clause_id: clause.why for clause in policies.clauses}
