"""The doctor's look at whether a daemon runs with what the files say now. Not a command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from config.settings import Settings
from router.cli.check import load
from router.cli.errors import CommandError
from router.cli.finding import Finding
from router.cli.remembered import drift

KEYS_MAX = 10
RESTART = "restart, to run with it, or put it back"


RELOAD = "take them into force: sluice policy reload --reason TEXT, or put them back"


def findings(settings: Settings, config: Path, status: dict[str, Any]) -> Iterator[Finding]:
    """`status` is what the daemon says of itself."""
    digest = status["config_hash"]
    changed = drift(settings, config, digest)
    if changed is None:
        if settings.digest() != digest:
            text = "the daemon runs with other settings, and what they were is not known"
            yield Finding("drift", "warning", text, "restart, to run with those of the files")
        return
    for key, then, now in changed.values[:KEYS_MAX]:
        text = f"{key}: the daemon runs with {then or 'none'}, the files say {now or 'none'}"
        yield Finding("drift", "warning", text, RESTART)
    more = len(changed.values) - KEYS_MAX
    if more > 0:
        yield Finding("drift", "warning", f"and {more} settings more", RESTART)
    of_policy = {str(path.resolve()) for path in settings.policies}
    files = [name for name in changed.files if name not in of_policy]
    for name in files:
        text = f"{name} has changed since the daemon started"
        yield Finding("drift", "warning", text, RESTART)
    policy = list(_policy(settings, status["policy"]["hash"]))
    yield from policy
    if not (changed.values or files or policy):
        yield Finding("drift", "ok", "the daemon runs with what the files say")


def _policy(settings: Settings, in_force: str) -> Iterator[Finding]:
    """Documents may have been reloaded since the start: what counts is what is in force."""
    try:
        made = load(settings).policies.hash
    except CommandError:
        return  # what is wrong with them is said already
    if made != in_force:
        text = f"policy {in_force[:12]} is in force, the files say {made[:12]}"
        yield Finding("drift", "warning", text, RELOAD)
