"""One trial: a market of one seed, a router in it, the parents that it is given, what they cost.

Owns the course of a trial. What is judged by is the market's truth (its own midpoints); the router
sees nothing of it but messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from router.analysis.shortfall import Forced, Markouts, shortfall
from router.core.ledger import Ledger
from router.core.shelf import LearnerShelf
from router.messages import Decide, OpenParent, OrderReceived, OrderTerms, Report, SendChild, Step
from router.model import BP, NS, ExecType, OrdStatus, OrdType, Side, TimeInForce
from router.trials.composition import MIDNIGHT, SESSION, Bench, Run, clock_text, run
from venues.lit import LitSpec
from venues.parents import ParentPlan
from venues.recorder import Recorder, record
from venues.venue import price_units

WARM_UP = 120 * NS
"""How long the router watches the market before its first parent comes."""

MARKOUT = 10 * NS
"""When a fill is looked back at: the horizon of the market's own calibration."""

SETTLE = NS
"""What the last cancels and fills of a parent may take after its horizon."""

SCHEDULE_SHARE = 0.95
"""Of a parent's horizon that its algo's schedule takes; the rest is for what it missed."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One parent of one seed. Costs in bp of its arrival value, + is paid."""

    seed: int
    parent: int
    """Which of the seed's parents, from 1."""
    market: str
    market_hash: str
    policy: str
    learner: str
    algo: str
    side: str
    """`buy` or `sell`."""
    order_qty: int
    cum_qty: int
    qty_adv: float
    start: str
    horizon_s: float
    arrival_px: float
    avg_px: float
    """0 if nothing was filled."""
    shortfall_bp: float
    fees_bp: float
    unfilled_bp: float
    markout_bp: float | None
    """Adverse move of the midpoint 10 s after its fills; None without fills."""
    shares_by_venue: dict[str, int]
    decisions: int
    children: int
    fills: int
    ord_status: str
    explored: int = 0
    """Decisions that took a draw other than the mean."""
    exploring_bp: float = 0.0
    """What that cost by the learner's own mean, bp of the notional of its decisions."""
    held_back: dict[str, int] = {}
    """Decisions by why the learner's own proposal was not taken."""


@dataclass(slots=True)
class _Watched:
    """One parent while it is worked."""

    number: int
    plan: ParentPlan
    begins: int
    ends: int
    cl_ord_id: str = ""
    policy: str = ""
    learner: str = ""
    arrival_mid2: int = 0
    forced: Forced | None = None
    cum_qty: int = 0
    notional: int = 0
    fees: int = 0
    decisions: int = 0
    children: int = 0
    fills: int = 0
    ord_status: str = ""
    text: str = ""
    shares: dict[str, int] = field(default_factory=dict)
    markouts: Markouts = field(default_factory=lambda: Markouts(MARKOUT))
    ledger: Ledger = field(default_factory=Ledger)


class TrialError(ValueError):
    """A trial that cannot be made, and why."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How each seed is run."""

    bench: Bench
    algo: str
    record: Path | None = None
    start_from: LearnerShelf | None = None
    """What every router knows at its start; None for nothing."""

    def rows(self, seed: int, plans: Sequence[ParentPlan]) -> list[Row]:
        """Work the parents in the market of a seed; one row each, in their order.

        Raises:
            TrialError: a parent was refused, or there was no market for it.
        """
        return self.worked(seed, plans, None)[0]

    def worked(
        self, seed: int, plans: Sequence[ParentPlan], learned: LearnerShelf | None
    ) -> tuple[list[Row], LearnerShelf]:
        """The same with what was learned before, and what is known afterwards.

        Without anything learned before, the router knows what every router does.

        Raises:
            TrialError: a parent was refused, or there was no market for it.
        """
        course = _Course(self, seed, plans)
        known = learned if learned is not None else self.start_from
        if known is not None:
            course.learned.adopt(known)
        return course.rows(), course.learned

    def watch(self, seed: int) -> None:
        """Let the market of a seed run by itself through its session, to be recorded.

        Raises:
            TrialError: there is nowhere to record to.
        """
        if self.record is None:
            raise TrialError("a market without parents is only worth recording: name a folder")
        record(self.bench.spec, seed, self.record)


