"""A decision as text: who could have had it, what was expected, what bit, and whether it stands.

Owns the tables of a decision. The numbers are `router.analysis`'s. Not a command.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from router.analysis import contrast
from router.analysis.beliefs import BAND, Beliefs
from router.analysis.explain import Decision
from router.analysis.recompute import Outcome, Recomputation, Unlike
from router.cli.output import columns, indented
from router.cli.why_again import Again
from router.cli.why_layout import Rows, wrapped
from router.cli.why_words import px, qty
from router.messages import CandidateRecord, Decide, NoteBreach
from router.ports import FloatArray

CURVE_COLUMNS = 6
"""Sizes at which fill curves are shown."""
UNLIKE_MAX = 8
"""Differing fields that are shown."""
VALUE_MAX = 28
"""Characters of a differing field that are shown."""

BAND_NAME = f"{BAND:.0%}".replace("%", " %")

CANDIDATE_HEADER = [
    *("  arm", ">price", ">shown", ">cap", ">cost", ">value", ">given", ">sent", ">next lot"),
]


def decision_text(decision: Decision, own: str, again: Again) -> Iterator[str]:
    """Everything that stands in a decision's record, and the bands around it; `own` is marked."""
    yield from _candidates(decision, own)
    yield from _values(decision, again)
    yield from _curves(decision, again)
    yield from _caps(decision, again)
    yield from _limits(decision)


def ranked(decide: Decide) -> list[tuple[int, CandidateRecord]]:
    """The candidates with their places in the record: who was given most comes first."""
    found = enumerate(decide.candidates)
    return sorted(found, key=lambda each: (-each[1].qty, -each[1].marginal_bp))


def used_as(decide: Decide) -> str:
    """What curves and values are that the decision went by."""
    return "drawn" if decide.safety is None or decide.safety.explored else "used"


def _candidates(decision: Decision, own: str) -> Iterator[str]:
    yield "Candidates (cost, value and next lot in bp of the mid, sizes in shares)"
    shares = {f"{each.mic}/{each.tactic.value}": each.qty for each in decision.sent}
    rows: Rows = [
        [
            f"{'*' if each.arm == own else ' '} {each.arm}",
            "mid" if each.price is None else px(each.price),
            qty(each.displayed),
            qty(each.cap),
            f"{each.cost_bp:.3f}",
            f"{each.value_bp:.3f}",
            qty(each.qty),
            qty(shares.get(each.arm, 0)),
            f"{each.marginal_bp:.3f}",
        ]
        for _, each in ranked(decision.decide)
    ]
    yield from indented(columns(CANDIDATE_HEADER, rows))


# -- what was expected ---------------------------------------------------------------------------


def _values(decision: Decision, again: Again) -> Iterator[str]:
    beliefs = again.beliefs
    if beliefs is None or beliefs.value_band is None:
        return
    yield ""
    used, band_of = used_as(decision.decide), f"and its {BAND_NAME} band"
    yield f"Value of a filled share, bp: as {used}, at the posterior mean, {band_of}"
    band = beliefs.value_band
    numbers = (beliefs.values, beliefs.mean_values, band.low, band.high)
    rows: Rows = [
        [f"  {each.arm}", *(f"{found[i]:.3f}" for found in numbers)]
        for i, each in ranked(decision.decide)
    ]
    yield from indented(columns(["  arm", f">{used}", ">mean", ">from", ">to"], rows))


