"""What the scenarios of doubt share: a stranger's executions, those that a venue does not tell, and
the book as lines of text.
"""

from __future__ import annotations

from router.model import PX_SCALE
from tests.oms.desk import Desk
from tests.oms.peers import Child

QUESTION = ("37", "17", "127", "55", "54", "32")
"""Fields of a DontKnowTrade(Q)."""


def stranger(
    desk: Desk,
    exec_id: str,
    qty: int,
    px: str,
    *,
    kind: str = "F",
    ref: str = "",
    account: str = "",
    now: bool = True,
) -> None:
    """LIT_A tells of an order that nobody has sent: a buy of ACME under ClOrdID STRANGE."""
    also = (f"19={ref}|" if ref else "") + (f"1={account}|" if account else "")
    desk.a.say(
        "8",
        f"37=V|11=STRANGE|17={exec_id}|150={kind}|39=1|55=ACME|54=1|38=9000"
        f"|32={qty}|31={px}|151=1|14={qty}|6=10|{also}",
        now=now,
    )


def forgotten(desk: Desk) -> Child:
    """LIT_A works 1,000, of which 300 have traded while its session was down: it will not tell."""
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.a.drop()
    child.cum_qty = 300
    desk.a.connect()
    child.tell_status(extra="584=M|911=1|912=Y|")
    desk.oms.heard(), desk.a.heard(), desk.b.heard()
    return child


def held(desk: Desk) -> list[str]:
    """The suspense book, a line each."""
    found = []
    for entry in desk.node.engine.state.suspense.entries.values():
        told = entry.event
        what = f"{told.symbol} {entry.qty}@{told.last_px // PX_SCALE} {told.account or '-'}"
        where = f"{told.mic} {told.exec_id} {told.cl_ord_id} {told.side}"
        found.append(f"{entry.suspense_id} {entry.cause.value} {where} {what}")
    return found


def cost(desk: Desk, mic: str) -> int:
    """What a venue's part of the book counts for, in the currency."""
    return desk.node.engine.state.suspense.values.get(mic, 0) // PX_SCALE
