"""The options that every command spells the same way, and the settings that they lead to.

Owns `--config`, `--set` and `--json`. The environment is read here and nowhere else.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from config.settings import DEFAULT_CONFIG, Settings, load_settings
from router.runtime.supervisor import Supervisor

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config",
        envvar="SLUICE_CONFIG",
        metavar="FILE",
        show_default="the one that comes with Sluice",
        help="The configuration.",
    ),
]
SetOption = Annotated[
    list[str],
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override one value, as in fix.acceptor.port=1."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

NO_OVERRIDES: list[str] = []
"""The default of `--set`."""


def settings_of(config: Path = DEFAULT_CONFIG, overrides: list[str] = NO_OVERRIDES) -> Settings:
    """The settings of a command line, with this process's environment.

    Raises:
        SettingsError: every problem, one line each.
    """
    return load_settings(config, overrides, os.environ)


def supervisor() -> Supervisor:
    """systemd, if this process's environment says that it is there."""
    return Supervisor(os.environ, pid=os.getpid())


def failpoints() -> str:
    """Where a test wants the daemon to fail: SLUICE_FAILPOINT, as `runtime.failpoints` reads it."""
    return os.environ.get("SLUICE_FAILPOINT", "")
