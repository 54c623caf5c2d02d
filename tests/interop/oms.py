"""The test's handle of a QuickFIX OMS process, and what that OMS believes of its orders."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from tests.interop.engine import Message, QuickFixProcess
from tests.interop.versions import SPOKEN, Spoken

MODULE = "tests.interop.oms_process"
CLOSED = ("2", "3", "4", "8", "C")


@dataclass(slots=True)
class Order:
    """An order as its reports tell it, read from the wire's text."""

    order_id: str
    cl_ord_id: str = ""
    ord_status: str = ""
    order_qty: Decimal = Decimal(0)
    cum_qty: Decimal = Decimal(0)
    leaves_qty: Decimal = Decimal(0)
    avg_px: Decimal = Decimal(0)
    fills: dict[str, Decimal] = field(default_factory=dict)
    """LastQty(32) by ExecID(17): an id that comes again replaces itself."""

    def take(self, fields: dict[str, str]) -> None:
        """One ExecutionReport(8)."""
        kind, trans = fields["150"], fields.get("20", "")
        if kind in ("G", "H") or trans in ("1", "2"):
            del self.fills[fields["19"]]
        filled = kind in ("1", "2") and trans in ("0", "2")
        if kind in ("F", "G") or filled:
            self.fills[fields["17"]] = Decimal(fields["32"])
        self.cl_ord_id = fields["11"]
        # FIX.4.2 says Replaced where later versions say New.
        self.ord_status = {"5": "0"}.get(fields["39"], fields["39"])
        self.order_qty = Decimal(fields["38"])
        self.cum_qty = Decimal(fields["14"])
        self.leaves_qty = Decimal(fields["151"])
        self.avg_px = Decimal(fields["6"])

    @property
    def stands(self) -> tuple[str, Decimal, Decimal, Decimal]:
        """OrdStatus(39), CumQty(14), LeavesQty(151), AvgPx(6)."""
        return (self.ord_status, self.cum_qty, self.leaves_qty, self.avg_px)


