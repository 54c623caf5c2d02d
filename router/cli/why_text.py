"""A story as text: what `sluice why` prints, in 100 columns, with units in every header.

Owns the words about children, parents and refused orders; those about a decision are
`why_decision`'s. The numbers are `router.analysis`'s. Not a command.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from router.analysis import contrast
from router.analysis.contrast import Interval, Need, Obstacle
from router.analysis.explain import Booked, ChildStory, Decision, Order, Story
from router.analysis.naming import for_firm
from router.analysis.paid import Cost, cost
from router.cli.output import columns, indented
from router.cli.why_again import Again
from router.cli.why_decision import decision_text, recomputed
from router.cli.why_exploring import exploring
from router.cli.why_layout import Rows, facts, timeline, wrapped
from router.cli.why_words import clock, money, on_day, px, qty, rescheduled, terms_text, words
from router.core.ids import client
from router.messages import (
    AssignSuspense,
    CandidateRecord,
    EnterBust,
    EnterExecution,
    OpenParent,
    Report,
    Reschedule,
    SettleChild,
    UrgencyNote,
    Wait,
)
from router.model import PX_SCALE, TimeInForce
from router.ports import FloatArray

LIFE_MAX = 120
"""Lines of a parent's life that are shown unless all are asked for."""

FILLS_HEADER = [
    *("venue", ">fills", ">shares", ">avg price", ">fees", ">price bp", ">fees bp", ">cost bp"),
]


# -- a child -------------------------------------------------------------------------------------


def child_text(story: Story, child: ChildStory, again: Again) -> Iterator[str]:
    """Everything about one child; what its decision came to when it was made again is among it."""
    sent, decision = child.sent, child.decision
    yield headline(child)
    yield from indented(facts(_known(story, decision)))
    yield ""
    yield from decision_text(decision, f"{sent.mic}/{sent.tactic.value}", again)
    yield ""
    yield "Why here"
    yield from indented(wrapped(" ".join(_reasons(child, again.curves))))
    yield from _needs(decision, f"{sent.mic}/{sent.tactic.value}", again.curves)
    yield ""
    yield from recomputed(again)
    yield ""
    yield f"What became of it, on {on_day(child.now)} UTC"
    rows: Rows = [[clock(child.now), qty(child.seq), f"sent, {qty(sent.qty)} shares"]]
    rows.extend([clock(now), qty(seq), words(what)] for seq, now, what in child.events)
    yield from indented(timeline(rows))
    if child.fills:
        yield ""
        yield from indented(wrapped(_cost_text(story, cost_of(story, child))))


def headline(child: ChildStory) -> str:
    """A child in one line."""
    sent = child.sent
    limit = "without a limit" if sent.price is None else f"limit {px(sent.price)}"
    more = f", MinQty {qty(sent.min_qty)}" if sent.min_qty else ""
    return (
        f"{sent.cl_ord_id}: {sent.side.name.lower()} {qty(sent.qty)} {sent.symbol} at {sent.mic} "
        f"by {sent.tactic.value}, {limit}, {sent.time_in_force.name}{more}; "
        f"filled {qty(child.cum_qty)}"
    )


def cost_of(story: Story, child: ChildStory) -> Cost:
    """Of one child's fills, against the parent's arrival midpoint."""
    return cost(child.fills.values(), story.side, story.arrival_mid)


