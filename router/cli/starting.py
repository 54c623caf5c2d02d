"""A life of the node begins, unless its configuration has changed in a way that a person must see.

Owns who has to accept what at a start. What counts as a change is router.build_facts'.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable

from config.settings import Settings
from router import build_facts
from router.cli.errors import CommandError, ExitCode
from router.messages import ChangesAccepted
from router.runtime.changes import changes
from router.runtime.node import Built


def start(
    settings: Settings,
    built: Built,
    now: int,
    *,
    accepted: str,
    remembered: Callable[[], None],
) -> None:
    """Begin a life of the node, unless its configuration has changed in a way that a person must
    take upon them; `accepted` is the hash by which one did.

    Raises:
        CommandError: what has changed, and how it is accepted.
    """
    facts = build_facts.facts(settings, built.node.engine.env.limits)
    found = changes(built.node.engine.state, facts, built.node.engine.env.instruments)
    if found.forbidden:
        raise CommandError(ExitCode.REFUSED, *found.forbidden)
    if found.dangerous and accepted != found.hash:
        text = f"accept just this with: sluice run --accept-config-change {found.hash}"
        raise CommandError(ExitCode.NEEDS_APPROVAL, *found.dangerous, text)
    remembered()
    built.node.start(settings.digest(), now, facts)
    if found.dangerous:
        who = getpass.getuser()
        built.node.control(ChangesAccepted(found.hash, found.dangerous, who), now)
