"""One venue's misbehaviour on the stage of a whole world, and what everybody said meanwhile.

Nothing else goes wrong: wires hold, nobody crashes, every version is FIX.4.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from router.core.orders import Child, Parent
from router.model import NS, PX_SCALE, Side, TimeInForce
from router.simulation.houses import START
from router.simulation.reading import Read, read
from router.simulation.world import World
from venues.gateway_profile import GatewayProfile
from venues.misbehaviour import kinds
from venues.order_entry import Cod, OrderEntryProfile

LIT = ("LIT_A", "LIT_B", "LIT_C")
EVERYWHERE = (*LIT, "DARK_A", "DARK_B", "SDP_1", "SDP_2")
SEED = 3
"""Of a world in which everybody speaks FIX.4.4."""


class Stage(World):
    """A world, an order of one OMS in it, and a venue that misbehaves."""

    def __init__(
        self, *, pending_new: bool = False, cod: Cod = "none", promised: Cod = "none"
    ) -> None:
        """`cod` is what the venues cancel on disconnect, `promised` what their profiles say."""
        self._pending_new, self._cod, self._promised = pending_new, cod, promised
        self.frames: list[tuple[int, str, Read]] = []
        """What has left the node: when, for whom, and what."""
        super().__init__(SEED)
        assert not self.spoken
        self.run(5)

    def _manners(self) -> GatewayProfile:
        manners = OrderEntryProfile(pending_new=self._pending_new, cod=self._cod)
        return GatewayProfile(order_entry=manners)

    def _profiled(self) -> list[str]:
        if self._promised == "none":
            return []
        return [f"venues.{mic}.cod={self._promised}" for mic in EVERYWHERE]

    def _wrote(self, name: str, conn: int, data: bytes) -> None:
        super()._wrote(name, conn, data)
        if not name.endswith(".MD"):
            self.frames.append((self.sim.now, name, read(data)))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.sim.run(max(self.sim.now, START) + round(seconds * NS))

    def misbehave(self, kind: str, mics: Sequence[str], seconds: float, **detail: object) -> None:
        """From now on."""
        what = kinds()[kind].from_document(detail)
        now = self.sim.now
        for mic in mics:
            self.market.misbehaviours.start(what, mic, now, now + round(seconds * NS))
        self.sim.poke(self.venues)

    def order(self, qty: int, tif: TimeInForce = TimeInForce.IOC, **terms: Any) -> None:
        """OMS-A: to buy so many shares for account A; `price` in currency."""
        price = terms.pop("price", None)
        px = None if price is None else round(price * PX_SCALE)
        if tif is TimeInForce.GTD:
            terms["expire_time"] = self.sim.now + 60 * NS
        self.oracle.ordered("OMS", "OMS-A", "A", "1", qty, px)
        end = self.oms["OMS"]
        end.client.new_order(
            "ACME", Side.BUY, qty, now=self.sim.now, cl_ord_id="OMS-A", tif=tif, price=px,
            account="A", **terms,
        )  # fmt: skip
        self.sim.poke(end)

    def cancel(self) -> None:
        """OMS-A is taken back."""
        end = self.oms["OMS"]
        self.oracle.requested(end.client.cancel("OMS-A", self.sim.now), "OMS-A")
        self.sim.poke(end)

    @property
    def parent(self) -> Parent:
        """The order as the router knows it."""
        (parent,) = self.sim.node.engine.state.parents.values()
        return parent

    @property
    def children(self) -> list[Child]:
        """Its children, oldest first."""
        return list(self.sim.node.engine.state.children.values())

    def sent(self, msg_type: str, mics: Sequence[str] = EVERYWHERE) -> list[Read]:
        """Messages of a type that left for these venues, in order."""
        frames = [frame for _, name, frame in self.frames if name in mics]
        return [frame for frame in frames if frame.msg_type == msg_type]

    @property
    def routed(self) -> int:
        """Shares of all orders that left for venues."""
        return sum(frame.qty("38") for frame in self.sent("D"))

    @property
    def traded(self) -> int:
        """Shares of the venues' executions that still stand, by their own account."""
        self.oracle.heed()
        return sum(qty for _, qty, _ in self.oracle.standing.values())

    def told(self) -> list[str]:
        """What the OMS was told: `F/1 300/100/200` is 150/39 and 38/14/151."""
        found = []
        for _, name, frame in self.frames:
            if name == "OMS" and frame.msg_type == "8":
                qtys = "/".join(frame.get(tag) for tag in ("38", "14", "151"))
                found.append(f"{frame.get('150')}/{frame.get('39')} {qtys}")
            elif name == "OMS" and frame.msg_type == "9":
                found.append(f"9 39={frame.get('39')} 102={frame.get('102')}")
        return found

    def done(self) -> None:
        """End the order and judge the whole: every share is told once, the journal says what is."""
        if not self.parent.terminal:
            self.cancel()
            self.run(5)
        assert not self.sim.syncing
        self.oracle.heed()
        self.oracle.agree()
        self.check_fold()