def _known(story: Story, decision: Decision) -> Iterator[tuple[str, str]]:
    opened, order, decide = story.opened, decision.order, decision.decide
    assert opened is not None
    assert order is not None
    whose = f"{_firm(opened)}{_replaced(order)}"
    yield (
        "order",
        f"{opened.parent_id} ({opened.cl_ord_id} of {opened.session}{whose}): "
        f"{terms_text(order.terms)}",
    )
    yield (
        "decided",
        f"{on_day(decision.now)} {clock(decision.now)} UTC, seq {qty(decision.seq)}: "
        f"{qty(decide.due_qty)} shares due, urgency {decide.urgency:.2f}, lot {qty(decide.lot)}",
    )
    market = "no market" if not decide.mid else f"mid {money(decide.mid / 2)}"
    arrival = f", {money(opened.arrival_mid / 2)} at arrival" if opened.arrival_mid else ""
    yield "market", f"{market}{arrival}; {qty(decide.volume)} shares traded since the start"
    if decide.predictor:
        away = "away from" if decide.drift_bp >= 0 else "towards"
        moves = f"expected {abs(decide.drift_bp):.2f} bp {away} the order, which u(x) holds"
        yield "drift", f"{moves}; predictor {decide.predictor[:12]}"
    if decide.urgency_note is not None and decide.urgency_bp is not None:
        yield "urgency", urgency_text(decide.urgency_note, decide.urgency_bp)
    yield from exploring(decide)
    yield (
        "learner",
        f"{decide.learner} after {qty(decide.learner_version)} lessons, features "
        f"v{decide.feature_version}; {_algo(opened, order)}, "
        f"policy {_policy(opened, order, decide.policy_hash)}",
    )


def _firm(order: OpenParent | Report) -> str:
    """For which of its clients a hub has sent an order, if it has."""
    return for_firm(client(order.session, order.terms.reply_to))


def _replaced(order: Order) -> str:
    """Under which ClOrdID its terms are, if they are not the first."""
    return f", replaced by {order.cl_ord_id}" if order.replaced else ""


def _algo(opened: OpenParent, order: Order) -> str:
    """Who works an order, with the parameters that hold."""
    parameters = ", ".join(f"{name}={value}" for name, value in order.algo_params.items())
    return f"{opened.algo} {parameters}".rstrip()


def _policy(opened: OpenParent, order: Order, documents: str) -> str:
    """The name holds the clauses that were chosen for the first terms; later ones have none."""
    if order.replaced:
        return f"documents {documents[:12]}, their clauses chosen again for the new terms"
    return f"{opened.policy}, documents {documents[:12]}"


def urgency_text(note: UrgencyNote, urgency_bp: float) -> str:
    """Where the worth of a share done came from."""
    worth = f"a share done is worth {urgency_bp:.2f} bp"
    if note.learned_bp is None:
        return f"{worth}: {note.by}, the table {note.table} was not asked"
    cell = " ".join(str(each) for each in note.cell)
    source = f"table {note.table}, cell {cell}"
    if note.by == "schedule":
        source = f"the lag behind the schedule, for {source} has no answer"
    band = f"{note.at_least_bp:g} to {note.at_most_bp:g} bp"
    return f"{worth}: {note.learned_bp:.2f} by {source}; policy: {band}"


# -- why here, and what would have had to differ -------------------------------------------------


def _reasons(child: ChildStory, curves: FloatArray | None) -> Iterator[str]:
    decide, arm = child.decision.decide, f"{child.sent.mic}/{child.sent.tactic.value}"
    assert child.decision.order is not None
    found = contrast.rows(decide, curves)
    own = next(each for each in found if each.record.arm == arm)
    shared = ", ".join(f"{qty(e.qty)} to {e.arm}" for e in decide.candidates if e.qty)
    yield f"Of {qty(decide.due_qty)} shares due, {shared}."
    if child.sent.qty != own.record.qty:
        yield (
            f"Given {qty(own.record.qty)} and sent {qty(child.sent.qty)}: rules that bound a sum "
            "counted what the decision had sent before."
        )
    if child.decision.order.terms.time_in_force is TimeInForce.FOK:
        yield "The order is FOK: the first venue that shows all of it is given all of it."
        return
    last = own.marginal(own.lots)
    yield f"The last lot given here was worth {interval(last)} bp."
    if decide.footprint_bp:
        yield (
            f"Each lot of a venue is worth {decide.footprint_bp:.3f} bp less than the one before "
            "it: what it moves the price, the rest of the order pays."
        )
    if decide.wait_bp:
        yield (
            f"A share that waits may save {decide.wait_bp:.3f} bp by resting again: to take one is "
            "worth less by that."
        )
    where = contrast.cut(found, decide)
    if where.worth is not None and where.holders != (arm,):
        yield f"The worst lot given to anybody was worth {interval(where.worth)} bp"
        yield f"({' or '.join(where.holders)})."
    if where.spare:
        yield f"{qty(where.spare * decide.lot)} shares went to nobody: nothing more was worth it."
    yield from _other_venue(decide.candidates, contrast.nearest(decide, arm, curves))


