"""Explain an order or a child: what was known, who could have had it, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from config.settings import DEFAULT_CONFIG
from router.analysis import contrast
from router.analysis.explain import (
    ChildStory,
    Order,
    Story,
    parent_story,
    refused_story,
)
from router.analysis.naming import Kind, Meaning, find, near, parent_of
from router.analysis.paid import cost
from router.cli.errors import CommandError, ExitCode
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import say, show, show_json
from router.cli.why_again import QUICK, Again, decide_again
from router.cli.why_data import beliefs_data, recomputed_data
from router.cli.why_decision import differing, verdict
from router.cli.why_text import child_text, cost_of, headline, parent_text, refused_text
from router.cli.why_words import clock, on_day, qty
from router.journal.storage import FileStorage

PICTURES = (".png", ".svg", ".pdf")
"""Endings of files that can be drawn."""


def command(
    order_id: Annotated[
        str,
        typer.Argument(metavar="ID", help="A child's ClOrdID, an OrderID, or a client's ClOrdID."),
    ],
    state: Annotated[
        Path | None, typer.Option("--state", metavar="DIR", help="The state folder.")
    ] = None,
    whole: Annotated[bool, typer.Option("--all", help="Every line of a long life.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="A child's record alone; nothing is decided again.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw a child's decision: PNG, SVG, PDF.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Tell an order's story from the journal, next to a running daemon or long after.

    A child's decision is made again from the journal, bit by bit. Exit 2: there is no such id in
    the journal. Exit 10: something was decided differently.
    """
    finding: CommandError | None = None
    _check_picture(plot)
    folder = state or settings_of(config, overrides).state
    storage = FileStorage(folder, read_only=True)
    meaning = _one(storage, order_id)
    if plot is not None and meaning.kind is not Kind.CHILD:
        text = f"--plot draws one decision: give a child's ClOrdID; {order_id} is a client's order"
        raise CommandError(ExitCode.CONFIGURATION, text)
    if meaning.kind is Kind.REFUSED:
        story = refused_story(storage, meaning.name, meaning.whose)
        lines, data = refused_text(story, meaning.name), _refused_data(meaning, story)
    else:
        parent_id = meaning.parent_id or parent_of(storage, meaning.name)
        story = parent_story(storage, parent_id)
        if meaning.kind is Kind.CHILD:
            child = story.children[meaning.name]
            again = QUICK if quick else _again(storage, child, config, overrides)
            lines, data = child_text(story, child, again), _child_data(story, child, again)
            finding = _finding(child, again)
            if plot is not None:
                _draw(plot, child, again)
        else:
            lines, data = parent_text(story, whole=whole), _parent_data(story)
    if as_json:
        show_json(data)
    else:
        for line in lines:
            show(line)
    if finding is not None:
        raise finding


def _again(storage: FileStorage, child: ChildStory, config: Path, overrides: list[str]) -> Again:
    return decide_again(storage, lambda: settings_of(config, overrides), child.decision)


def _check_picture(plot: Path | None) -> None:
    if plot is not None and plot.suffix.lower() not in PICTURES:
        text = f"--plot {plot}: its ending must be one of {', '.join(PICTURES)}"
        raise CommandError(ExitCode.CONFIGURATION, text)


def _draw(plot: Path, child: ChildStory, again: Again) -> None:
    # Imported when it is needed: it brings matplotlib.
    from router.cli.why_picture import Picture

    sent, decide = child.sent, child.decision.decide
    picture = Picture(child.decision, again, f"{sent.mic}/{sent.tactic.value}")
    below = (
        f"{on_day(child.now)} {clock(child.now)} UTC, seq {qty(child.seq)}: "
        f"{qty(decide.due_qty)} shares due, urgency {decide.urgency:.2f}; {decide.learner} after "
        f"{qty(decide.learner_version)} lessons. {verdict(again)}"
    )
    picture.draw(plot, headline(child), below)
    say(f"written: {plot}")


def _finding(child: ChildStory, again: Again) -> CommandError | None:
    """What deciding again has found; None if all is as it was recorded, or nothing can be said."""
    found = again.recomputation
    if found is None or not (found.unlike or found.strayed):
        return None
    name = child.sent.cl_ord_id
    if found.unlike:
        return CommandError(ExitCode.FINDINGS, f"{name}: recomputed, {differing(found)}")
    text = f"{name}: recomputed, the same, but seq {found.strayed} before it is not"
    return CommandError(ExitCode.FINDINGS, text)


