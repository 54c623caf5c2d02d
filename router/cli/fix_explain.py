"""`sluice fix decode --explain`: what a tag is and what its values mean. Not a command."""

from __future__ import annotations

from router.cli.errors import CommandError, ExitCode
from router.cli.output import show, show_json, table
from router.fix.dictionary import Field, specification
from router.fix.versions import FIX44, VERSIONS, Version


def explain(question: str, forced: Version | None, *, as_json: bool) -> None:
    """Answer `103=5`, or `103` for all its values, in a version or in all.

    Raises:
        CommandError: no version has the tag, or none has the value.
    """
    tag, equals, value = question.partition("=")
    asked = [forced] if forced is not None else list(VERSIONS)
    known = {each: found for each in asked if (found := specification(each).fields.get(tag))}
    if not known:
        names = ", ".join(each.name for each in asked)
        raise CommandError(ExitCode.NOT_FOUND, f"tag {tag!r} is in none of: {names}")
    if equals:
        _one(tag, value, known, as_json=as_json)
    else:
        _all(known, as_json=as_json)


def _one(tag: str, value: str, known: dict[Version, Field], *, as_json: bool) -> None:
    found = {each: _meaning(field, value) for each, field in known.items()}
    if not any(found.values()):
        field = _best(known)
        allowed = " ".join(field.values) or f"any {field.type}"
        text = f"{field.name}({tag}) = {value} has no name; named: {allowed}"
        raise CommandError(ExitCode.NOT_FOUND, text)
    if as_json:
        meanings = {each.name: text or None for each, text in found.items()}
        show_json({"tag": tag, "name": _best(known).name, "value": value, "meaning": meanings})
        return
    for each, text in found.items():
        show(f"{each.name}  {known[each].name}({tag}) = {value} {text or '-'}")


def _all(known: dict[Version, Field], *, as_json: bool) -> None:
    """Every value of a tag, and which versions have it."""
    field = _best(known)
    values = dict.fromkeys(value for each in known.values() for value in each.values)
    rows: list[list[object]] = [
        [value, *(each.values.get(value, "-") for each in known.values())] for value in values
    ]
    if as_json:
        named = {each.name: dict(found.values) for each, found in known.items()}
        show_json({"tag": field.tag, "name": field.name, "type": field.type, "values": named})
        return
    show(f"{field.name}({field.tag}), {field.type}")
    if rows:
        show(table(["value", *(each.name for each in known)], rows))


def _best(known: dict[Version, Field]) -> Field:
    return known.get(FIX44) or next(iter(known.values()))


def _meaning(field: Field, value: str) -> str:
    if value in field.values:
        return field.values[value]
    parts = value.split(" ") if field.multiple else []
    if parts and all(part in field.values for part in parts):
        return ", ".join(field.values[part] for part in parts)
    return ""
