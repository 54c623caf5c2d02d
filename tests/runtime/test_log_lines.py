"""The log's way out: whatever its reader does, the daemon neither waits nor fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog

from router.runtime.log import configure
from router.runtime.log_lines import LINES_MAX, LogLines

WAIT_S = 60.0


class Pipe:
    """A pipe whose reader is ours; `out` is the writer's end."""

    def __init__(self) -> None:
        self.reader, self.out = os.pipe()

    def fill(self) -> int:
        """Leave no room; how many bytes that took."""
        door = os.open(f"/proc/self/fd/{self.out}", os.O_WRONLY | os.O_NONBLOCK)
        filled = 0
        try:
            while True:
                filled += os.write(door, b"x" * 4096)
        except BlockingIOError:
            return filled
        finally:
            os.close(door)

    def lines(self) -> list[str]:
        """What came until the writer's end was closed."""
        with os.fdopen(self.reader, "rb") as reader:
            return reader.read().decode().splitlines()


@contextmanager
def logging_to(out: int, patience_s: float = WAIT_S) -> Iterator[LogLines]:
    """A daemon's loggers, which say a line with its event's name alone."""
    lines = LogLines(out)
    configure("info", "json", lines=lines)
    try:
        yield lines
    finally:
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
        lines.close(patience_s)
        os.close(out)


def test_lines_come_in_order_and_the_last_ones_before_the_end() -> None:
    pipe = Pipe()
    with logging_to(pipe.out) as lines:
        for number in range(1_000):
            lines.info(f"line {number}")
        lines.warning("ein f\xfcr alle Mal, \udcfc")
    assert pipe.lines() == [*[f"line {n}" for n in range(1_000)], "ein für alle Mal, \\udcfc"]


def test_a_reader_that_has_gone_ends_nothing() -> None:
    pipe = Pipe()
    os.close(pipe.reader)
    with logging_to(pipe.out) as lines:
        for number in range(100):
            lines.info(f"line {number}")


def test_a_reader_that_stands_still_is_not_waited_for_and_is_told_what_it_has_missed() -> None:
    pipe = Pipe()
    filled = pipe.fill()
    with logging_to(pipe.out) as lines:
        said = 2 * LINES_MAX
        for number in range(said):
            lines.info(f"line {number}")
        assert len(os.read(pipe.reader, filled)) == filled
        reader = os.fdopen(pipe.reader)
        came = [reader.readline().strip() for _ in range(LINES_MAX)]
        structlog.get_logger().info("again")
    with reader:
        came += reader.read().splitlines()
    numbers = [int(line.split()[1]) for line in came if line.startswith("line ")]
    assert numbers == sorted(numbers)
    assert numbers[:LINES_MAX] == list(range(LINES_MAX)), "what found room is there"
    lost = said - len(numbers)
    assert lost >= LINES_MAX - 1_000
    assert [line for line in came if f'"log_lines_lost", "so_far": {lost}' in line]
    assert '"event": "again"' in came[-1]


def test_at_the_end_a_reader_that_stands_still_holds_up_nobody() -> None:
    pipe = Pipe()
    pipe.fill()
    with logging_to(pipe.out, patience_s=0.1) as lines:
        lines.info("a line")
        lines.close(0.1)
        assert os.write(pipe.out, b"x" * 100_000) == 100_000, "it goes nowhere"
    os.close(pipe.reader)


def test_what_a_full_disk_has_cost_is_said_when_there_is_room() -> None:
    pipe = Pipe()
    out = os.open("/dev/full", os.O_WRONLY)
    with logging_to(out) as lines:
        lines.info("lost")
        while lines.works:
            pass
        os.dup2(pipe.out, out)
        os.close(pipe.out)
        lines.info("first")
        while not lines.works:
            pass
        lines.info("second")
    first, told, second = pipe.lines()
    assert (first, second) == ("first", "second")
    assert '"event": "log_lines_lost", "so_far": 1' in told


def test_a_descriptor_that_others_have_made_to_block_nobody_loses_nothing() -> None:
    pipe = Pipe()
    filled = pipe.fill()
    os.set_blocking(pipe.out, False)
    with logging_to(pipe.out) as lines:
        lines.info("a line")
        left = filled
        while left:
            left -= len(os.read(pipe.reader, left))
    assert pipe.lines() == ["a line"]


@pytest.mark.parametrize("style", ["console", "json"])
def test_a_line_is_as_without_a_thread(style: str) -> None:
    pipe = Pipe()
    lines = LogLines(pipe.out)
    configure("warning", style, shard="A", lines=lines)  # type: ignore[arg-type]
    log = structlog.get_logger().bind()
    log.info("quiet")
    log.error("loud", seq=7)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    lines.close(WAIT_S)
    os.close(pipe.out)
    (line,) = pipe.lines()
    assert "loud" in line
    assert line.endswith('"seq": 7}' if style == "json" else "seq=7")
