"""Watch a daemon from a process of its own: /livez, /readyz, /startupz, /version and /metrics."""

from __future__ import annotations

import os
import signal
import sys
from ipaddress import ip_address
from typing import Annotated

import typer

from config.settings import DEFAULT_CONFIG
from router.api.serving import Health, Occupied, Place, serve
from router.cli import installed
from router.cli.errors import CommandError, ExitCode
from router.cli.kill import StateOption
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import say, show_json

HOST, PORT = "127.0.0.1", 9879


def command(
    host: Annotated[str, typer.Option(help="A loopback address.")] = HOST,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any that is free.")] = PORT,
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Serve the health of the daemon on a state folder, whether it runs or not.

    It follows the journal and takes the signs of life that the daemon gives once a second. It may
    start, die or lag at any time, and no order notices. With --json it says on stdout when it
    listens, as one JSON line.
    """
    _check_loopback(host)
    folder = state or settings_of(config, overrides).state

    def on_listen(bound: int) -> None:
        if as_json:
            show_json({"listening": True, "host": host, "port": bound})
            sys.stdout.flush()
        else:
            where = f"[{host}]" if ":" in host else host
            say(f"watching {folder}; http://{where}:{bound}/readyz")

    health = Health(folder, Place(host, port), version=installed())
    try:
        serve(health, on_listen, (signal.SIGTERM, signal.SIGINT))
    except Occupied as error:
        raise CommandError(ExitCode.LOCKED, f"{error}; end it, or ask that one") from None
    except OSError as error:
        if error.filename is not None:
            raise
        why = os.strerror(error.errno or 0).lower()
        text = f"cannot listen on {host}:{port}: {why}; choose another: --port PORT"
        raise CommandError(ExitCode.ERROR, text) from None


def _check_loopback(host: str) -> None:
    """Nobody is asked who they are here, so nobody may come from elsewhere."""
    try:
        if ip_address(host).is_loopback:
            return
    except ValueError:
        pass
    text = f"--host {host!r} is not a loopback address; allowed: 127.0.0.1, ::1"
    raise CommandError(ExitCode.CONFIGURATION, text)