def _other_venue(
    found: Sequence[CandidateRecord], nearest: tuple[Need | None, Need | None]
) -> Iterator[str]:
    by_value, by_cap = nearest
    records = {each.arm: each for each in found}
    if by_value is not None and by_value.value is not None:
        had = records[by_value.arm].value_bp
        yield (
            f"For another venue to win {qty(by_value.shares)} shares: {by_value.arm} with a value "
            f"of {_above(by_value.value)} bp ({_surely(by_value.value)}it had {had:.3f})."
        )
    if by_cap is not None:
        record = records[by_cap.arm]
        yield (
            f"Or {by_cap.arm} with a cap of {qty(by_cap.cap)} shares (it had {qty(record.cap)}, "
            f"{_who(record)}): it was worth more than what was given last."
        )
    if by_value is None and by_cap is None:
        yield "No other venue could have won by its value or its cap alone."


def _who(record: CandidateRecord) -> str:
    """Who made the cap what it is."""
    return f"by {record.caps[-1].by}" if record.caps else "all that it offered"


def _above(value: Interval) -> str:
    """How much it takes: the record may leave open which number between two it is."""
    return f"more than {value.low:.3f}"


def _surely(value: Interval) -> str:
    if value.exact or value.high == float("inf"):
        return ""
    return f"{value.high:.3f} would have done; "


def interval(found: Interval) -> str:
    """A number, or both ends of what it may be."""
    return f"{found.high:.3f}" if found.exact else f"{found.low:.3f} to {found.high:.3f}"


def _needs(decision: Decision, own: str, curves: FloatArray | None) -> Iterator[str]:
    needs = [each for each in contrast.needs(decision.decide, curves) if each.arm != own]
    if needs:
        yield ""
        yield "What the others would have needed for more (value in bp, sizes in shares)"
        rows: Rows = [[each.arm, qty(each.shares), _need_text(each)] for each in needs]
        yield from indented(columns(["arm", ">for", "needs"], rows))


def _need_text(need: Need) -> str:
    """What a candidate would have needed, in a table."""
    value = ""
    if need.value is not None:
        surely = _surely(need.value).rstrip("; ")
        value = f"a value of {_above(need.value)}" + (f" ({surely})" if surely else "")
    match need.obstacle:
        case Obstacle.VALUE:
            return value
        case Obstacle.CAP:
            return f"a cap of {qty(need.cap)}"
        case Obstacle.BOTH:
            return f"{value}, and a cap of {qty(need.cap)}"
        case Obstacle.SIZE:
            return "no child of its least size fits into what is due"
        case Obstacle.CURVE:
            return "nothing would do: so much is never expected to fill there"
        case Obstacle.UNCLEAR:
            return "the record leaves open what"


# -- a parent ------------------------------------------------------------------------------------


def parent_text(story: Story, *, whole: bool) -> Iterator[str]:
    """A parent: where it stands, what it cost, its life."""
    opened, told, order = story.opened, story.told, story.order
    assert opened is not None
    assert told is not None
    assert order is not None
    yield (
        f"{opened.parent_id}: {terms_text(told.terms)}; "
        f"{told.ord_status.name.replace('_', ' ').lower()}, filled {qty(told.cum_qty)}"
    )
    whose = f"{_firm(opened)}{_replaced(order)}"
    arrival = f"mid {money(opened.arrival_mid / 2)}" if opened.arrival_mid else "no market"
    yield from indented(
        facts(
            [
                ("client", f"{opened.cl_ord_id} of session {opened.session}{whose}"),
                ("arrived", f"{on_day(story.now)} {clock(story.now)} UTC, {arrival}"),
                ("worked by", _algo(opened, order)),
                ("policy", _policy(opened, order, opened.policy_hash)),
                ("so far", f"{len(story.decisions):,} decisions, {len(story.children):,} children, "
                           f"{len(story.fills()):,} fills"),
            ]
        )
    )  # fmt: skip
    yield ""
    yield from _by_venue(story)
    yield f"Life, on {on_day(story.now)} UTC"
    yield from indented(_life(story, whole=whole))


