"""One order becomes four children: the whole against the sum of its parts; and a fill's way back.

Run as `python -m bench.route [rounds]`. The scene is `bench.market`: seven venues, all policies and
limits, the default learner, which learns as it goes.

- `route`: the bytes of a NewOrderSingle in, those of four children and one report out, their
  record encoded: everything but sockets and disk.
- `parts`: what that is made of, each called by itself with an order's own arguments, once after
  every whole order: a loop over one of them would keep it warmer than it ever is on its way.
- `simplefix_parse`: the order's bytes parsed by simplefix, for proportion.
- `fill`: the bytes of a venue's ExecutionReport in, those of the parent's out, record encoded; four
  in a row, as `decode_report` is.
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial

import numpy as np
from msgspec.structs import replace

from bench.fix_codec import simplefix_decode
from bench.market import MICS, SHOWN, Market, Wire
from bench.measure import Figures, Result, Subject, at_most
from router.core.allocator import allocate
from router.core.candidates import candidates
from router.core.environment import Policy
from router.core.features import cost_bp, features
from router.core.gate import evaluate
from router.core.intake import limited_parent
from router.core.narrowing import narrow
from router.core.scoring import urgency_bp
from router.core.shelf import learner_key
from router.core.views import LimitView, parent_view
from router.fix.application import outgoing
from router.fix.codec import decode, encode, time_text
from router.fix.dictionary import FIX44
from router.fix.framing import Framer
from router.messages import OrderReceived, Report, SendChild, Step, encode_step
from router.ports import Candidate, FloatArray, LimitedOrder, Refusal, RuleContext, ScoreRequest

ROUNDS = 21
ORDERS = 20
"""Whole orders in a round."""
URGENCY = 1.0
"""Of a sweep's first round."""
TAKING = ("lit_take", "dealer_quote")


class Stopwatch:
    """Mean microseconds of what is timed piece by piece."""

    def __init__(self) -> None:
        self._count = self._wall = self._cpu = 0

    def time(self, run: Subject, count: int) -> None:
        """Add a call that does `count` operations."""
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        run()
        self._cpu += time.process_time_ns() - cpu
        self._wall += time.perf_counter_ns() - wall
        self._count += count

    def note(self, figures: Figures, name: str) -> None:
        figures.note(
            name, wall_us=self._wall / self._count / 1e3, cpu_us=self._cpu / self._count / 1e3
        )


def one_order(market: Market, route: Stopwatch, fill: Stopwatch) -> tuple[Wire, Step, list[Wire]]:
    """An order, its children, their fills; what came in and what the order's record holds."""
    market.refresh()
    order = market.order()
    route.time(lambda: market.give([order]), 1)
    [step] = market.steps
    market.exchange()
    fills = market.fills()

    def filled() -> None:
        market.give(fills)
        market.study()

    fill.time(filled, len(fills))
    reports = [each for each in market.steps[-1].commands if isinstance(each, Report)]
    assert reports[-1].ord_status == "2", "every share has been bought"
    market.exchange()
    return order, step, fills