class QuickFixOms(QuickFixProcess):
    """One OMS over several lives of its process."""

    def __init__(
        self, folder: Path, port: int, comp_id: str = "OMS", spoken: Spoken = SPOKEN["FIX.4.4"]
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "quickfix.cfg"
        version = spoken.quickfix(folder)
        config.write_text(
            SETTINGS.format(folder=folder, port=port, comp_id=comp_id, version=version)
        )
        super().__init__(MODULE, [str(config)])
        self.spoken = spoken
        self.orders: dict[str, Order] = {}
        """By OrderID(37)."""
        self.status: dict[str, Order] = {}
        """What the last answers to H and AF said, by OrderID(37)."""
        self.by_id: dict[str, str] = {}
        """OrderID(37) by ClOrdID(11)."""
        self.refused: dict[str, Message] = {}
        """OrderCancelReject(9) by ClOrdID(11)."""
        self.answers: list[Message] = []
        """Reports that answer a question."""
        self._count = 0

    def start(self) -> None:
        """Start the process, and wait for the Logon."""
        super().start()
        self.until_logged_on()

    # -- what the test asks ----------------------------------------------------------------------

    def send(self, msg_type: str, *fields: tuple[int, str]) -> None:
        """An application message; QuickFIX adds header and trailer."""
        assert self._process is not None
        assert self._process.stdin is not None
        line = json.dumps({"type": msg_type, "fields": fields})
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def order(self, side: str, qty: int, px: str = "", *more: tuple[int, str]) -> str:
        """NewOrderSingle(D) for ACME, a market order without a price; its ClOrdID(11)."""
        cl_ord_id = self._next_id()
        price = ((40, "2"), (44, px)) if px else ((40, "1"),)
        self.send(
            "D", (11, cl_ord_id), *self._handled(), *self._what(side), (38, str(qty)), *price, *more
        )
        return cl_ord_id

    def cancel(self, orig: str, side: str) -> str:
        """OrderCancelRequest(F); its ClOrdID(11)."""
        cl_ord_id = self._next_id()
        self.send("F", (11, cl_ord_id), (41, orig), *self._what(side))
        return cl_ord_id

    def replace(self, orig: str, side: str, qty: int, px: str) -> str:
        """OrderCancelReplaceRequest(G); its ClOrdID(11)."""
        cl_ord_id = self._next_id()
        terms = ((38, str(qty)), (40, "2"), (44, px))
        self.send("G", (11, cl_ord_id), (41, orig), *self._handled(), *self._what(side), *terms)
        return cl_ord_id

    def ask(self, cl_ord_id: str, side: str) -> None:
        """OrderStatusRequest(H), and wait for its answer."""
        before = len(self.answers)
        self.send("H", (11, cl_ord_id), (55, "ACME"), (54, side))
        self.until(lambda: len(self.answers) > before, f"the status of {cl_ord_id}")

    def ask_all(self) -> list[Message]:
        """OrderMassStatusRequest(AF) for all orders; the answers."""
        request = self._next_id()
        self.send("AF", (584, request), (585, "7"))
        found: list[Message] = []

        def last() -> bool:
            found[:] = [each for each in self.answers if each.get("584") == request]
            return any(each.get("912") == "Y" for each in found)

        self.until(last, "the last report of a mass status")
        return found

    def of(self, cl_ord_id: str) -> Order:
        """The order that a ClOrdID belongs to; one with nothing told yet if there is none."""
        order_id = self.by_id.get(cl_ord_id, "")
        return self.orders.get(order_id) or Order(order_id)

    def closed(self, cl_ord_id: str) -> bool:
        """True when the order is over."""
        return self.of(cl_ord_id).ord_status in CLOSED

    def answered(self, cl_ord_id: str) -> bool:
        """True when a request was refused or its order has taken its id, or is cancelled."""
        order = self.of(cl_ord_id)
        done = order.cl_ord_id == cl_ord_id and order.ord_status not in ("6", "E")
        return cl_ord_id in self.refused or done

    def _handled(self) -> tuple[tuple[int, str], ...]:
        """HandlInst(21), which FIX.4.2 requires."""
        return ((21, "1"),) if self.spoken.version.name == "FIX.4.2" else ()

    def _what(self, side: str) -> tuple[tuple[int, str], ...]:
        now = time.gmtime()
        stamp = time.strftime("%Y%m%d-%H:%M:%S.000", now)
        return ((55, "ACME"), (54, side), (60, stamp))

    def _next_id(self) -> str:
        self._count += 1
        return f"Q{self._count}"

    def took(self, fields: Message) -> None:
        """A report, or the refusal of a request."""
        if fields["35"] == "8":
            self._report(fields)
        elif fields["35"] == "9":
            self.refused[fields["11"]] = fields

    def _report(self, fields: Message) -> None:
        order_id = fields["37"]
        if fields["150"] == "I" or fields.get("20") == "3":
            told = self.status.setdefault(order_id, Order(order_id))
            told.take({**fields, "150": "0", "20": "0"})
            self.answers.append(fields)
            return
        order = self.orders.setdefault(order_id, Order(order_id))
        order.take(fields)
        self.by_id[fields["11"]] = order_id


SETTINGS = """\
[DEFAULT]
ConnectionType=initiator
SenderCompID={comp_id}
TargetCompID=SLUICE
SocketConnectHost=127.0.0.1
SocketConnectPort={port}
ReconnectInterval=1
HeartBtInt=5
NonStopSession=Y
FileStorePath={folder}/store
FileLogPath={folder}/log
{version}
ValidateFieldsOutOfOrder=Y
ValidateFieldsHaveValues=Y
ValidateUserDefinedFields=Y
AllowUnknownMsgFields=N
CheckCompID=Y
CheckLatency=Y
ResetOnLogon=N
ResetOnLogout=N
ResetOnDisconnect=N
[SESSION]
"""
