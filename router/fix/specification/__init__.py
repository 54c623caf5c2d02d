"""The specifications of the versions that we speak, read from their data files when first used.

FIXT.1.1 carries FIX.5.0SP2: their files are merged. Knows nothing of bytes or sessions.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files

from router.fix.specification.model import (
    Condition,
    Field,
    Member,
    MessageType,
    Specification,
    every_member,
)
from router.fix.specification.reader import Tables, read_tables
from router.fix.versions import FIXT, VERSIONS, Version

__all__ = [
    "Condition",
    "Field",
    "Member",
    "MessageType",
    "Specification",
    "every_member",
    "group_members",
    "specification",
]


@cache
def specification(version: Version) -> Specification:
    """The dictionary of a version, its session layer included."""
    tables = _tables(version.name)
    if version.fixt:
        session = _tables(FIXT)
        tables.fields = {**session.fields, **tables.fields}
        tables.messages.update(session.messages)
        tables.header, tables.trailer = session.header, session.trailer
    return Specification(
        version=version,
        fields=tables.fields,
        messages=tables.messages,
        header=tables.header,
        trailer=tables.trailer,
        conditions=tuple(tables.conditions),
    )


def _tables(name: str) -> Tables:
    path = files("router.fix.specification") / "data" / f"{name}.dict"
    return read_tables(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=1_024)
def group_members(
    begin_string: str, msg_type: str, count_tag: str
) -> tuple[frozenset[str], frozenset[str]]:
    """Every tag of a group's entries, and every other tag of the message.

    Both are empty for a group, a message or a version that we do not know.
    """
    for version in VERSIONS:
        if version.begin_string == begin_string:
            spec = specification(version)
            break
    else:
        return frozenset(), frozenset()
    message = spec.messages.get(msg_type)
    members = (*spec.header, *(message.members if message else ()), *spec.trailer)
    inside = frozenset(
        each.tag
        for member in every_member(members)
        if member.tag == count_tag
        for each in every_member(member.members)
    )
    if not inside:
        return frozenset(), frozenset()
    return inside, frozenset(each.tag for each in every_member(members)) - inside
