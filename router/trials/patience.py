"""Paths for the urgency table: parents worked in simulated markets by levels drawn at random.

Owns the walk and the account of each of its steps. A path goes through the whole core but for its
decisions: rules narrow, limits refuse, venues answer late, and the market responds; each path keeps
its own inventory. What a level is chosen by is chance alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from router.analysis.shortfall import Forced
from router.core.environment import Environment, Policy
from router.core.features import features
from router.core.orders import Parent
from router.core.sending import Scene
from router.core.state import State
from router.core.urgency_table import MARKET, MARKET_COLUMNS
from router.core.views import parent_view
from router.messages import (
    Command,
    OrderReceived,
    OrderTerms,
    Report,
    SendChild,
    Step,
    Wait,
)
from router.model import BP, NS, ExecType, OrdType, TimeInForce
from router.patience.steps import STEPS, Level, Steps, joined
from router.ports import Candidate, FloatArray
from router.trials.career import SPACING
from router.trials.composition import MIDNIGHT, SESSION, Bench, Run, run
from router.trials.levels import children, decision_of, found_in, scene_of
from router.trials.pool import Task
from router.trials.trial import SETTLE, WARM_UP, TrialError
from venues.lit import LitSpec
from venues.parents import ParentPlan
from venues.venue import price_units

ROUND_NS = 30 * NS
"""How often a level acts: the slice of a resting child."""

CHANCES = (0.25, 0.1, 0.15, 0.15, 0.2, 0.15)
"""By level: what the table is asked for, waiting and crossing, is tried most (choice)."""

SMALLER = 10.0
"""Parents are drawn down to the market file's smallest over this, evenly in the logarithm."""


@dataclass(frozen=True, slots=True)
class Walk:
    """One path to be walked: the parent, the step it begins with, and a level for each step."""

    plan: ParentPlan
    """As if it had begun with step 0, of what is left to do at `first`."""
    first: int
    levels: tuple[Level, ...]


def walk_of(made_of: Bench, seed: int) -> Walk:
    """The path of a seed: side, time and horizon are those of the market file's parent.

    Raises:
        TrialError: the market names no parents.
    """
    spec = made_of.spec
    if spec.parents is None:
        raise TrialError(f"market {spec.id} names no parents: nothing can be learned in it")
    chance = np.random.Generator(np.random.Philox(key=seed))
    least, most = min(spec.parents.qty_adv) / SMALLER, max(spec.parents.qty_adv)
    share = float(np.exp(chance.uniform(np.log(least), np.log(most))))
    lot = spec.flow.mo_size.lot
    plan = replace(spec.parent(seed), qty=max(1, round(share * spec.stock.adv / lot)) * lot)
    levels = chance.choice(len(Level), size=STEPS, p=CHANCES)
    return Walk(plan, int(chance.integers(STEPS)), tuple(Level(each) for each in levels.tolist()))


def walked(made_of: Bench, seed: int) -> Steps:
    """Walk the path of a seed in the market of that seed.

    Raises:
        TrialError: it could not be walked.
    """
    return _Path(made_of, seed, walk_of(made_of, seed)).steps()


@dataclass(frozen=True, slots=True)
class Walks:
    """The paths of a career's seed: values only, so that it can be sent to another process."""

    task: Task
    paths: int

    def __call__(self, seed: int) -> Steps:
        """Walk them, each in the market of a parent of that career.

        Raises:
            TrialError: one could not be walked.
        """
        trial, _ = self.task.prepare()
        first = seed * SPACING
        return joined([walked(trial.bench, first + each) for each in range(self.paths)])


@dataclass(slots=True)
class _Seen:
    """The state at a step's beginning, and what has come of it since."""

    step: int
    level: Level
    left: int
    """Shares not filled."""
    market: FloatArray
    mid2: int
    undisturbed_bp: float
    traded: int = 0
    """Sum of side times (price less the mid at the beginning, twice) times shares."""
    paid: int = 0
    """The same against the mid when the child was sent, with fees twice."""
    fees: int = 0
    """Twice."""


