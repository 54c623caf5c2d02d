"""What a learner has learned, tried and cost: save it, show it, freeze it, thaw it."""

from __future__ import annotations

from collections.abc import Callable

from router.cli.learner_files import save, show_command
from router.cli.learner_safety import freeze, status, thaw

COMMANDS: dict[str, Callable[..., None]] = {
    "save": save,
    "show": show_command,
    "freeze": freeze,
    "thaw": thaw,
    "status": status,
}
