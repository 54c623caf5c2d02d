"""What crosses between market and router: messages, late, and nothing else, in both directions.

That sessions and the direct way give the same executions is held in `tests.sim.test_two_ways`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import msgspec
import pytest

import config
from router import build
from router.fix.application import outgoing
from router.fix.codec import encode
from router.fix.dialects import dialect
from router.fix.versions import FIX44
from router.messages import (
    CancelChild,
    Command,
    Event,
    OpenParent,
    OrderReceived,
    RequestQuote,
    SendChild,
    Step,
    TimerFired,
)
from router.model import NS
from router.runtime.direct import Direct
from router.trials.composition import SESSION
from tests.market.cost import MIDDAY, beginning
from tests.market.routed import ENDS_S, ORDER_AT_S, opened_on_the_day, parent, routed, shipped
from venues.direct import DirectMarket
from venues.market import Market
from venues.market_file import read_market
from venues.recorder import Recorder

TABLES = ("book", "trades")


def recorded(market: Market, folder: Path, *, with_a_router: bool) -> list[bytes]:
    """The recording of a run, as bytes."""
    recorders: list[Recorder] = []
    if with_a_router:
        routed(market, terms=None, watch=lambda each: recorders.append(Recorder(each)))
    else:
        recorders.append(Recorder(market))
        market.tick(market.now + ENDS_S * NS)
    prefix = folder / str(with_a_router)
    recorders[0].write(prefix)
    return [Path(f"{prefix}.{table}.parquet").read_bytes() for table in TABLES]


def test_a_router_that_never_trades_leaves_the_market_as_it_is(tmp_path: Path) -> None:
    """It logs on everywhere, listens to every book and has dealers quote to it: the same bytes."""
    alone, watched = (
        recorded(opened_on_the_day(shipped(), 3), tmp_path, with_a_router=there)
        for there in (False, True)
    )
    assert len(alone[0]) > 4_000
    assert watched == alone


# --- the future ----------------------------------------------------------------------------------

TURNS_AT = "12:03:00"
TURNS_AFTER_S = 180

FUTURE = f"""
extends: baseline
id: turning
vocabulary: 1
schedule:
  - at: "{TURNS_AT}"
    set:
      stock.sigma_day_bp: 450
      stock.spread_ticks: 4
      flow.market_orders_per_s: 0.9
      venues.DARK_A.dark.p_zero: 0.3
      venues.SDP_1.sdp.markup_ticks: 2
  - at: "{TURNS_AT}"
    event: reject_all
    venue: LIT_B
    duration_s: 60
"""


@dataclass
class Turning:
    """Two markets of one seed that part at a time."""

    steps: list[list[Step]]
    turns_at: int


@pytest.fixture(scope="module")
def turning(tmp_path_factory: pytest.TempPathFactory) -> Turning:
    folder = tmp_path_factory.mktemp("markets")
    markets = Path(config.__file__).parent / "markets"
    (folder / "baseline.yaml").write_bytes((markets / "baseline.yaml").read_bytes())
    (folder / "turning.yaml").write_text(FUTURE)
    turning = beginning(read_market(folder / "turning.yaml"), MIDDAY)
    found = []
    for spec in (shipped(), turning):
        market = opened_on_the_day(spec, 4)
        turns_at = market.now + TURNS_AFTER_S * NS
        found.append(routed(market, terms=parent(market)).steps)
    return Turning(found, turns_at)


def before(steps: Sequence[Step], at: int) -> list[Step]:
    return list(takewhile(lambda step: step.now < at, steps))


def test_nothing_of_the_future_reaches_a_decision(turning: Turning) -> None:
    """Until the market turns, every event and every decision is the same as where it never does."""
    ordinary, turned = (before(steps, turning.turns_at) for steps in turning.steps)
    assert sum(type(c) is SendChild for step in ordinary for c in step.commands) > 5
    assert turned == ordinary


def test_the_future_is_another_one(turning: Turning) -> None:
    """Else the test above would show nothing."""
    ordinary, turned = turning.steps
    assert turned != ordinary


# --- who the router is ---------------------------------------------------------------------------


class Script:
    """In the place of a core: what was decided in a run, again, as long as the same happens.

    It has no learner, no policy, no seed, and names no parent.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = iter(steps)
        self._next = next(self._steps, None)
        self.heard: list[Event] = []

    def handle(self, seq: int, now: int, event: Event) -> tuple[Command, ...]:
        step, self._next = self._next, next(self._steps, None)
        assert step is not None
        assert (step.now, step.event) == (now, event)
        self.heard.append(event)
        return tuple(_anonymous(command) for command in step.commands)

    def deadline(self) -> int | None:
        due = self._next is not None and isinstance(self._next.event, TimerFired)
        return self._next.now if self._next is not None and due else None


def _anonymous(command: Command) -> Command:
    if isinstance(command, SendChild):
        return msgspec.structs.replace(command, parent_id="", decision=0)
    return command


@pytest.mark.parametrize(("learner", "seed"), [("hazard", 1), ("pro_rata", 2)])
def test_the_market_hears_orders_and_never_whose_they_are(learner: str, seed: int) -> None:
    """The orders of a run, sent again by a script into a fresh market of the same seed, get the
    same answers at the same times: no arm, no policy and no seed of the router is in them."""
    market = opened_on_the_day(shipped(), 5)
    run = routed(market, terms=parent(market), learner=learner, seed=seed)
    assert run.executed == 6_000
    again = opened_on_the_day(shipped(), 5)
    script = Script(run.steps)
    driver = Direct(script, DirectMarket(again), start=again.now)  # type: ignore[arg-type]
    start = again.now
    driver.start(SESSION)
    driver.run(start + ORDER_AT_S * NS)
    driver.give(OrderReceived(SESSION, 1, "X-1", parent(opened_on_the_day(shipped(), 5))))
    driver.run(start + ENDS_S * NS)
    assert script.heard == [step.event for step in run.steps]


def test_no_message_to_a_venue_names_an_arm() -> None:
    """Neither learner nor algo nor policy nor parent: a venue could not tell them apart."""
    family = build.families()
    market = opened_on_the_day(shipped(), 6)
    steps = routed(market, terms=parent(market)).steps
    opened = [c for step in steps for c in step.commands if isinstance(c, OpenParent)]
    names = [*family.learners, *family.algos, *(each.policy for each in opened)]
    names += [each.parent_id for each in opened]
    dialects = dict.fromkeys(market.mics, dialect(FIX44))
    sent = [
        encode(FIX44.begin_string, out.msg_type, "", out.body).decode()
        for step in steps
        for command in step.commands
        if isinstance(command, SendChild | CancelChild | RequestQuote)
        and (out := outgoing(command, step.now, dialects)) is not None
    ]
    assert len(sent) > 20
    assert len(names) > 4
    assert [text for text in sent for name in names if name.lower() in text.lower()] == []
