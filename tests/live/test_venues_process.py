"""The venues as a process: ports, a session over a real socket, signals, restarts, clear errors."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

import config
from router.fix.codec import Message, decode, encode, time_text
from router.fix.framing import Framer
from venues.__main__ import ScaledClock, main
from venues.audit import AuditKind, fills, read_audit

BASELINE = Path(config.__file__).parent / "markets" / "baseline.yaml"
ROOT = Path(config.__file__).parent.parent
MICS = ["LIT_A", "LIT_B", "LIT_C", "DARK_A", "DARK_B", "SDP_1", "SDP_2"]
WAIT_S = 30


@contextmanager
def venues(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, int]]]:
    """A running process and its ports; it is ended, whatever happens."""
    command = [sys.executable, "-m", "venues", "--market", str(BASELINE), *options]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            said = json.loads(line)
            assert said["ready"] is True
            yield process, said["venues"]
        finally:
            process.kill()


class Wire:
    """A client on a socket, with numbers that the test gives."""

    def __init__(self, port: int, *, next_out: int = 1, begin_string: str = "FIX.4.4") -> None:
        self._begin_string = begin_string
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
        self._framer = Framer()
        self._frames: list[bytes] = []
        self.next_out = next_out

    def send(self, msg_type: str, text: str) -> None:
        stamp = time_text(time.time_ns())
        header = f"34={self.next_out}\x0149=SLUICE\x0152={stamp}\x0156=LIT_A\x01"
        self.next_out += 1
        body = text.replace("|", "\x01") + "\x01"
        self._socket.sendall(encode(self._begin_string, msg_type, header, body))

    def read(self) -> Message:
        while not self._frames:
            data = self._socket.recv(65_536)
            assert data, "the venue has closed the connection"
            self._frames += self._framer.feed(data)
        return decode(self._frames.pop(0))

    def closed(self) -> bool:
        return self._socket.recv(65_536) == b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


ORDER = "11={}|55=ACME|60=20260105-14:30:00.000|40=1|54=1|38=100|59=3"


def test_an_order_over_a_socket_is_filled_and_stands_in_the_account(tmp_path: Path) -> None:
    account = tmp_path / "account.jsonl"
    with venues("--base-port", "0", "--seed", "3", "--audit", str(account)) as (process, ports):
        assert list(ports) == MICS
        with Wire(ports["LIT_A"]) as wire:
            wire.send("A", "98=0|108=30")
            assert wire.read().msg_type == "A"
            wire.send("D", ORDER.format("X"))
            reports = [wire.read(), wire.read()]
        assert [one.get("150") for one in reports] == ["0", "F"]
        # What was told can be read by others at once, before any orderly end.
        (fill,) = fills(read_audit(account))
        assert fill.exec_id == reports[1].get("17")
        assert fill.qty == 100
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 0
    kinds = [one.kind for one in read_audit(account)]
    assert kinds[: len(MICS)] == [AuditKind.STARTED] * len(MICS)


def test_each_venue_speaks_the_version_that_it_is_told() -> None:
    told = ("--fix-version", "FIX.4.2", "--fix-version", "SDP_1=FIX.5.0SP2")
    with (
        venues("--base-port", "0", "--seed", "3", *told) as (_, ports),
        Wire(ports["LIT_A"], begin_string="FIX.4.2") as wire,
    ):
        wire.send("A", "98=0|108=30")
        assert wire.read().get("8") == "FIX.4.2"
        wire.send("D", ORDER.format("X") + "|21=1")
        reports = [wire.read(), wire.read()]
        assert [(one.get("20"), one.get("150")) for one in reports] == [("0", "0"), ("0", "2")]
        with Wire(ports["LIT_B"]) as other:
            other.send("A", "98=0|108=30")
            assert other.closed(), "it speaks FIX.4.2"


def test_numbers_and_ids_go_on_after_a_kill(tmp_path: Path) -> None:
    seen = []
    numbers = (1, 1)
    for _ in range(2):
        with (
            venues("--base-port", "0", "--state", str(tmp_path / "state")) as (process, ports),
            Wire(ports["LIT_A"], next_out=numbers[0]) as wire,
        ):
            wire.send("A", "98=0|108=30")
            logon = wire.read()
            assert (logon.msg_type, int(logon.get("34"))) == ("A", numbers[1])
            wire.send("D", ORDER.format("X"))
            reports = [wire.read(), wire.read()]
            seen += [one.get("17") for one in reports]
            numbers = (wire.next_out, int(reports[-1].get("34")) + 1)
            process.kill()
            process.wait(WAIT_S)
    assert len(set(seen)) == 4


def test_the_process_ends_with_its_parent() -> None:
    with venues("--base-port", "0", "--follow-stdin") as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(WAIT_S) == 0


def test_an_interrupt_is_an_orderly_end() -> None:
    with venues("--base-port", "0") as (process, ports), Wire(ports["SDP_2"]) as wire:
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT_S) == 0
        assert wire.closed()


def test_a_port_in_use_is_named_with_its_cure(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        assert main(["--market", str(BASELINE), "--base-port", str(port)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"127.0.0.1:{port}" in line
    assert "--base-port" in line


@pytest.mark.parametrize(
    "options",
    [
        ["--market", "no/such/file.yaml"],
        ["--market", str(BASELINE), "--audit", "no/such/folder/file"],
        ["--market", str(BASELINE), "--state", str(BASELINE)],
        ["--market", str(BASELINE), "--fix-version", "LIT_A=FIX.4.3"],
        ["--market", str(BASELINE), "--liquidity-tag", "XNYS=9730"],
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_code_4(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*options, "--base-port", "0"]) == 4
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("venues: ")
    assert options[-1] in line


def test_a_market_that_waits_for_a_parent_of_unknown_size_is_not_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "baseline.yaml").write_bytes(BASELINE.read_bytes())
    path = tmp_path / "m.yaml"
    entry = "{order_frac: 0.5, set: {stock.sigma_day_bp: 300}}"
    path.write_text(f"id: m\nvocabulary: 1\nextends: baseline\nschedule:\n  - {entry}\n")
    assert main(["--market", str(path), "--base-port", "0"]) == 4
    told = f"venues: {path}:5: waits for a share of a parent order, but `parents` has no single"
    assert capsys.readouterr().err.startswith(told)


def test_an_unknown_option_is_exit_code_4(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--market", str(BASELINE), "--speed", "0"]) == 4
    assert "--speed" in capsys.readouterr().err


def test_the_clock_runs_faster_from_its_origin_and_never_back() -> None:
    before = time.time_ns()
    clock = ScaledClock(origin=before - 1_000_000_000, speed=100.0)
    said = [clock.now() for _ in range(1_000)]
    after = time.time_ns()
    assert said == sorted(said)
    # One second of wall since the origin is a hundred of the clock's; reading takes a moment.
    origin = before - 1_000_000_000
    slack = 100 * 1_000_000  # the wall may be slewed against the monotonic clock: 1 ms of it
    latest = origin + (after - origin) * 100 + slack
    assert origin + 100_000_000_000 - slack <= said[0] <= said[-1] <= latest
    assert clock.wait_s(clock.now()) == 0.0
    assert 0.9 < clock.wait_s(clock.now() + 100_000_000_000) <= 1.0
