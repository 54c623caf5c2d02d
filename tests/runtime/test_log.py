"""Logging: the order of keys, levels, and secrets that never reach a line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from router.runtime.log import KEYS, configure, mask

SOH = "\x01"


@pytest.fixture(autouse=True)
def undo() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_json_line_has_the_keys_in_order() -> None:
    stream = io.StringIO()
    configure("info", "json", shard="A", stream=stream)
    structlog.contextvars.bind_contextvars(epoch=3)
    structlog.get_logger().info("child_filled", last_qty=5, mic="LIT_A", cl_ord_id="A31", seq=7)
    [line] = lines(stream)
    assert list(line) == [
        "ts",
        "level",
        "event",
        "shard",
        "epoch",
        "seq",
        "cl_ord_id",
        "mic",
        "last_qty",
    ]
    assert (line["level"], line["event"], line["shard"], line["epoch"]) == (
        "info",
        "child_filled",
        "A",
        3,
    )
    assert str(line["ts"]).endswith("Z")
    assert set(line) - set(KEYS) == {"last_qty"}


def test_a_level_below_the_configured_one_is_not_written() -> None:
    stream = io.StringIO()
    configure("warning", "json", stream=stream)
    log = structlog.get_logger()
    log.info("quiet")
    log.warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_console_lines_carry_no_escape_codes_unless_asked_for() -> None:
    stream = io.StringIO()
    configure("info", "console", stream=stream)
    structlog.get_logger().info("session_opened", session="OMS")
    assert "session_opened" in stream.getvalue()
    assert "session=OMS" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("end", [SOH, "|"])
@pytest.mark.parametrize("tag", ["554", "925", "96"])
def test_a_secret_of_fix_is_masked_wherever_it_stands(tag: str, end: str) -> None:
    frame = end.join(["35=A", "553=me", f"{tag}=hunter2", "108=30", ""])
    assert mask(frame) == end.join(["35=A", "553=me", f"{tag}=***", "108=30", ""])
    assert mask(f"{tag}=hunter2") == f"{tag}=***"


def test_raw_data_is_masked_as_far_as_its_length_says() -> None:
    frame = f"35=A{SOH}95=9{SOH}96=a{SOH}58=pass{SOH}108=30{SOH}"
    assert len(f"a{SOH}58=pass") == 9
    assert mask(frame) == f"35=A{SOH}95=9{SOH}96=***{SOH}108=30{SOH}"


def test_a_tag_that_only_ends_like_a_secret_one_is_left() -> None:
    frame = f"1554=a{SOH}196=b{SOH}58=554=x{SOH}"
    assert mask(frame) == frame


def test_secrets_are_masked_in_every_shape_a_value_may_have() -> None:
    stream = io.StringIO()
    configure("info", "json", stream=stream)
    structlog.get_logger().info(
        "logon",
        frame=f"35=A{SOH}554=hunter2{SOH}".encode(),
        fields={"password": "hunter2", "text": "554=hunter2"},
        parts=["925=hunter2"],
        password="hunter2",
    )
    assert "hunter2" not in stream.getvalue()
    [line] = lines(stream)
    assert line["fields"] == {"password": "***", "text": "554=***"}
