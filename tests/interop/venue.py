"""The test's handle of a QuickFIX venue process, and what was executed there."""

from __future__ import annotations

import json
from pathlib import Path

from tests.interop.engine import QuickFixProcess
from tests.interop.versions import Spoken

MODULE = "tests.interop.venue_process"


class QuickFixVenue(QuickFixProcess):
    """One venue over several lives of its process."""

    def __init__(self, folder: Path, port: int, spoken: Spoken) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        config, self._book = folder / "quickfix.cfg", folder / "orders.jsonl"
        version = spoken.quickfix(folder)
        config.write_text(SETTINGS.format(folder=folder, port=port, version=version))
        super().__init__(MODULE, [str(config), str(self._book), spoken.version.name])

    def start(self) -> None:
        """Start the process; it listens when it says so."""
        before = self.listened
        super().start()
        self.until(lambda: self.listened > before, "a venue that listens")

    @property
    def orders(self) -> dict[str, int]:
        """Shares executed by ClOrdID(11)."""
        lines = self._book.read_text().splitlines() if self._book.exists() else []
        return {order["11"]: int(order["14"]) for order in map(json.loads, lines)}


SETTINGS = """\
[DEFAULT]
ConnectionType=acceptor
SenderCompID=LIT_A
TargetCompID=SLUICE
SocketAcceptPort={port}
SocketReuseAddress=Y
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