def _by_venue(story: Story) -> Iterator[str]:
    assert story.opened is not None
    fills, arrival = story.fills(), story.arrival_mid
    if not fills:
        return
    rows: Rows = []
    for mic in dict.fromkeys(fill.mic for fill in fills):
        part = cost([fill for fill in fills if fill.mic == mic], story.side, arrival)
        rows.append([mic, *_cost_cells(part)])
    whole = cost(fills, story.side, arrival)
    rows.append(["all", *_cost_cells(whole)])
    yield "Fills (fees in the currency, cost in bp against the arrival mid, + is paid)"
    yield from indented(columns(FILLS_HEADER, rows))
    yield ""


def _cost_cells(found: Cost) -> list[str]:
    fees = "-" if found.fees is None else f"{found.fees / PX_SCALE:,.2f}"
    average = money(found.notional / found.qty) if found.qty else "-"
    parts = (found.price_bp, found.fees_bp, found.total_bp)
    return [qty(found.fills), qty(found.qty), average, fees, *(_bp(each) for each in parts)]


def _bp(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _cost_text(story: Story, found: Cost) -> str:
    if found.total_bp is None:
        return f"{qty(found.qty)} shares filled; there was no arrival mid to measure against."
    return (
        f"{qty(found.qty)} shares at {money(found.notional / found.qty)}: {_bp(found.price_bp)} bp "
        f"against the parent's arrival mid, and {_bp(found.fees_bp)} bp of fees."
    )


def _life(story: Story, *, whole: bool) -> list[str]:
    rows: Rows = []
    waits, waiting = 0, ""
    held: OpenParent | Reschedule | None = None
    for seq, now, what in story.lines:
        if isinstance(what, Wait) and what.reason == waiting:
            waits += 1
            rows[-1] = [clock(now), qty(seq), f"{words(what)} ({waits} times)"]
            continue
        waits, waiting = (1, what.reason) if isinstance(what, Wait) else (0, "")
        if isinstance(what, Reschedule) and held is not None:
            what, text = rescheduled(held, what, now)
        else:
            text = f"{_of_child(what)}{words(what)}"
        held = what if isinstance(what, OpenParent | Reschedule) else held
        rows.append([clock(now), qty(seq), text])
    if len(rows) > LIFE_MAX and not whole:
        left = len(rows) - LIFE_MAX
        half = LIFE_MAX // 2
        rows = [
            *rows[:half],
            ["", "", f"... {left:,} lines left out; --all has them"],
            *rows[-half:],
        ]
    return timeline(rows)


def _of_child(what: object) -> str:
    """Whose it is, in its parent's life, where the words do not name the child."""
    match what:
        case Booked():
            return f"child {what.told.child_cl_ord_id}: "
        case AssignSuspense() | EnterBust() | EnterExecution() | SettleChild():
            return f"child {what.cl_ord_id}: "
        case _:
            return ""


def refused_text(story: Story, name: str) -> Iterator[str]:
    """An order that never became a parent."""
    assert story.told is not None
    yield f"{name}{_firm(story.told)}: {terms_text(story.told.terms)}; refused"
    yield from indented(wrapped(story.told.text))
    yield ""
    yield f"Life, on {on_day(story.lines[0][1])} UTC"
    rows: Rows = [[clock(now), qty(seq), words(what)] for seq, now, what in story.lines]
    yield from indented(timeline(rows))
