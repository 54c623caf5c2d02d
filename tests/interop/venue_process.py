"""A lit venue made of QuickFIX: a process that fills each order at once, up to 300 shares of it.

Its arguments are QuickFIX's settings, a file that keeps the orders beyond the process's life, and
the version. Tells on stdout what `oms_process` tells. Knows nothing of the router.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import quickfix as fix

from tests.interop.oms_process import numbers, tell

FILL_MAX = 300
Field = tuple[int, str]


class Venue(fix.Application):  # type: ignore[misc]
    """Acknowledges an order, fills what it fills, and cancels the rest: every order is an IOC."""

    def __init__(self, book: Path, version: str) -> None:
        super().__init__()
        self.session_id: Any = None
        self._old = version == "FIX.4.2"
        self._book = book
        self._orders: dict[str, dict[str, str]] = {}
        for line in book.read_text().splitlines() if book.exists() else ():
            order = json.loads(line)
            self._orders[order["11"]] = order

    def onCreate(self, session_id: Any) -> None:
        self.session_id = session_id

    def onLogon(self, session_id: Any) -> None:
        tell("logon")

    def onLogout(self, session_id: Any) -> None:
        tell("logout")

    def toAdmin(self, message: Any, session_id: Any) -> None:
        tell("admin_out", message.toString())

    def fromAdmin(self, message: Any, session_id: Any) -> None:
        tell("admin_in", message.toString())

    def toApp(self, message: Any, session_id: Any) -> None:
        tell("app_out", message.toString())

    def fromApp(self, message: Any, session_id: Any) -> None:
        tell("app_in", message.toString())
        kind = message.getHeader().getField(35)
        if kind == "D":
            self._order(message)
        elif kind == "H":
            self._status(message.getField(11))
        elif kind == "AF":
            self._none_open(message.getField(584))
        elif kind == "F":
            self._refuse(message)

    def _order(self, message: Any) -> None:
        name = message.getField(11)
        if name in self._orders:
            self._tell(self._orders[name])  # it was resent
            return
        order = {str(tag): message.getField(tag) for tag in (11, 38, 44, 54, 55)}
        order["14"] = str(min(int(order["38"]), FILL_MAX))
        self._orders[name] = order
        with self._book.open("a") as book:
            book.write(json.dumps(order) + "\n")
        self._tell(order)

    def _tell(self, order: dict[str, str]) -> None:
        """All reports of an order; after a crash perhaps again, under the same ExecIDs."""
        self._report(order, "0", "0", 0, int(order["38"]))
        left = int(order["38"]) - int(order["14"])
        kind = ("1" if left else "2") if self._old else "F"
        trade = ((32, order["14"]), (31, order["44"]))
        self._report(order, kind, "1" if left else "2", int(order["14"]), left, *trade)
        if left:
            self._report(order, "4", "4", int(order["14"]), 0)

    def _report(
        self, order: dict[str, str], kind: str, status: str, done: int, left: int, *more: Field
    ) -> None:
        trans = [(20, "0")] if self._old else []
        name = order["11"]
        fields = [
            *((37, f"O-{name}"), (11, name), (17, f"E-{name}-{kind}"), *trans, (150, kind)),
            *((39, status), (55, order["55"]), (54, order["54"]), (38, order["38"]), *more),
            *((151, str(left)), (14, str(done)), (6, order["44"])),
        ]
        self._send("8", fields)

    def _status(self, name: str) -> None:
        unknown = {"11": name, "38": "0", "14": "0", "44": "0", "54": "1", "55": "ACME"}
        order = self._orders.get(name, unknown)
        if order is not unknown:
            self._tell(order)
        status = "8" if order is unknown else "2" if order["14"] == order["38"] else "4"
        kind = [(20, "3"), (150, status)] if self._old else [(150, "I")]
        fields = [
            *((37, f"O-{name}"), (11, name), (17, "0"), *kind, (39, status), (55, order["55"])),
            *((54, order["54"]), (38, order["38"]), (151, "0"), (14, order["14"])),
            (6, order["44"]),
        ]
        self._send("8", fields)

    def _none_open(self, request: str) -> None:
        fields = [(37, "NONE"), (17, "0"), (150, "I"), (39, "8"), (55, "ACME"), (54, "1")]
        fields += [(151, "0"), (14, "0"), (6, "0"), (584, request), (912, "Y"), (58, "none open")]
        self._send("8", fields)

    def _refuse(self, message: Any) -> None:
        """Too late: no order lives on."""
        fields = [(37, "NONE"), (11, message.getField(11)), (41, message.getField(41))]
        self._send("9", [*fields, (39, "4"), (434, "1"), (102, "0")])

    def _send(self, msg_type: str, fields: list[Field]) -> None:
        message = fix.Message()
        message.getHeader().setField(fix.StringField(35, msg_type))
        for tag, value in fields:
            message.setField(fix.StringField(tag, value))
        message.setField(fix.TransactTime())
        fix.Session.sendToTarget(message, self.session_id)


def main(config: str, book: str, version: str) -> None:
    """Serve until stdin ends; then log out."""
    settings = fix.SessionSettings(config)
    venue = Venue(Path(book), version)
    store, log = fix.FileStoreFactory(settings), fix.FileLogFactory(settings)
    acceptor = fix.SocketAcceptor(venue, store, settings, log)
    acceptor.start()
    tell("listening")
    for _ in sys.stdin:
        tell("numbers", numbers(venue.session_id))
    acceptor.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