@dataclass(slots=True)
class _Path:
    """One walk from the parent's arrival to its end."""

    bench: Bench
    seed: int
    walk: Walk
    seen: list[_Seen] = field(default_factory=list)
    left: int = 0
    _ends: list[tuple[int, float]] = field(default_factory=list)
    """Mid, twice, and the undisturbed price at the end of each step."""
    _sent_mid2: dict[str, int] = field(default_factory=dict)
    _round: int = -1
    _run: Run | None = None

    @property
    def begins(self) -> int:
        return MIDNIGHT + self.walk.plan.start_ns

    @property
    def span(self) -> int:
        """Of a step, nanoseconds."""
        return round(self.walk.plan.horizon_s * NS) // STEPS

    def edge(self, step: int) -> int:
        """When a step begins."""
        return self.begins + step * self.span

    def steps(self) -> Steps:
        arrives = self.edge(self.walk.first)
        start = max(MIDNIGHT + self.bench.spec.session.from_ns, (arrives - WARM_UP) // NS * NS)
        made = run(self.bench, self.seed, start, on_step=self._noted, route=self._route)
        self._run = made
        made.driver.start(SESSION)
        made.driver.run(arrives)
        self.left = self.walk.plan.qty
        made.market.expect(self.left)
        made.driver.give(OrderReceived(SESSION, 1, "P-1", self._terms()))
        for step in range(self.walk.first, STEPS):
            made.driver.run(self.edge(step + 1) + (SETTLE if step + 1 == STEPS else 0))
            self._ends.append((made.market.mid2, made.market.undisturbed_bp))
            if not self.left:
                break
        if not self.seen or not all([*(each.mid2 for each in self.seen), self._ends[-1][0]]):
            raise TrialError(f"seed {self.seed}: no market for the parent")
        return self._account(made)

    def _terms(self) -> OrderTerms:
        assert self._run is not None
        return OrderTerms(
            symbol=self._run.market.symbol,
            side=self.walk.plan.side,
            order_qty=self.left,
            ord_type=OrdType.MARKET,
            time_in_force=TimeInForce.GTD,
            price=None,
            account="PATH",
            expire_time=self.edge(STEPS),
            algo="sweep",
            params={},
        )

    # --- what the levels do --------------------------------------------------------------------

    def _route(
        self, env: Environment, state: State, seq: int, now: int, parent: Parent, policy: Policy
    ) -> Iterator[Command]:
        """Act once a round; in between, and when all is done, wait."""
        step = min(STEPS - 1, (now - self.begins) // self.span)
        into = now - self.edge(step)
        number, rounds = into // ROUND_NS, max(1, self.span // ROUND_NS)
        until = min(self.edge(step + 1), self.edge(step) + (number + 1) * ROUND_NS)
        this = step * 1_000_000 + number
        if this > self._round and parent_view(parent).free_qty:
            self._round = this
            scene = scene_of(env, state, now, parent, policy, until)
            found = found_in(env, state, now, scene)
            if not self.seen or self.seen[-1].step < step:
                self.seen.append(self._look(step, scene, found, state, now))
            yield decision_of(scene)
            pace = -(-self.seen[-1].left // ((STEPS - step) * rounds))
            level = self.seen[-1].level
            yield from children(env, state, seq, now, scene, found, level, pace)
        # At the very end there is nothing to wait for but the order's own end.
        wake = until if until > now else now + NS
        yield Wait(parent.parent_id, wake, "NOTHING_DUE", parent.volume)

    def _look(
        self, step: int, scene: Scene, found: Sequence[Candidate], state: State, now: int
    ) -> _Seen:
        assert self._run is not None
        matrix = features(scene.view, found[:1], state.market, scene.instrument, now, {})
        market = self._run.market
        return _Seen(
            step=step,
            level=self.walk.levels[step],
            left=self.left,
            market=matrix[0, MARKET_COLUMNS] if len(matrix) else np.zeros(len(MARKET)),
            mid2=market.mid2,
            undisturbed_bp=market.undisturbed_bp,
        )

    # --- what it comes to ----------------------------------------------------------------------

    def _noted(self, step: Step) -> None:
        assert self._run is not None
        for command in step.commands:
            match command:
                case SendChild():
                    self._sent_mid2[command.cl_ord_id] = self._run.market.mid2
                case Report(exec_type=ExecType.TRADE):
                    self._filled(command)
                case _:
                    pass

    def _filled(self, report: Report) -> None:
        """A fill counts in the step in which it becomes known."""
        profile = self.bench.env.venues[report.last_mkt]
        fee = profile.make_fee if report.liquidity == "1" else profile.take_fee
        seen, sign, qty = self.seen[-1], self.walk.plan.side.sign, report.last_qty
        sent = self._sent_mid2[report.child_cl_ord_id]
        self.left -= qty
        seen.traded += sign * (2 * report.last_px - seen.mid2) * qty
        seen.paid += (sign * (2 * report.last_px - sent) + 2 * fee) * qty
        seen.fees += 2 * fee * qty

    def _account(self, made: Run) -> Steps:
        """One row a step."""
        sign, size = self.walk.plan.side.sign, len(self.seen)
        leaves = [*(each.left for each in self.seen[1:]), self.left]
        after = [(each.mid2, each.undisturbed_bp) for each in self.seen[1:]] + self._ends[-1:]
        cost, kept, filled, paid, drift = (np.zeros(size) for _ in range(5))
        for k, (each, left, (mid2, undisturbed)) in enumerate(
            zip(self.seen, leaves, after, strict=True)
        ):
            forced = k == size - 1 and left > 0
            worth = self._forced2(made, left) if forced else sign * mid2
            moved = left * (worth - sign * each.mid2)
            scale = BP / (each.left * each.mid2)
            cost[k] = scale * (each.traded + each.fees + moved)
            drift[k] = sign * (undisturbed - each.undisturbed_bp)
            kept[k] = 0.0 if forced else left / each.left
            filled[k] = 1.0 - left / each.left
            if left < each.left:
                paid[k] = BP * each.paid / ((each.left - left) * each.mid2)
        return Steps(
            path=np.zeros(size, np.int64),
            step=np.array([each.step for each in self.seen], np.int64),
            level=np.array([each.level for each in self.seen], np.int64),
            remaining=np.array([each.left for each in self.seen]) / self.bench.spec.stock.adv,
            market=np.stack([each.market for each in self.seen]),
            cost=cost,
            kept=kept,
            filled=filled,
            paid=paid,
            drift=drift,
        )

    def _forced2(self, made: Run, left: int) -> float:
        """Twice side times the price, with the fee, of a forced cross now."""
        spec, sign = self.bench.spec, self.walk.plan.side.sign
        bid, offer = made.market.nbbo
        touch = offer if sign > 0 else bid
        if left and not touch:
            raise TrialError(f"seed {self.seed}: no price at the end for what is left")
        take = max(price_units(one.fees.take) for one in spec.venues if isinstance(one, LitSpec))
        forced = Forced(touch, take, spec.stock.sigma_day_bp, spec.stock.adv, spec.impact.kernel.Y)
        return 2.0 * (sign * forced.price(sign, left) + take)
