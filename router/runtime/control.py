"""The operator's door: a local socket in the state folder, one JSON line in, one out.

Owns the requests that a running daemon answers: kill, arm, freeze, thaw, status, those about what
is in doubt, a reload of the policy, and those about FIX sessions. It needs no network, and only who
may enter the state folder may knock. Knows nothing of decisions.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from router.core.killing import SCOPES
from router.messages import (
    ArmRequested,
    EngageKill,
    FreezeRequested,
    KillRequested,
    ReleaseKill,
    SessionCommanded,
    ThawRequested,
)
from router.runtime import doubt, operating, reloading
from router.runtime.links import LinkKind
from router.runtime.node import Node
from router.runtime.reloading import ReloadAsked
from router.runtime.standing import standing

SOCKET_NAME = "control.sock"
REQUEST_MAX = 4096
INT_MAX = 2**63 - 1
DEPTH_MAX = 4
"""How deep a request may be nested."""
_LATIN = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}
"""What stands for a byte of a command line that is no UTF-8, and the character that it is."""
_PATH_MAX = 100
"""A Unix socket's path is short; a longer one is reached through its folder's descriptor."""

Answer = dict[str, Any]
Request = Callable[[Node, int], Answer]


def socket_path(folder: Path) -> str:
    """A path of the control socket that is short enough."""
    path = str(folder / SOCKET_NAME)
    if len(path) <= _PATH_MAX:
        return path
    return f"/proc/self/fd/{os.open(folder, os.O_RDONLY | os.O_DIRECTORY)}/{SOCKET_NAME}"


def parse(line: bytes) -> Request | ReloadAsked | Answer:
    """What a request asks the node, or why it asks nothing. A reload needs files to be read first:
    that is somebody else's.
    """
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        return {"error": "not JSON"}
    try:
        request = recordable(request)
    except ValueError as error:
        return {"error": str(error)}
    if not isinstance(request, dict):
        return {"error": "not an object"}
    command = str(request.get("command"))
    if command == reloading.COMMAND:
        return reloading.read_request(request)
    handler = _REQUESTS.get(command)
    if handler is None:
        return {"error": f"unknown command; allowed: {', '.join([*_REQUESTS, reloading.COMMAND])}"}
    return lambda node, now: handler(node, now, request)


def recordable(value: Any, depth: int = 0) -> Any:
    """A request as a record takes it. No request is lost to its wording: a byte that is no UTF-8,
    which stands there as a lone surrogate, is read as FIX reads it, as latin-1.

    Raises:
        ValueError: a number that no record holds, or too deep a nesting.
    """
    match value:
        case str():
            return value.translate(_LATIN).encode("utf-8", "replace").decode()
        case int() if not -INT_MAX <= value <= INT_MAX:
            raise ValueError(f"a number has to be from {-INT_MAX} to {INT_MAX}")
        case list() | dict() if depth == DEPTH_MAX:
            raise ValueError(f"nested more than {DEPTH_MAX} deep")
        case list():
            return [recordable(each, depth + 1) for each in value]
        case dict():
            return {key: recordable(each, depth + 1) for key, each in value.items()}
    return value


def _kill(node: Node, now: int, request: Answer) -> Answer:
    scope, value = str(request.get("scope", "")), str(request.get("value", ""))
    who, reason = str(request.get("who", "")), str(request.get("reason", ""))
    if scope not in SCOPES:
        return {"error": f"unknown scope {scope!r}; allowed: {', '.join(SCOPES)}"}
    if scope == "venue" and value not in node.engine.env.venues:
        return {"error": f"unknown venue {value!r}; allowed: {', '.join(node.engine.env.venues)}"}
    if (scope == "all") == bool(value) or not who or not reason:
        return {"error": "a kill needs a value unless its scope is all, a who and a reason"}
    commands = node.control(KillRequested(scope, value, who, reason), now)
    kill = next(each for each in commands if isinstance(each, EngageKill))
    cancels = sum(type(each).__name__ == "CancelChild" for each in commands)
    return {"kill_id": kill.kill_id, "scope": scope, "value": value, "cancels": cancels}


def _arm(node: Node, now: int, request: Answer) -> Answer:
    kill_id, who = str(request.get("kill_id", "")), str(request.get("who", ""))
    state = node.engine.state
    if kill_id not in state.kills:
        return {"error": f"no kill {kill_id!r} holds; held: {', '.join(state.kills) or 'none'}"}
    if not who or not request.get("reason"):
        return {"error": "a release needs a named who and a reason"}
    unknown = [c.cl_ord_id for c in state.live_children() if c.status.value == "unknown"]
    if unknown:
        return {"error": f"refused while children are UNKNOWN: {', '.join(unknown[:10])}"}
    commands = node.control(ArmRequested(kill_id, who, str(request["reason"])), now)
    assert any(isinstance(each, ReleaseKill) for each in commands)
    return {"released": kill_id, "who": who, "still_held": list(state.kills)}


def _freeze(node: Node, now: int, request: Answer) -> Answer:
    """Learning and exploring stop; asked again, the first freeze goes on."""
    event = FreezeRequested(*_of_learner(request))
    wrong = _wrong_learner(node, event.learner) or _unnamed(event.who, event.reason)
    if wrong:
        return {"error": wrong}
    commands = node.control(event, now)
    return {"learner": event.learner, "changed": bool(commands), **_frozen(node)}


def _thaw(node: Node, now: int, request: Answer) -> Answer:
    event = ThawRequested(*_of_learner(request))
    held = node.engine.state.freezes
    if event.learner not in held:
        named = ", ".join(each or "all" for each in held) or "none"
        return {"error": f"no freeze of {event.learner or 'all'} holds; held: {named}"}
    wrong = _unnamed(event.who, event.reason)
    if wrong:
        return {"error": wrong}
    node.control(event, now)
    return {"learner": event.learner, "changed": True, **_frozen(node)}


def _of_learner(request: Answer) -> tuple[str, str, str]:
    """Learner, who and reason, as text."""
    learner, who, reason = (str(request.get(key, "")) for key in ("learner", "who", "reason"))
    return learner, who, reason


def _wrong_learner(node: Node, learner: str) -> str:
    shelf = node.engine.state.shelf
    if not learner or shelf.knows(learner):
        return ""
    return f"no learner {learner!r}; in use: {', '.join(shelf.versions) or 'none yet'}"


def _unnamed(who: str, reason: str) -> str:
    return "" if who and reason else "it needs a named who and a reason"


def _frozen(node: Node) -> Answer:
    return {
        "frozen": [
            {"learner": each.learner, "who": each.who, "reason": each.reason}
            for each in node.engine.state.freezes.values()
        ]
    }


def _status(node: Node, now: int, request: Answer) -> Answer:
    state = node.engine.state
    live = state.live_children()
    in_doubt = doubt.unknown(state)
    fallback = node.engine.env.fallback_learner
    return {
        "ready": node.ready,
        "seq": node.seq,
        "now": now,
        "epoch": state.epoch,
        "kills": [
            {"kill_id": k.kill_id, "scope": k.scope, "value": k.value, "who": k.who}
            for k in state.kills.values()
        ],
        "sessions": {
            name: {
                "logged_on": link.session.logged_on,
                "next_in": link.session.next_in,
                "next_out": link.session.next_out,
            }
            for name, link in node.links.items()
        },
        "parents": {
            "open": len(state.open_parents),
            "known": len(state.parents) + len(state.closed),
        },
        "children": {
            "live": len(live),
            "unknown": sum(in_doubt.values()),
            "known": len(state.children),
            "working": [
                {
                    "cl_ord_id": c.cl_ord_id,
                    "mic": c.mic,
                    "tactic": c.tactic.value,
                    "qty": c.qty,
                    "cum_qty": c.cum_qty,
                    "status": c.status.value,
                }
                for c in live[:50]
            ],
        },
        "venues": {
            mic: {
                "open": v.open,
                "reconciled": v.reconciled,
                "suspense": state.suspense.counts.get(mic, 0),
                "unknown": in_doubt.get(mic, 0),
                "cod": state.venues[mic].cod,
            }
            for mic, v in state.venue.items()
        },
        "lessons": dict(state.shelf.versions),
        "models": dict(state.shelf.models),
        "refused_models": {
            key: {"reason": reason, "fallback": fallback if state.shelf.blind(key) else ""}
            for key, reason in state.shelf.refused.items()
        },
        **_frozen(node),
        **doubt.shown(state),
        **reloading.shown(state),
        "mid": {symbol: state.market.mid2(symbol) / 2e8 for symbol in node.engine.env.instruments},
        "faults": node.faults[-5:],
        "illegal_transitions": state.illegal_transitions,
    }


def _fix_sessions(node: Node, now: int, request: Answer) -> Answer:
    """Where each FIX session stands. The live driver adds what it knows of the connections."""
    state = node.engine.state
    in_doubt = doubt.unknown(state)
    told = {name: standing(link, now) for name, link in node.links.items()}
    for name, link in node.links.items():
        if link.kind is LinkKind.ORDERS:
            told[name] |= {"unknown": in_doubt.get(link.mic, 0), "cod": state.venues[link.mic].cod}
    return {"now": now, "sessions": told}


def _fix_session(node: Node, now: int, request: Answer) -> Answer:
    """An operator's hand on one session."""
    name, action = str(request.get("session", "")), str(request.get("action", ""))
    link = node.links.get(name)
    if link is None:
        return {"error": f"no session {name!r}; there are: {', '.join(node.links)}"}
    event = SessionCommanded(
        session=name,
        action=action,
        who=str(request.get("who", "")),
        reason=str(request.get("reason", "")),
        next_in=_number(request.get("next_in")),
        next_out=_number(request.get("next_out")),
    )
    refused = operating.refusal(link, event)
    if refused:
        return {"error": refused}
    node.operate(event, now)
    return {"session": name, "action": action, **standing(link, now)}


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


_REQUESTS: dict[str, Callable[[Node, int, Answer], Answer]] = {
    "kill": _kill,
    "arm": _arm,
    "freeze": _freeze,
    "thaw": _thaw,
    "assign": doubt.assign,
    "dismiss": doubt.dismiss,
    "release": doubt.release,
    "settle": doubt.settle,
    "bust": doubt.bust,
    "status": _status,
    "fix_sessions": _fix_sessions,
    "fix_session": _fix_session,
}