def _one(storage: FileStorage, order_id: str) -> Meaning:
    """What the id means; the newest if it means several orders.

    Raises:
        CommandError: it means nothing.
    """
    found = find(storage, order_id)
    if not found:
        close = near(storage, order_id)
        hint = f"nearest: {', '.join(close)}" if close else "sluice journal cat shows what there is"
        text = f"no order or child {order_id!r} in {storage.folder}; {hint}"
        raise CommandError(ExitCode.NOT_FOUND, text)
    if len(found) > 1:
        others = ", ".join(each.said for each in found[:-1])
        say(f"note: {order_id} names {len(found)} orders; this is the newest, not {others}")
    return found[-1]


# -- JSON ----------------------------------------------------------------------------------------


def _child_data(story: Story, child: ChildStory, again: Again) -> dict[str, object]:
    decision = child.decision
    return {
        "kind": "child",
        "order": msgspec.to_builtins(story.opened),
        "child": msgspec.to_builtins(child.sent),
        "seq": child.seq,
        "now": child.now,
        "decision": msgspec.to_builtins(decision.decide),
        "order_then": _order_data(decision.order),
        "sent": msgspec.to_builtins(decision.sent),
        "breaches": msgspec.to_builtins(decision.breaches),
        "needs": [_need_data(each) for each in contrast.needs(decision.decide, again.curves)],
        "beliefs": beliefs_data(decision, again),
        "recomputed": recomputed_data(again),
        "events": [
            {"seq": seq, "now": now, "what": msgspec.to_builtins(what)}
            for seq, now, what in child.events
        ],
        "fills": [asdict(fill) for fill in child.fills.values()],
        "cum_qty": child.cum_qty,
        "cost": _cost_data(story, child),
        "lesson": msgspec.to_builtins(child.lesson),
        "markouts": msgspec.to_builtins(child.markouts),
    }


def _order_data(order: Order | None) -> object:
    """Terms and parameters after replaces, where `order` is as it was first taken."""
    return msgspec.to_builtins(order)


def _need_data(need: contrast.Need) -> dict[str, object]:
    value = None
    if need.value is not None:
        high = need.value.high
        value = {"above": need.value.low, "enough": None if high == float("inf") else high}
    return {
        "arm": need.arm,
        "shares": need.shares,
        "obstacle": need.obstacle.value,
        "value_bp": value,
        "cap": need.cap or None,
    }


def _cost_data(story: Story, child: ChildStory) -> dict[str, object]:
    found = cost_of(story, child)
    return {**asdict(found), "total_bp": found.total_bp}


def _parent_data(story: Story) -> dict[str, object]:
    assert story.opened is not None
    arrival = story.arrival_mid
    fills = story.fills()
    parts = {
        mic: cost([each for each in fills if each.mic == mic], story.side, arrival)
        for mic in dict.fromkeys(fill.mic for fill in fills)
    }
    whole = cost(fills, story.side, arrival)
    return {
        "kind": "parent",
        "order": msgspec.to_builtins(story.opened),
        "order_now": _order_data(story.order),
        "opened_at": story.now,
        "last_report": msgspec.to_builtins(story.told),
        "decisions": len(story.decisions),
        "children": [
            {**_builtins(each.sent), "seq": each.seq, "now": each.now, "cum_qty": each.cum_qty}
            for each in story.children.values()
        ],
        "fills": [asdict(fill) for fill in fills],
        "cost": {**asdict(whole), "total_bp": whole.total_bp},
        "by_venue": {mic: {**asdict(c), "total_bp": c.total_bp} for mic, c in parts.items()},
        "life": list(_life_data(story)),
    }


def _refused_data(meaning: Meaning, story: Story) -> dict[str, object]:
    return {
        "kind": "refused",
        "cl_ord_id": meaning.name,
        "report": msgspec.to_builtins(story.told),
        "life": list(_life_data(story)),
    }


def _life_data(story: Story) -> Iterator[dict[str, object]]:
    for seq, now, what in story.lines:
        yield {"seq": seq, "now": now, "what": msgspec.to_builtins(what)}


def _builtins(value: object) -> dict[str, object]:
    found = msgspec.to_builtins(value)
    assert isinstance(found, dict)
    return found
