"""A desk with drop copies: executions come a second time, and a reader is told what OMSs are.

`COPIES` is the session on which we are given copies, `BACK` the peer that reads ours.
"""

from __future__ import annotations

from router.fix.codec import Message, time_text
from router.fix.session import SessionConfig
from router.fix.versions import FIX44, Version
from tests.oms.desk import Desk
from tests.oms.peers import Child, Peer, Reader, VenuePeer

RECEIVED = (
    "drop_copies.received.0.name=COPIES",
    "drop_copies.received.0.mics=[LIT_A]",
    "drop_copies.received.0.connect.port=3",
    "drop_copies.received.0.sender_comp_id=SLUICE.DC",
    "drop_copies.received.0.target_comp_id=LIT_A",
)
GIVEN = (
    "drop_copies.given.0.target_comp_id=BACK",
    "drop_copies.given.0.allowed_remote_addresses=[127.0.0.1]",
)


class CopyDesk(Desk):
    """A desk with both sessions of copies."""

    def __init__(
        self, *overrides: str, trusted: bool = False, version: Version = FIX44, refold: bool = True
    ) -> None:
        """`version` is what BACK speaks."""
        appl = version.appl_ver_id if version.fixt else ""
        self.copies = VenuePeer(
            self,
            "COPIES",
            SessionConfig(sender_comp_id="LIT_A", target_comp_id="SLUICE.DC", role="acceptor"),
        )
        self.back = Reader(
            self,
            "BACK",
            SessionConfig(
                sender_comp_id="BACK",
                target_comp_id="SLUICE",
                role="initiator",
                begin_string=version.begin_string,
                default_appl_ver_id=appl,
            ),
        )
        super().__init__(
            *RECEIVED,
            f"drop_copies.received.0.trusted={str(trusted).lower()}",
            *GIVEN,
            f"drop_copies.given.0.begin_string={version.begin_string}",
            *overrides,
            refold=refold,
        )

    @property
    def peers(self) -> tuple[Peer, ...]:
        return (*super().peers, self.copies, self.back)

    def copy(
        self,
        child: Child | str,
        qty: int,
        px: str,
        exec_id: str,
        *,
        kind: str = "F",
        ref: str = "",
        day: str = "",
        by: Peer | None = None,
        mark: bool = True,
    ) -> None:
        """A copy of an execution, whether the original was told or not."""
        name = child if isinstance(child, str) else child.cl_ord_id
        (by or self.copies).say(
            "8",
            f"37=V{name}|11={name}|17={exec_id}|150={kind}|39=1|55=ACME|54=1|38=1000|32={qty}"
            f"|31={px}|151=1|14={qty}|6=0|60={time_text(self.now)}|"
            + (f"19={ref}|" if ref else "")
            + (f"75={day}|" if day else "")
            + ("797=Y|" if mark else ""),
        )


def told(message: Message, *tags: str) -> dict[str, str]:
    """Some fields of a message."""
    return {tag: message.get(tag) for tag in tags}
