"""What a learner has learned: save it to a file, show a file."""

from __future__ import annotations

from collections.abc import Callable

from router.cli.learner_files import save, show_command

COMMANDS: dict[str, Callable[..., None]] = {"save": save, "show": show_command}