class _Course:
    """One seed from its first event to its last."""

    def __init__(self, trial: Trial, seed: int, plans: Sequence[ParentPlan]) -> None:
        assert plans
        self._trial = trial
        self._seed = seed
        hours = trial.bench.spec.session
        self._watched = [_watched(number, plan) for number, plan in enumerate(plans, 1)]
        first = min(each.begins for each in self._watched)
        start = max(MIDNIGHT + hours.from_ns, (first - WARM_UP) // NS * NS)
        self._by_id: dict[str, _Watched] = {}
        self._by_cl_ord_id = {each.cl_ord_id: each for each in self._watched}
        self._run: Run = run(trial.bench, seed, start, on_step=self._noted)
        self._recorder = Recorder(self._run.market) if trial.record else None
        take = [
            price_units(each.fees.take)
            for each in trial.bench.spec.venues
            if isinstance(each, LitSpec)
        ]
        self._take_fee = max(take)

    @property
    def learned(self) -> LearnerShelf:
        return self._run.engine.state.shelf

    def rows(self) -> list[Row]:
        driver = self._run.driver
        driver.start(SESSION)
        moments = [(each.begins, 0, each) for each in self._watched]
        moments += [(each.ends, 1, each) for each in self._watched]
        for at, ending, each in sorted(moments, key=lambda moment: moment[:2]):
            self._run_to(at)
            self._ends(each) if ending else self._begins(each)
        self._run_to(max(each.ends for each in self._watched) + MARKOUT + SETTLE)
        spec = self._trial.bench.spec
        if self._recorder is not None and self._trial.record is not None:
            self._recorder.write(self._trial.record / f"{spec.id}-{self._seed}")
        return [self._row(each) for each in self._watched]

    def _run_to(self, until: int) -> None:
        """Let time pass, stopping where a fill's markout is due."""
        driver = self._run.driver
        while driver.now < until:
            due = (each.markouts.due() for each in self._watched)
            # No further than a fill that comes at once would be looked back at.
            stop = min((at for at in due if at is not None), default=driver.now + MARKOUT)
            driver.run(min(until, stop, driver.now + MARKOUT))
            for each in self._watched:
                each.markouts.mark(driver.now, self._run.market.mid2)

    def _begins(self, each: _Watched) -> None:
        market, plan = self._run.market, each.plan
        each.arrival_mid2 = market.mid2
        if not each.arrival_mid2:
            raise TrialError(f"seed {self._seed}: no market when parent {each.number} arrives")
        market.expect(plan.qty)
        span = (each.ends - each.begins) // NS
        terms = OrderTerms(
            symbol=market.symbol,
            side=plan.side,
            order_qty=plan.qty,
            ord_type=OrdType.MARKET if plan.limit_bp is None else OrdType.LIMIT,
            time_in_force=TimeInForce.GTD,
            price=self._limit(each),
            account=f"TRIAL-{each.number}",
            expire_time=each.ends,
            algo=self._trial.algo,
            params={"horizon_s": str(max(1, int(span * SCHEDULE_SHARE)))}
            if self._trial.algo == "twap"
            else {},
        )
        self._run.driver.give(OrderReceived(SESSION, each.number, each.cl_ord_id, terms))
        if each.ord_status == OrdStatus.REJECTED:
            raise TrialError(f"seed {self._seed}: parent {each.number} is refused: {each.text}")

    def _limit(self, each: _Watched) -> int | None:
        """The limit price, on the tick, never beyond what was asked for."""
        bp, sign = each.plan.limit_bp, each.plan.side.sign
        if bp is None:
            return None
        [instrument] = self._trial.bench.env.instruments.values()
        exact = each.arrival_mid2 / 2 * (1 + sign * bp / BP)
        ticks = exact // instrument.tick if sign > 0 else -(-exact // instrument.tick)
        return int(ticks) * instrument.tick

    def _ends(self, each: _Watched) -> None:
        """The horizon: what unfilled shares would meet now."""
        spec = self._trial.bench.spec
        bid, offer = self._run.market.nbbo
        each.forced = Forced(
            touch=offer if each.plan.side is Side.BUY else bid,
            take_fee=self._take_fee,
            sigma_day_bp=spec.stock.sigma_day_bp,
            adv=spec.stock.adv,
            y=spec.impact.kernel.Y,
        )

    # --- what the core does --------------------------------------------------------------------

    def _noted(self, step: Step) -> None:
        for command in step.commands:
            match command:
                case Report():
                    self._reported(command, step.now)
                case SendChild():
                    self._by_id[command.parent_id].children += 1
                case Decide():
                    each = self._by_id[command.parent_id]
                    each.decisions += 1
                    assert command.safety is not None, "it was decided just now"
                    key = command.safety.proposer or command.learner
                    each.learner = key.partition("{")[0]
                    each.ledger.add(command.safety)
                case OpenParent():
                    each = self._by_cl_ord_id[command.cl_ord_id]
                    each.policy = command.policy
                    self._by_id[command.parent_id] = each
                case _:
                    pass

    def _reported(self, report: Report, now: int) -> None:
        each = self._by_id.get(report.parent_id) or self._by_cl_ord_id[report.cl_ord_id]
        each.ord_status = report.ord_status.value
        each.text = report.text
        each.cum_qty, each.notional = report.cum_qty, report.notional
        if report.exec_type is not ExecType.TRADE:
            return
        profile = self._trial.bench.env.venues[report.last_mkt]
        fee = profile.make_fee if report.liquidity == "1" else profile.take_fee
        each.fees += report.last_qty * fee
        each.fills += 1
        each.shares[report.last_mkt] = each.shares.get(report.last_mkt, 0) + report.last_qty
        each.markouts.filled(now, each.plan.side.sign, report.last_qty, self._run.market.mid2)

    def _row(self, each: _Watched) -> Row:
        bench, plan = self._trial.bench, each.plan
        assert each.forced is not None
        try:
            cost = shortfall(
                sign=plan.side.sign,
                order_qty=plan.qty,
                cum_qty=each.cum_qty,
                notional=each.notional,
                fees=each.fees,
                arrival_mid2=each.arrival_mid2,
                forced=each.forced,
            )
        except ValueError as error:
            text = f"seed {self._seed}: parent {each.number}: {error}"
            raise TrialError(text) from None
        return Row(
            seed=self._seed,
            parent=each.number,
            market=bench.spec.id,
            market_hash=bench.spec.hash,
            policy=each.policy,
            learner=each.learner,
            algo=self._trial.algo,
            side="buy" if plan.side is Side.BUY else "sell",
            order_qty=plan.qty,
            cum_qty=each.cum_qty,
            qty_adv=plan.qty / bench.spec.stock.adv,
            start=clock_text(plan.start_ns),
            horizon_s=plan.horizon_s,
            arrival_px=each.arrival_mid2 / 2e8,
            avg_px=round(each.notional / each.cum_qty / 1e8, 8) if each.cum_qty else 0.0,
            shortfall_bp=round(cost.shortfall_bp, 6),
            fees_bp=round(cost.fees_bp, 6),
            unfilled_bp=round(cost.unfilled_bp, 6),
            markout_bp=_rounded(each.markouts.mean_bp),
            shares_by_venue={
                mic: each.shares[mic] for mic in bench.env.venues if mic in each.shares
            },
            decisions=each.decisions,
            children=each.children,
            fills=each.fills,
            ord_status=each.ord_status,
            explored=each.ledger.explored,
            exploring_bp=round(each.ledger.spent_bp, 6),
            held_back=each.ledger.held_back,
        )


def _watched(number: int, plan: ParentPlan) -> _Watched:
    begins = MIDNIGHT + plan.start_ns
    ends = begins + round(plan.horizon_s * NS)
    return _Watched(number, plan, begins, ends, cl_ord_id=f"P-{number}")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
