"""Ask a running daemon how it is: sessions, venues, orders at work, kills."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from config.settings import DEFAULT_CONFIG
from router.cli.doubt_text import frozen_text, suspense_text, unknown_text
from router.cli.kill import StateOption
from router.cli.knock import ask
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import show, show_json, table
from router.fix.codec import time_text


def command(
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Print how the daemon stands. Exit 3: no daemon runs."""
    answer = ask(state or settings_of(config, overrides).state, {"command": "status"})
    if as_json:
        show_json(answer)
        return
    for line in text(answer):
        show(line)


def text(answer: dict[str, Any]) -> Iterator[str]:
    """The answer as a person reads it."""
    ready = "READY" if answer["ready"] else "NOT READY: a venue takes no new risk"
    yield f"{ready}; epoch {answer['epoch']}, seq {answer['seq']:,}, {time_text(answer['now'])} UTC"
    parents, children = answer["parents"], answer["children"]
    yield (
        f"parents {parents['open']:,} open of {parents['known']:,} known; children "
        f"{children['live']:,} alive, {children['unknown']:,} of them UNKNOWN"
    )
    yield from _policy(answer["policy"])
    yield ""
    yield table(["session", "state", "next in", "next out"], list(_sessions(answer["sessions"])))
    yield ""
    yield table(["venue", "takes new risk", "suspense"], list(_venues(answer["venues"])))
    yield from unknown_text(answer["venues"])
    if children["working"]:
        yield ""
        yield table(
            ["child", "venue", "tactic", "shares", "filled", "status"],
            [
                [each[key] for key in ("cl_ord_id", "mic", "tactic", "qty", "cum_qty", "status")]
                for each in children["working"]
            ],
        )
    yield from suspense_text(answer)
    yield from frozen_text(answer)
    yield ""
    if answer["kills"]:
        keys = ("kill_id", "scope", "value", "who")
        yield table(
            ["kill", "scope", "value", "who"], [[k[key] for key in keys] for k in answer["kills"]]
        )
    else:
        yield "no kill holds"
    for key, each in answer["refused_models"].items():
        scored = f"{each['fallback']} scores for it" if each["fallback"] else "it goes on as it was"
        yield f"model of {key} refused, {scored}: {each['reason']}"
    for each in answer["frozen"]:
        yield f"frozen: {each['learner'] or 'every learner'}, by {each['who']}: {each['reason']}"
    for fault in answer["faults"]:
        yield f"fault: {fault}"


def _policy(policy: dict[str, Any]) -> Iterator[str]:
    if not policy["hash"]:
        return
    older = sum(policy["open_under_older"].values())
    more = f"; {older:,} open parents go on under older ones" if older else ""
    narrowed = sum(policy["open_narrowed"].values())
    more += f", {narrowed:,} of them narrowed since" if narrowed else ""
    yield f"policy {policy['hash'][:12]}, {'+'.join(policy['documents'])}{more}"


def _sessions(sessions: dict[str, Any]) -> Iterator[list[object]]:
    for name, each in sessions.items():
        yield [name, "on" if each["logged_on"] else "off", each["next_in"], each["next_out"]]


def _venues(venues: dict[str, Any]) -> Iterator[list[object]]:
    for mic, each in venues.items():
        takes = "yes" if each["open"] and each["reconciled"] else "no"
        why = "" if each["open"] else ", not logged on"
        if each["open"] and not each["reconciled"]:
            why = ", not reconciled"
        yield [mic, takes + why, each["suspense"]]