def _curves(decision: Decision, again: Again) -> Iterator[str]:
    decide = decision.decide
    count = max((len(each.tail) for each in decide.candidates), default=0)
    if not count:
        return
    step = -(-count // CURVE_COLUMNS)
    shown = sorted({*range(0, count, step), count - 1})[:CURVE_COLUMNS]
    below = f"; below it the {BAND_NAME} band" if not again.no_band else ""
    yield ""
    used = used_as(decide)
    yield f"Fill curves: P(at least so many shares), as {used} / at the posterior mean{below}"
    header = ["  arm", *(f">{qty(contrast.PROBES[i] * decide.lot)}" for i in shown)]
    rows: Rows = []
    for i, each in ranked(decision.decide):
        numbers = (f"{each.tail[j]:.3f}/{each.tail_mean[j]:.3f}" for j in shown)
        rows.append([f"  {each.arm}", *numbers])
        rows.extend(_band_row(again.beliefs, i, shown))
    yield from indented(columns(header, rows))
    if again.no_band:
        yield from indented(wrapped(f"No band: {again.no_band}."))


def _band_row(beliefs: Beliefs | None, candidate: int, shown: Sequence[int]) -> Iterator[list[str]]:
    """The band of one candidate's curve, below its numbers."""
    if beliefs is None or beliefs.tail_band is None:
        return
    band = beliefs.tail_band

    def end(ends: FloatArray, place: int) -> str:
        return f"{ends[candidate, contrast.PROBES[place] - 1]:.3f}"

    yield ["", *(f"{end(band.low, j)}-{end(band.high, j)}" for j in shown)]


# -- what bit ------------------------------------------------------------------------------------


def _caps(decision: Decision, again: Again) -> Iterator[str]:
    rows: Rows = []
    clauses: dict[str, None] = {}
    for _, each in ranked(decision.decide):
        all_of_it = offered(each, again.beliefs)
        before = "all" if all_of_it is None else qty(all_of_it)
        for note in each.caps:
            rows.append([each.arm, before, qty(note.cap), note.by, note.note])
            before = qty(note.cap)
            clauses[note.by] = None
        if each.floor or each.min_qty:
            least = max(each.floor, each.min_qty)
            rows.append([each.arm, "", "", "", f"no child below {qty(least)} shares"])
    if rows:
        yield ""
        yield "Who lowered a cap (sizes in shares)"
        yield from indented(columns(["arm", ">from", ">to", "by", ""], rows))
        for clause in clauses:
            if clause in again.whys:
                yield from indented(wrapped(f"{clause}: {again.whys[clause]}"))


def offered(candidate: CandidateRecord, beliefs: Beliefs | None) -> int | None:
    """A candidate's cap before any rule: what was free, and of a dealer's quote no more than it.

    None if what was free is not known.
    """
    if beliefs is None:
        return None
    of_quote = "/dealer" in candidate.arm and candidate.displayed > 0
    return min(beliefs.free_qty, candidate.displayed) if of_quote else beliefs.free_qty


def _limits(decision: Decision) -> Iterator[str]:
    if decision.breaches:
        yield ""
        yield "What a limit refused"
        for each in decision.breaches:
            yield from indented(wrapped(f"{_refused(decision, each)} by {each.limit}: {each.text}"))


def _refused(decision: Decision, breach: NoteBreach) -> str:
    """From how many shares to none; what was given at a venue and neither sent nor asked for."""
    if not breach.mic:
        return "the order, refused"
    sent = {f"{each.mic}/{each.tactic.value}" for each in decision.sent}
    given = [
        each.qty
        for each in decision.decide.candidates
        if each.qty and each.arm.partition("/")[0] == breach.mic and each.arm not in sent
    ]
    return f"{breach.mic}: from {qty(sum(given))} shares to 0"


# -- whether it stands ---------------------------------------------------------------------------


def verdict(again: Again) -> str:
    """What deciding it again came to, in a sentence."""
    found = again.recomputation
    if found is None:
        return "Recomputed: no, --quick answers from the record alone."
    match found.outcome:
        case Outcome.UNDECIDED:
            return f"Recomputed: it cannot be, {found.reason}."
        case Outcome.SAME:
            size = f"{qty(found.fields)} fields of {qty(found.commands)} commands"
            return f"Recomputed: the same, bit for bit ({size})."
        case Outcome.DIFFERENT:
            return f"Recomputed: NOT the same; {differing(found)}."


def recomputed(again: Again) -> Iterator[str]:
    """The same with every field that differs, and what else must be known to judge it."""
    yield from wrapped(verdict(again))
    found = again.recomputation
    if found is None:
        return
    if found.unlike:
        yield from indented(columns(["field", "recorded", "decided"], _unlike(found.unlike)))
    if len(found.unlike) > UNLIKE_MAX:
        yield f"  ... and {qty(len(found.unlike) - UNLIKE_MAX)} more; --json has them"
    yield from wrapped(" ".join(_doubts(again, found)))


def differing(found: Recomputation) -> str:
    """How much differs, in a few words."""
    count = len(found.unlike)
    return f"{qty(count)} of {qty(found.fields)} fields {'differs' if count == 1 else 'differ'}"


def _unlike(found: Sequence[Unlike]) -> Rows:
    return [
        [each.field, _short(each.recorded), _short(each.decided)] for each in found[:UNLIKE_MAX]
    ]


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= VALUE_MAX else f"{text[: VALUE_MAX - 4]} ..."


def _doubts(again: Again, found: Recomputation) -> Iterator[str]:
    """What may be wrong with the way to it."""
    if found.strayed:
        yield (
            f"In the same life of the daemon seq {qty(found.strayed)}, before it, is not decided "
            "as it was recorded: `sluice replay --verify` shows it."
        )
    if again.foreign and (found.unlike or found.strayed):
        yield (
            f"It ran with configuration {again.foreign[:12]}, which cannot be had; the loaded one "
            "has decided. Give the one that ran: --config and --set."
        )
