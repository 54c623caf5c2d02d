"""The test's handle of a QuickFIX OMS process, and what that OMS believes of its orders."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.metadata import files
from pathlib import Path

from tests.interop.processes import ROOT, WAIT_S

SCRIPT = Path(__file__).with_name("oms_process.py")
CLOSED = ("2", "3", "4", "8", "C")


def dictionary() -> Path:
    """The FIX44.xml that the quickfix package installs."""
    for each in files("quickfix") or ():
        if each.name == "FIX44.xml":
            return Path(str(each.locate())).resolve()
    raise FileNotFoundError("the quickfix package holds no FIX44.xml")


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
        kind = fields["150"]
        if kind in ("G", "H"):
            del self.fills[fields["19"]]
        if kind in ("F", "G"):
            self.fills[fields["17"]] = Decimal(fields["32"])
        self.cl_ord_id = fields["11"]
        self.ord_status = fields["39"]
        self.order_qty = Decimal(fields["38"])
        self.cum_qty = Decimal(fields["14"])
        self.leaves_qty = Decimal(fields["151"])
        self.avg_px = Decimal(fields["6"])

    @property
    def stands(self) -> tuple[str, Decimal, Decimal, Decimal]:
        """OrdStatus(39), CumQty(14), LeavesQty(151), AvgPx(6)."""
        return (self.ord_status, self.cum_qty, self.leaves_qty, self.avg_px)


Message = dict[str, str]


def parse(text: str) -> Message:
    """Tags and values; of a tag that comes twice, the first."""
    fields: Message = {}
    for each in text.split("\x01"):
        tag, equals, value = each.partition("=")
        if equals:
            fields.setdefault(tag, value)
    return fields


class QuickFixOms:
    """One OMS over several lives of its process."""

    def __init__(self, folder: Path, port: int, comp_id: str = "OMS") -> None:
        self.orders: dict[str, Order] = {}
        """By OrderID(37)."""
        self.status: dict[str, Order] = {}
        """What the last answers to H and AF said, by OrderID(37)."""
        self.by_id: dict[str, str] = {}
        """OrderID(37) by ClOrdID(11)."""
        self.refused: dict[str, Message] = {}
        """OrderCancelReject(9) by ClOrdID(11)."""
        self.answers: list[Message] = []
        """Reports with ExecType(150)=I."""
        self.rejects: list[str] = []
        """Every Reject(3) and BusinessMessageReject(j), whoever sent it."""
        self.unread: list[str] = []
        self.duplicates = 0
        """Application messages that came with PossDupFlag(43)."""
        self.resends = 0
        """ResendRequest(2)s that QuickFIX sent."""
        self.logged_on = False
        self.logons = 0
        self._count = 0
        self._changed = threading.Condition()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._config = folder / "quickfix.cfg"
        folder.mkdir(parents=True, exist_ok=True)
        self._config.write_text(
            SETTINGS.format(folder=folder, port=port, comp_id=comp_id, xml=dictionary())
        )

    # -- the process -----------------------------------------------------------------------------

    def start(self) -> None:
        """Start the process, and wait for the Logon."""
        self._process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(self._config)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        self.until_logged_on()

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._gone()

    def stop(self) -> None:
        """Log out and end."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._gone()

    def close(self) -> None:
        """End it if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def _gone(self) -> None:
        assert self._process is not None
        assert self._reader is not None
        self._process.wait(WAIT_S)
        self._reader.join(WAIT_S)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None and not stream.closed:
                stream.close()
        self.logged_on = False

    # -- what the test asks ----------------------------------------------------------------------

    def until(self, done: Callable[[], bool], what: str, timeout_s: float = WAIT_S) -> None:
        """Wait for something to be so.

        Raises:
            AssertionError: it was not so in time.
        """
        with self._changed:
            assert self._changed.wait_for(done, timeout_s), f"not in {timeout_s:g} s: {what}"

    def until_logged_on(self, since: int = 0) -> None:
        """Wait for a Logon after the first `since`."""
        self.until(lambda: self.logged_on and self.logons > since, "a Logon")

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
        self.send("D", (11, cl_ord_id), *self._what(side), (38, str(qty)), *price, *more)
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
        self.send("G", (11, cl_ord_id), (41, orig), *self._what(side), *terms)
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

    def _what(self, side: str) -> tuple[tuple[int, str], ...]:
        now = time.gmtime()
        stamp = time.strftime("%Y%m%d-%H:%M:%S.000", now)
        return ((55, "ACME"), (54, side), (60, stamp))

    def _next_id(self) -> str:
        self._count += 1
        return f"Q{self._count}"

    # -- what QuickFIX tells ---------------------------------------------------------------------

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            with self._changed:
                try:
                    said = json.loads(line)
                    self._take(said["event"], parse(said["text"]))
                except (ValueError, KeyError) as error:
                    self.unread.append(f"{error!r}: {line}")
                self._changed.notify_all()

    def _take(self, event: str, fields: Message) -> None:
        msg_type = fields.get("35", "")
        if event in ("logon", "logout"):
            self.logged_on = event == "logon"
            self.logons += self.logged_on
        elif msg_type in ("3", "j"):
            self.rejects.append(f"{event}: {fields}")
        elif event == "admin_out":
            self.resends += msg_type == "2"
        elif event == "app_in":
            self.duplicates += fields.get("43") == "Y"
            if msg_type == "8":
                self._report(fields)
            elif msg_type == "9":
                self.refused[fields["11"]] = fields

    def _report(self, fields: Message) -> None:
        order_id = fields["37"]
        if fields["150"] == "I":
            told = self.status.setdefault(order_id, Order(order_id))
            told.take({**fields, "150": "0"})
            self.answers.append(fields)
            return
        order = self.orders.setdefault(order_id, Order(order_id))
        order.take(fields)
        self.by_id[fields["11"]] = order_id


SETTINGS = """\
[DEFAULT]
ConnectionType=initiator
BeginString=FIX.4.4
SenderCompID={comp_id}
TargetCompID=SLUICE
SocketConnectHost=127.0.0.1
SocketConnectPort={port}
ReconnectInterval=1
HeartBtInt=5
NonStopSession=Y
FileStorePath={folder}/store
FileLogPath={folder}/log
UseDataDictionary=Y
DataDictionary={xml}
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
