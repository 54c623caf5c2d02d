"""The peer that `bench.fix_echo` compares with: QuickFIX's Python binding with its FileStore.

Run as `PYTHON bench/fix_echo_quickfix.py PORT FOLDER` by any Python that has quickfix; it imports
nothing of the project. It validates with the FIX44.xml that it was installed with; its store is
flushed and not synced. Says `listening` on stdout; ends with SIGTERM.
"""

# ruff: noqa: N802 - QuickFIX calls its applications by these names.

from __future__ import annotations

import sys
import threading
from importlib.metadata import files
from pathlib import Path
from typing import Any

import quickfix as fix

SETTINGS = """[DEFAULT]
ConnectionType=acceptor
SocketAcceptPort={port}
SocketReuseAddress=Y
SocketNodelay=Y
UseDataDictionary=Y
DataDictionary={dictionary}
StartTime=00:00:00
EndTime=00:00:00
FileStorePath={folder}
[SESSION]
BeginString=FIX.4.4
SenderCompID=SLUICE
TargetCompID=OMS
"""
KEPT = (1, 55, 54, 38, 40, 44, 59)


class Echo(fix.Application):  # type: ignore[misc]
    """Every order is answered with a report."""

    def onCreate(self, session: Any) -> None:
        pass

    def onLogon(self, session: Any) -> None:
        pass

    def onLogout(self, session: Any) -> None:
        pass

    def toAdmin(self, message: Any, session: Any) -> None:
        pass

    def fromAdmin(self, message: Any, session: Any) -> None:
        pass

    def toApp(self, message: Any, session: Any) -> None:
        pass

    def fromApp(self, message: Any, session: Any) -> None:
        name = message.getField(11)
        report = fix.Message()
        report.getHeader().setField(35, "8")
        for tag, value in ((37, f"P-{name}"), (11, name), (17, f"E-{name}"), (150, "0"), (39, "0")):
            report.setField(tag, value)
        for tag in KEPT:
            report.setField(tag, message.getField(tag))
        for tag, value in ((151, message.getField(38)), (14, "0"), (6, "0")):
            report.setField(tag, value)
        report.setField(fix.TransactTime())
        fix.Session.sendToTarget(report, session)


def dictionary() -> Path:
    """The dictionary of FIX.4.4 that came with the package."""
    found = [each for each in files("quickfix") or () if each.name == "FIX44.xml"]
    return Path(str(found[0].locate())).resolve()


def main(port: str, folder: str) -> None:
    """Serve until the process is ended."""
    path = Path(folder) / "quickfix.cfg"
    path.write_text(SETTINGS.format(port=port, folder=folder, dictionary=dictionary()))
    settings = fix.SessionSettings(str(path))
    echo, store = Echo(), fix.FileStoreFactory(settings)
    acceptor = fix.SocketAcceptor(echo, store, settings)
    acceptor.start()
    print("listening", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
