"""What happens in a world: orders, requests and faults, all drawn from the seed.

Owns the draws. A script is a list of things with their times, so that a failing seed can be read.
Faults stop at `faults_end`; from then on everything must come to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from router.fix.versions import FIX42
from router.model import NS, PX_SCALE, Side, TimeInForce
from router.runtime.node import Node
from router.simulation.calm import Calm, account_of
from router.simulation.faults import Faults
from router.simulation.forgetting import forgetting
from router.simulation.houses import OMS_NAMES
from router.simulation.limits import PARENT_MAX
from router.simulation.misbehaving import misbehaviours
from router.simulation.reading import hold
from router.simulation.reloads import reloads
from router.simulation.things import Thing, kept
from router.simulation.world import World

ORDERS_END = 24 * NS
FAULTS_END = 42 * NS
"""After the start of a slow world: orders come until the first, faults happen until the second."""
SLOW = 4
"""Every so many seeds a world is slow; in the others the same happens in a third of the time: most
of what a world costs is its time."""
AGAIN = 5
"""Every so many seeds all is decided again: that costs a sixth of the run."""
CROWDED = 100
"""Every so many seeds a world has `CROWD` orders: it takes the time of ten others."""
CROWD = 60
PATIENCE = 150 * NS
"""After that: everything must have ended."""
MS = 1_000_000
CENT = PX_SCALE // 100
TIFS = (TimeInForce.GTD,) * 6 + (TimeInForce.IOC,) * 2 + (TimeInForce.DAY, TimeInForce.GTC)


class Script:
    """Draws what will happen in a world, and lets it happen. Every tenth seed is without faults."""

    def __init__(self, world: World, keep: Collection[int] | None = None) -> None:
        """`keep` are the numbers of the things that happen, the others are left out; None: all."""
        self.world = world
        self.things: list[Thing] = []
        """All that were drawn, in the order in which they happen."""
        self._pace = 1 if world.seed % SLOW == 0 else 3
        self.faults_end = FAULTS_END // self._pace
        self._rng = world.rng
        self._endless: dict[str, str] = {}
        """ClOrdID by account, of orders that end only when they are cancelled."""
        self._orders_at: list[int] = []
        is_crowded = world.seed % CROWDED == CROWDED - 1
        for number in range(CROWD if is_crowded else self._draw(3, 9)):
            self._order(f"ACC{number}")
        if world.seed % 10:
            self._faults()
            self.things += misbehaviours(world, self.faults_end)
            self.things += Faults(world, self.faults_end).things
            self.things += forgetting(world, self.faults_end)
            self.things += reloads(world, self.faults_end, self._orders_at)
        self._take_all_back()
        self.things.sort(key=lambda thing: thing.at)
        self.chosen = self.things if keep is None else kept(self.things, keep)

    # -- the run ---------------------------------------------------------------------------------

    def run(self) -> None:
        """Everything, to the end.

        Raises:
            Broken: an invariant does not hold.
        """
        world, sim = self.world, self.world.sim
        for thing in self.chosen:
            sim.at(world.start + thing.at, thing.act)
        sim.run(world.start + self.faults_end)
        sim.sync_ns = 200_000
        world.disk.spare()
        if Calm.is_due(world):
            Calm(world, self._probe).run()
        self._wind_up()
        sim.run(sim.now + PATIENCE, stop=self._over)
        hold(self._over(), "liveness", self._unfinished())
        world.oracle.agree()
        world.check_strays()
        world.check_fold()
        if world.reloaded:
            world.check_pinned()
        if world.seed % AGAIN == 0:
            world.decide_again()

    def _wind_up(self) -> None:
        """Lift kills and take back what has no end of its own, until all is over."""
        if not self._over():
            world, now = self.world, self.world.sim.now
            world.arm()
            world.telephone()
            for account in world.oracle.open_accounts():
                if account in self._endless:
                    self._cancel(world.oracle.asked[account].session, self._endless[account])
            world.sim.at(now + 5 * NS, self._wind_up)

    def _over(self) -> bool:
        """Every order has ended, all of it is told, and each session's sides agree on numbers."""
        world = self.world
        return (
            world.sim.up
            and not world.sim.syncing
            and not world.oracle.open_accounts()
            and not world.oracle.at_venues()
            and not world.oracle.untold()
            and all(ours == theirs for _, ours, theirs in world.numbers())
        )

    def _unfinished(self) -> str:
        world = self.world
        numbers = [each for each in world.numbers() if each[1] != each[2]]
        oracle = world.oracle
        at_work = f"{oracle.open_accounts()}, {oracle.at_venues()}"
        return f"open: {at_work}, untold: {oracle.untold()}, numbers: {numbers}"

    def _probe(self, name: str, qty: int) -> None:
        """An OMS sends a market order that asks for all at once, every second."""
        account, cl_ord_id = account_of(name), f"{name}-{account_of(name)}"
        self._endless[account] = cl_ord_id
        terms: dict[str, Any] = {
            "price": None,
            "tif": TimeInForce.DAY,
            "account": account,
            "algo": "sweep",
            "params": {"pause_s": "1", "urgency": "1"},
        }
        self._send(name, cl_ord_id, Side.BUY, qty, terms)

    # -- draws -----------------------------------------------------------------------------------

    def _draw(self, low: int, high: int) -> int:
        return int(self._rng.integers(low, high + 1))

    def _chance(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def _after(self, at: int, most: int) -> int:
        """A time after another: half the time within milliseconds, while things are under way."""
        return at + (self._draw(0, 5 * MS) if self._chance(0.5) else self._span(0, most))

    def _span(self, low: int, high: int) -> int:
        """So long in a slow world, nanoseconds."""
        return self._draw(low, high) // self._pace

    def _add(
        self, at: int, text: str, act: Callable[[], None], order: str = "", *, opens: bool = False
    ) -> None:
        self.things.append(Thing(at, text, act, order, opens))

    # -- orders ----------------------------------------------------------------------------------

    def _order(self, account: str) -> None:
        """An order with an account of its own, and what its client does with it later."""
        name = OMS_NAMES[self._draw(0, 1)]
        at = self._span(NS, ORDERS_END)
        if self._orders_at and self._chance(0.3):
            at = self._orders_at[-1]
        self._orders_at.append(at)
        tif = TIFS[self._draw(0, len(TIFS) - 1)]
        qty = round(10 ** self._rng.uniform(1.7, 4.3))
        side = (Side.BUY, Side.SELL, Side.SELL_SHORT)[self._draw(0, 2)]
        price = None if self._chance(0.35) else (5_000 + self._draw(-15, 15)) * CENT
        terms: dict[str, Any] = {"price": price, "tif": tif, "account": account}
        if self._chance(0.7):
            qty = max(1, qty // 100) * 100
        if self._chance(0.08):
            qty = PARENT_MAX + self._draw(0, 1)
        if tif is TimeInForce.IOC:
            terms["tif"] = TimeInForce.FOK if self._chance(0.3) else TimeInForce.IOC
        else:
            terms |= self._schedule(at)
            if tif is TimeInForce.GTD:
                terms["expire_time"] = self.world.start + at + self._span(5 * NS, 40 * NS)
        cl_ord_id = f"{name}-{account}"
        if tif in (TimeInForce.DAY, TimeInForce.GTC):
            self._endless[account] = cl_ord_id
        send = partial(self._send, name, cl_ord_id, side, qty, terms)
        text = f"{cl_ord_id}: {side.name} {qty}{_told(terms, self.world.start)}"
        self._add(at, text, send, cl_ord_id, opens=True)
        self._requests(name, cl_ord_id, side, qty, terms, at)

    def _schedule(self, at: int) -> dict[str, Any]:
        """An algo with its parameters, or nothing: then the policy chooses."""
        found: dict[str, Any] = {}
        match self._draw(0, 3):
            case 0:
                found = {"algo": "sweep", "params": {"pause_s": str(self._draw(1, 3))}}
            case 1 | 2:
                horizon = self._draw(8, 25) // self._pace
                interval = self._draw(2, 5) if self._pace == 1 else self._draw(1, 2)
                params = {"horizon_s": str(horizon), "interval_s": str(interval)}
                found = {"algo": "twap", "params": params}
        if self._chance(0.15):
            found["effective_time"] = self.world.start + at + self._span(NS, 4 * NS)
        if self._chance(0.15):
            found["min_qty"] = 100 * self._draw(1, 5)
        return found

    def _requests(
        self, name: str, cl_ord_id: str, side: Side, qty: int, terms: dict[str, Any], at: int
    ) -> None:
        """Cancels, replaces, questions and the same ClOrdID again."""
        for _ in range(2):
            if self._chance(0.25):
                new_qty = max(1, round(qty * self._rng.uniform(0.3, 2.0)))
                new_px = None if self._chance(0.6) else (5_000 + self._draw(-15, 15)) * CENT
                act = partial(self._replace, name, cl_ord_id, new_qty, new_px)
                text = f"{cl_ord_id}: replace {new_qty} {new_px}"
                self._add(self._after(at, 15 * NS), text, act, cl_ord_id)
        if self._chance(0.3):
            act = partial(self._cancel, name, cl_ord_id)
            self._add(self._after(at, 15 * NS), f"{cl_ord_id}: cancel", act, cl_ord_id)
        if self._chance(0.2):
            other = qty if self._chance(0.5) else qty + 100
            act = partial(self._send, name, cl_ord_id, side, other, terms)
            self._add(self._after(at, 15 * NS), f"{cl_ord_id}: again, {other}", act, cl_ord_id)
        if self._chance(0.2):
            act = partial(self._ask, name, cl_ord_id)
            self._add(self._after(at, 15 * NS), f"{cl_ord_id}: status", act, cl_ord_id)

    def _take_all_back(self) -> None:
        """A mass cancel of all its orders, by an OMS whose version has it."""
        name = OMS_NAMES[self._draw(0, 1)]
        if self._chance(0.3) and self.world.spoken.get(name) is not FIX42:
            at = self._after(self._some_order(), 15 * NS)
            self._add(at, f"{name}: mass cancel", partial(self._mass_cancel, name))

    def _mass_cancel(self, name: str) -> None:
        end = self.world.oms[name]
        end.client.mass_cancel(self.world.sim.now)
        self.world.sim.poke(end)

    def _send(self, name: str, cl_ord_id: str, side: Side, qty: int, terms: dict[str, Any]) -> None:
        end, now = self.world.oms[name], self.world.sim.now
        self.world.oracle.ordered(
            name, cl_ord_id, terms["account"], side.value, qty, terms["price"]
        )
        end.client.new_order("ACME", side, qty, now=now, cl_ord_id=cl_ord_id, **terms)
        self.world.sim.poke(end)

    def _cancel(self, name: str, cl_ord_id: str) -> None:
        end, now = self.world.oms[name], self.world.sim.now
        request = end.client.cancel(cl_ord_id, now)
        self.world.oracle.requested(request, cl_ord_id)
        self.world.sim.poke(end)

    def _replace(self, name: str, cl_ord_id: str, qty: int, price: int | None) -> None:
        end, now = self.world.oms[name], self.world.sim.now
        request = end.client.replace(cl_ord_id, now=now, qty=qty, price=price)
        self.world.oracle.requested(request, cl_ord_id, qty, price)
        self.world.sim.poke(end)

    def _ask(self, name: str, cl_ord_id: str) -> None:
        end, now = self.world.oms[name], self.world.sim.now
        end.client.status(cl_ord_id, now)
        self.world.sim.poke(end)

    # -- faults ----------------------------------------------------------------------------------

    def _faults(self) -> None:
        for _ in range(self._draw(0, 8)):
            which, lose = self._rng.random(), self._chance(0.5)
            learn = [0 if self._chance(0.5) else self._span(0, 5 * NS) for _ in range(2)]
            act = partial(self._cut, which, lose, *learn)
            self._add(self._fault_time(), f"cut {which:.3f}, lose {lose}, {learn}", act)
        for _ in range(self._draw(0, 2)):
            which, lasts = self._rng.random(), self._span(NS // 10, 10 * NS)
            act = partial(self._stall, which, lasts)
            self._add(self._fault_time(), f"stall {which:.3f} for {lasts}", act)
        for _ in range(self._draw(0, 3)):
            power, cue = self._chance(0.5), ("", "sync", "D", "8", "F")[self._draw(0, 4)]
            act = partial(self._crash, power, cue)
            self._add(self._fault_time(), f"crash, power {power}, at {cue or 'once'}", act)
        if self._chance(0.3):
            self._add(self._fault_time(), "the node is stopped in good order", self._stop)
        if self._chance(0.3):
            name = OMS_NAMES[self._draw(0, 1)]
            self._add(self._fault_time(), f"{name} logs out", partial(self._log_out, name))
        if self._chance(0.3):
            at, slow = self._fault_time(), self._draw(1, 1_000) * MS
            self._add(at, f"a sync takes {slow // MS} ms", partial(self._sync, slow))
            if self._chance(0.5):
                act = partial(self._crash, True, "sync")
                self._add(at + self._draw(0, NS), "crash, power True, at sync", act)
            self._add(at + self._span(NS, 5 * NS), "syncs are fast", partial(self._sync, MS // 5))
        if self._chance(0.5):
            scope, value = (("all", ""), ("account", "ACC0"), ("venue", "LIT_A"))[self._draw(0, 2)]
            # Orders come while it holds.
            at = max(0, self._orders_at[0] - self._span(0, 2 * NS))
            self._add(at, f"kill {scope} {value}", partial(self.world.kill, scope, value))
            self._add(at + self._span(NS, 8 * NS), "arm", self.world.arm)

    def _fault_time(self) -> int:
        """Any time, or shortly after an order."""
        if self._chance(0.3):
            return self._draw(0, self.faults_end - NS)
        return min(self._after(self._some_order(), 3 * NS), self.faults_end - NS)

    def _some_order(self) -> int:
        return self._orders_at[self._draw(0, len(self._orders_at) - 1)]

    def _cut(self, which: float, lose: bool, near_after: int, far_after: int) -> None:
        for conn in self._wire(which):
            self.world.sim.cut(conn, lose=lose, near_after=near_after, far_after=far_after)

    def _stall(self, which: float, lasts: int) -> None:
        for conn in self._wire(which):
            self.world.sim.stall(conn, self.world.sim.now + lasts)

    def _wire(self, which: float) -> list[int]:
        """One wire, if there are any; those of OMSs are drawn more often than their number."""
        wires = self.world.sim.wires()
        drawn = [*wires, *(conn for conn, name in wires.items() if name in OMS_NAMES for _ in "12")]
        return [drawn[int(which * len(drawn))]] if drawn else []

    def _crash(self, power: bool, cue: str) -> None:
        """Crash now, in the next sync, or when the next message of a type has left."""
        world = self.world
        if not cue:
            world.crash(power=power)
            return
        before, until = world.left(cue), world.sim.now + 5 * NS

        def wait() -> bool:
            if world.sim.now >= until:
                return True
            due = world.sim.syncing if cue == "sync" else world.left(cue) > before
            if due:
                world.crash(power=power)
            return due

        world.wait(wait)

    def _stop(self) -> None:
        """Log out everywhere, and die a little later."""

        def work(node: Node, now: int) -> None:
            self.world.oracle.stopping = True
            node.logout("Sluice is stopping", now)

        self.world.sim.give(work)
        later = self.world.sim.now + NS // 2
        self.world.sim.at(later, partial(self.world.crash, power=False))

    def _log_out(self, name: str) -> None:
        """An OMS logs out; it calls again when the connection is gone."""
        self.world.oms[name].client.logout(self.world.sim.now)
        self.world.sim.poke(self.world.oms[name])

    def _sync(self, takes: int) -> None:
        self.world.sim.sync_ns = takes


def _told(terms: dict[str, Any], start: int) -> str:
    """An order's terms for a reader."""
    found = []
    for key, value in terms.items():
        match key, value:
            case "account", _:
                pass  # it is in the ClOrdID
            case "price", None:
                found.append("market")
            case "price", _:
                found.append(f"at {value / PX_SCALE:.2f}")
            case "tif", _:
                found.append(value.name)
            case (("effective_time" | "expire_time"), _):
                found.append(f"{key} {(value - start) / NS:.3f}")
            case "params", _:
                found += [f"{name} {each}" for name, each in value.items()]
            case _:
                found.append(f"{key} {value}")
    return f", {', '.join(found)}"
