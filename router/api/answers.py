"""What each path answers: /livez, /readyz, /startupz, /version and /metrics.

Owns the bodies and their statuses. Knows neither sockets nor clocks: it is given the scene.
"""

from __future__ import annotations

import json
from http import HTTPStatus

from router.api.exposition import CONTENT_TYPE, render
from router.api.http import Answer
from router.api.metrics import Scene, collect
from router.api.watch import Verdict, started

JSON = "application/json"
PATHS = ("/livez", "/readyz", "/startupz", "/version", "/metrics")


def answer(path: str, scene: Scene, *, version: str) -> Answer:
    """The answer to a GET."""
    match path:
        case "/livez":
            return _verdict(scene.alive)
        case "/startupz":
            return _verdict(started(scene.watch, scene.now))
        case "/readyz":
            return _verdict(scene.ready, durability=_durability(scene))
        case "/version":
            return Answer(HTTPStatus.OK, _json(_versions(scene, version)), JSON)
        case "/metrics":
            return Answer(HTTPStatus.OK, render(collect(scene)), CONTENT_TYPE)
        case _:
            return Answer(HTTPStatus.NOT_FOUND, f"there are: {', '.join(PATHS)}\n")


def _verdict(verdict: Verdict, **more: object) -> Answer:
    status = HTTPStatus.OK if verdict.ok else HTTPStatus.SERVICE_UNAVAILABLE
    body = {"ok": verdict.ok, "causes": verdict.causes, "notes": verdict.notes, **more}
    return Answer(status, _json(body), JSON)


def _durability(scene: Scene) -> str | None:
    """How records are made safe; None while the daemon has not said."""
    signs = scene.watch.signs
    return signs.journal.durability if signs is not None and signs.journal is not None else None


def _versions(scene: Scene, version: str) -> dict[str, object]:
    signs = scene.watch.signs
    daemon = signs and {
        "version": signs.version,
        "pid": signs.pid,
        "shard": signs.shard,
        "epoch": signs.epoch,
        "config_hash": signs.config_hash,
    }
    return {"version": version, "daemon": daemon or None}


def _json(body: dict[str, object]) -> str:
    return json.dumps(body) + "\n"
