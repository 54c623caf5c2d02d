"""A QuickFIX engine in a process of its own, and the test's handle of it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable

from tests.interop.processes import ROOT, WAIT_S

Message = dict[str, str]


def parse(text: str) -> Message:
    """Tags and values; of a tag that comes twice, the first."""
    fields: Message = {}
    for each in text.split("\x01"):
        tag, equals, value = each.partition("=")
        if equals:
            fields.setdefault(tag, value)
    return fields


class QuickFixProcess:
    """One engine over several lives of its process."""

    def __init__(self, module: str, arguments: list[str]) -> None:
        self.rejects: list[str] = []
        """Every Reject(3) and BusinessMessageReject(j), whoever sent it."""
        self.unread: list[str] = []
        self.resends = 0
        """ResendRequest(2)s that QuickFIX sent."""
        self.resends_asked = 0
        """ResendRequest(2)s that it was sent."""
        self.duplicates = 0
        """Application messages that came with PossDupFlag(43)."""
        self.admin = 0
        """Messages of the session layer, either way."""
        self.listened = 0
        """Times that an acceptor said that it listens."""
        self.logged_on = False
        self.logons = 0
        self.numbers = (0, 0)
        """Next MsgSeqNum in and out, when it was last asked."""
        self._asked = 0
        self._arguments = [sys.executable, "-m", module, *arguments]
        self._changed = threading.Condition()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def start(self) -> None:
        """Start the process."""
        self._process = subprocess.Popen(
            self._arguments,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

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

    def ask_numbers(self) -> tuple[int, int]:
        """The next MsgSeqNum in and out, now."""
        assert self._process is not None
        assert self._process.stdin is not None
        before = self._asked
        self._process.stdin.write("numbers\n")
        self._process.stdin.flush()
        self.until(lambda: self._asked > before, "its numbers")
        return self.numbers

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
        self.admin += event.startswith("admin")
        if event == "listening":
            self.listened += 1
        elif event == "numbers":
            self.numbers = (int(fields["789"]), int(fields["34"]))
            self._asked += 1
        elif event in ("logon", "logout"):
            self.logged_on = event == "logon"
            self.logons += self.logged_on
        elif msg_type in ("3", "j"):
            self.rejects.append(f"{event}: {fields}")
        elif event == "admin_out":
            self.resends += msg_type == "2"
        elif event == "admin_in":
            self.resends_asked += msg_type == "2"
        elif event == "app_in":
            self.duplicates += fields.get("43") == "Y"
            self.took(fields)

    def took(self, fields: Message) -> None:
        """An application message has come in."""