class Parts:
    """The parts of one order's way, each to be called again by itself.

    Together they are what a router of this kind cannot leave out. The order itself is over.
    """

    def __init__(self, market: Market, order: Wire, step: Step) -> None:
        assert isinstance(step.event, OrderReceived)
        self._market, self._env, self._state = market, market.env, market.node.engine.state
        self._frame = order[1]
        self._step = step
        self._event = step.event
        self._terms = step.event.terms
        self._instrument = self._env.instruments[self._terms.symbol]
        self._children = [each for each in step.commands if isinstance(each, SendChild)]
        assert len(self._children) == len(MICS)

    @property
    def _now(self) -> int:
        return self._market.now

    def _limits(self) -> LimitView:
        return LimitView(self._env, self._state, self._now)

    def subjects(self) -> dict[str, Subject]:
        """The parts by name, in the order of the way."""
        self._market.refresh()
        return {**self._way_in(), **self._decision(), **self._way_out()}

    def _way_in(self) -> dict[str, Subject]:
        limits, event, terms = self._env.limits, self._event, self._terms
        framer = Framer()

        def read() -> None:
            for each in framer.feed(self._frame):
                assert FIX44.validate(FIX44.decode(each)) is None

        limited = limited_parent(
            event.session, event.cl_ord_id, terms, terms.order_qty, is_replace=False
        )
        assert not evaluate(limits, limited, self._limits())
        return {
            "decode_and_validate": read,
            "limits_on_parent": lambda: evaluate(limits, limited, self._limits()),
            "choose_policy": self._choose,
        }

    def _choose(self) -> Policy:
        px = self._terms.price or 0
        found = self._env.policies.choose(
            self._event.session, self._terms, self._instrument, self._now, px
        )
        assert not isinstance(found, Refusal)
        return found

    def _decision(self) -> dict[str, Subject]:
        state, lot = self._state, self._instrument.lot
        parent = state.parents[self._children[0].parent_id]
        view = replace(parent_view(parent), cum_qty=0, working_qty=0)  # as it was at first
        touch = state.market.view(view.symbol, self._now, 0)
        venues, mics = tuple(self._env.venues.values()), set(state.open_mics())

        def find() -> list[Candidate]:
            market, now, where = state.market, self._now, self._instrument
            every = candidates(view, where, venues, market, now, open_mics=mics, asked=set())
            return [each for each in every if each.tactic.value in TAKING]

        def see(found: list[Candidate]) -> FloatArray:
            market, now, history = state.market, self._now, state.fill_ratio
            return features(view, found, market, self._instrument, now, history)

        found, policy = find(), self._choose()
        lots = view.order_qty // lot
        context = RuleContext(self._now, view, self._instrument, touch, view.order_qty, URGENCY)
        request = ScoreRequest(
            symbol=view.symbol,
            arms=tuple(each.arm.key for each in found),
            features=see(found),
            cost_bp=np.array([cost_bp(each, view.side, touch.mid2) for each in found]),
            displayed_lots=np.array([each.displayed / lot for each in found]),
            lots=lots,
            urgency_bp=urgency_bp(URGENCY, touch),
            participation=1.0,
        )
        learner, arrays = state.shelf.get(learner_key(policy.learner, policy.learner_params))
        rng = np.random.Generator(np.random.Philox(key=1))
        scores = learner.score(arrays, request, rng)
        caps, floors = [SHOWN // lot] * len(found), [0] * len(found)
        assert allocate(scores.tails, scores.values, caps, floors, lots).lots_per_candidate == (
            *caps,
        )
        return {
            "candidates_and_features": lambda: see(find()),
            "rules": lambda: [narrow(each, policy.rules, context) for each in found],
            "score": lambda: learner.score(arrays, request, rng),
            "allocate": lambda: allocate(scores.tails, scores.values, caps, floors, lots),
        }

    def _way_out(self) -> dict[str, Subject]:
        told = [each for each in self._step.commands if isinstance(each, SendChild | Report)]
        limited = [self._limited(each) for each in self._children]

        def check() -> None:
            for each in limited:
                assert not evaluate(self._env.limits, each, self._limits())

        dialects = {name: link.dialect for name, link in self._market.node.links.items()}

        def frame() -> None:
            now = self._now
            for command in told:
                out = outgoing(command, now, dialects)
                assert out is not None
                header = f"34=1234\x0149=SLUICE\x0152={time_text(now)}\x0156={out.session}\x01"
                encode("FIX.4.4", out.msg_type, header, out.body)

        return {
            "limits_on_4_children": check,
            "encode_4_children_and_report": frame,
            "encode_record": lambda: encode_step(self._step),
        }

    def _limited(self, child: SendChild) -> LimitedOrder:
        return LimitedOrder(
            order_id=child.cl_ord_id,
            is_child=True,
            session=self._event.session,
            account=child.account,
            symbol=child.symbol,
            side=child.side,
            qty=child.qty,
            added_qty=child.qty,
            ord_type=child.ord_type,
            price=child.price,
            mic=child.mic,
            tactic=child.tactic,
            algo="sweep",
        )


def measure(rounds: int) -> Figures:
    """All rounds: an order and its fills, the parts of an earlier order, and so on in turn."""
    figures = Figures()
    market = Market()
    for _ in range(ORDERS):  # arms, caches and interned text are met
        order, step, fills = one_order(market, Stopwatch(), Stopwatch())
    parts = Parts(market, order, step).subjects()
    for _ in range(rounds):
        names = ("route", "fill", "decode_report", "simplefix_parse", *parts)
        watches = {name: Stopwatch() for name in names}
        for _ in range(ORDERS):
            order, _, _ = one_order(market, watches["route"], watches["fill"])
            watches["simplefix_parse"].time(partial(simplefix_decode, order[1]), 1)
            market.refresh()
            for name, part in parts.items():
                watches[name].time(part, 1)
            watches["decode_report"].time(lambda: [decode(data) for _, data in fills], len(fills))
        for name, watch in watches.items():
            watch.note(figures, name)
    figures.join("parts", list(parts))
    return figures


def main(rounds: int = ROUNDS) -> Result:
    figures = measure(rounds)
    return {
        "bench": "route",
        "rounds": rounds,
        "children": len(MICS),
        **figures.medians(),
        "ratios": {
            "route_to_sum_of_parts": at_most(figures.cpu_ratio("route", "parts"), 1.5),
            "route_to_simplefix_parse": at_most(figures.cpu_ratio("route", "simplefix_parse"), 4.0),
            "fill_to_one_decode": at_most(figures.cpu_ratio("fill", "decode_report"), 2.5),
        },
    }


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:2])), indent=2))
