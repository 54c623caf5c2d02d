"""What systemd is told: sd_notify(3), the protocol of a unit with Type=notify.

Owns the words. When they are true is the pulse's business.
"""

from __future__ import annotations

from collections.abc import Mapping

from router.runtime.datagrams import Datagrams

ADDRESS = "NOTIFY_SOCKET"
WATCHDOG = "WATCHDOG_USEC"
WATCHDOG_PID = "WATCHDOG_PID"


class Supervisor:
    """systemd, if it has started us; else nobody, and nothing is said."""

    def __init__(self, environ: Mapping[str, str], *, pid: int) -> None:
        self._datagrams = Datagrams(environ.get(ADDRESS, ""))
        limit, meant = environ.get(WATCHDOG, ""), environ.get(WATCHDOG_PID, "")
        watched = limit.isdigit() and meant in ("", str(pid))
        self.watchdog_s = int(limit) / 1e6 if watched else None
        """Within so many seconds it wants to hear of us; None: it does not watch."""

    def ready(self) -> None:
        """The start is over."""
        self._say("READY=1")

    def alive(self) -> None:
        """Feed the watchdog."""
        if self.watchdog_s is not None:
            self._say("WATCHDOG=1")

    def status(self, text: str) -> None:
        """A line for `systemctl status`."""
        line = " ".join(text.split())
        self._say(f"STATUS={line}")

    def extend(self, seconds: float) -> None:
        """The start, or the stop, takes so much longer from now on."""
        self._say(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def stopping(self) -> None:
        """The end has begun."""
        self._say("STOPPING=1")

    def close(self) -> None:
        """Say no more."""
        self._datagrams.close()

    def _say(self, line: str) -> None:
        self._datagrams.send(line.encode())
