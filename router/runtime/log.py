"""Logging: structlog, one event a line to stderr, for people or as JSON.

Owns the keys' order and the masking of secrets. The core does not log: the journal is its log, and
the shell logs what it carries out. Raw FIX belongs in the journal; should a frame reach a log line
after all, its passwords do not.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Literal, Protocol, TextIO

import structlog
from structlog.typing import FilteringBoundLogger, Processor, WrappedLogger

from router.runtime.log_lines import LogLines

Fields = MutableMapping[str, object]


class Log(Protocol):
    """What says things; structlog's loggers are such."""

    def info(self, event: str, **keys: object) -> object:
        """Something that is as it should be."""

    def warning(self, event: str, **keys: object) -> object:
        """Something that an operator should look at."""

    def error(self, event: str, **keys: object) -> object:
        """Something that an operator must look at."""


KEYS = (
    *("ts", "level", "event", "shard", "epoch", "seq"),
    *("parent_id", "cl_ord_id", "mic", "session"),
)
"""The keys that come first, in this order."""

MASK = "***"
SECRET_KEYS = frozenset({"password", "new_password", "raw_data", "token", "secret"})

# Password(554), NewPassword(925), RawData(96); RawDataLength(95) says how far RawData goes, since
# data may hold the delimiter. `|` stands for SOH where a frame was made readable.
_SECRET = re.compile(r"(?:^|(?<=[\x01|]))(?:95=(?P<length>\d{1,6})[\x01|])?(?P<tag>554|925|96)=")
_END = re.compile(r"[\x01|]")

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def configure(
    level: str = "info",
    style: Literal["console", "json"] = "console",
    *,
    shard: str = "",
    stream: TextIO | None = None,
    color: bool = False,
    lines: LogLines | None = None,
) -> None:
    """Set up every logger of the process. `stream` is stderr unless given. With `lines` they are
    written beside the process's work: nobody waits for them.

    Further values that belong on every line, such as the epoch, are bound with
    `structlog.contextvars.bind_contextvars`.
    """
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    if shard:
        structlog.contextvars.bind_contextvars(shard=shard)
    render: Processor = structlog.processors.JSONRenderer(default=str, sort_keys=False)
    if style == "console":
        render = structlog.dev.ConsoleRenderer(
            colors=color,
            timestamp_key="ts",
            sort_keys=False,
            exception_formatter=structlog.dev.plain_traceback,
        )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.format_exc_info,
            mask_secrets,
            in_order,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lines or structlog.PrintLoggerFactory(stream or sys.stderr),
    )
    if lines is not None:
        log: FilteringBoundLogger = structlog.get_logger()
        lines.on_lost = lambda count: log.warning("log_lines_lost", so_far=count)


def in_order(_logger: WrappedLogger, _method: str, fields: Fields) -> Fields:
    """The known keys first, the others as they came."""
    first = {key: fields[key] for key in KEYS if key in fields}
    return {**first, **{key: value for key, value in fields.items() if key not in first}}


def mask_secrets(_logger: WrappedLogger, _method: str, fields: Fields) -> Fields:
    """Every value without its secrets: secret keys, and the secret tags of FIX text."""
    return {key: MASK if key in SECRET_KEYS else _masked(value) for key, value in fields.items()}


def mask(text: str) -> str:
    """FIX text, whole or part, without the values of 554, 925 and 96."""
    kept: list[str] = []
    start = 0
    while (found := _SECRET.search(text, start)) is not None:
        kept += [text[start : found.end()], MASK]
        end = found.end()
        if found["tag"] == "96" and found["length"]:
            end += int(found["length"])
        closing = _END.search(text, min(end, len(text)))
        start = closing.start() if closing else len(text)
    kept.append(text[start:])
    return "".join(kept)


def _masked(value: object) -> object:
    match value:
        case str():
            return mask(value)
        case bytes():
            return mask(value.decode("latin-1"))
        case Mapping():
            return {
                key: MASK if key in SECRET_KEYS else _masked(each) for key, each in value.items()
            }
        case list() | tuple():
            return [_masked(each) for each in value]
        case _:
            return value
