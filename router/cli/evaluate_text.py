"""What an evaluation came to, for a person. Not a command."""

from __future__ import annotations

from collections.abc import Iterator

from router.analysis.decision_log import DecisionLog
from router.analysis.offpolicy.bootstrap import Estimate
from router.analysis.offpolicy.evaluation import Comparison, Evaluation
from router.analysis.offpolicy.propensity import FLOOR
from router.analysis.offpolicy.verdict import CLIPPED_MAX, PARENTS_MIN, Answer
from router.cli.output import columns

HEADER = ("bp x lots a decision", ">value", ">95 % from", ">to")


def report(folder: str, target: str, log: DecisionLog, found: Evaluation) -> Iterator[str]:
    """The lines: what was read, the estimates with their intervals, the support, the answer."""
    yield from _facts(folder, target, log, found)
    yield ""
    yield f"drawn decisions: {found.support.drawn:,} of {found.decisions:,}"
    yield from columns(HEADER, _drawn_rows(found))
    yield ""
    yield (
        f"within the prefix, no weights and no model: {found.within:,.1f} decisions "
        f"of {found.support.prefix_parents:,} parents"
    )
    yield from columns(HEADER, _rows(found.prefix, "target"))
    yield ""
    yield from _support(found)
    yield f"verdict   {found.verdict.answer.value}"
    if found.verdict.answer is not Answer.NONE:  # why there is none, is told with the exit code
        for reason in found.verdict.reasons:
            yield f"          {reason}"


def _facts(folder: str, target: str, log: DecisionLog, found: Evaluation) -> Iterator[str]:
    made_by = ", ".join(f"{key} ({count:,})" for key, count in log.learners.most_common())
    yield f"state     {folder}"
    yield (
        f"log       {found.decisions:,} decisions of {found.parents:,} parents "
        f"on {found.days:,} day{'s' if found.days > 1 else ''}, "
        f"{found.due_lots:.1f} lots due in each"
    )
    yield f"made by   {made_by}"
    yield f"target    {target}"
    for why, count in log.left_out.most_common():
        yield f"left out  {count:,}: {why}"
    yield (
        f"outcomes  known for {found.known_share:.1%} of the lots placed; "
        f"markouts against their mean of {found.reference_bp:.2f} bp"
    )


def _drawn_rows(found: Evaluation) -> list[list[str]]:
    return [
        *_rows(found.doubly_robust, "target, doubly robust"),
        _row("target, weights alone (SNIPS)", found.self_normalised),
        _row("target, model alone", found.model),
    ]


def _rows(pair: Comparison, name: str) -> list[list[str]]:
    return [
        _row("as it was", pair.logged),
        _row(name, pair.target),
        _row("  less what was", pair.difference),
    ]


def _row(name: str, found: Estimate | None) -> list[str]:
    if found is None:
        return [name, "-", "-", "-"]
    return [name, *(f"{each:.3f}" for each in (found.value, found.low, found.high))]


def _support(found: Evaluation) -> Iterator[str]:
    support = found.support
    yield (
        f"support   an effective sample of {support.effective_parents:.1f} parents, "
        f"at least {PARENTS_MIN}"
    )
    yield (
        f"          {support.clipped_share:.1%} of the target's lots below a propensity of "
        f"{FLOOR}, at most {CLIPPED_MAX:.0%}"
    )
