"""The dictionary of one session: its version's, with the files that its keys name.

Owns how files become a dictionary, and who is to blame if they do not. The form of each file is
`fix.dictionary`'s: QuickFIX's data dictionary XML, or fields and messages in YAML.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from config.documents import Document, DocumentError, loads
from config.fix import SessionKeys
from config.layers import near
from router.fix.dictionary import Dictionary, Extension, Rules, dictionary, specification
from router.fix.dictionary.extension import read_extension
from router.fix.dictionary.quickfix_xml import BYTES_MAX, QuickFixDictionary, read_quickfix_xml
from router.fix.versions import FIXT, Version

TRANSPORT = "transport_data_dictionary"
XML = ("data_dictionary", "app_data_dictionary", TRANSPORT)


class DictionaryFileError(ValueError):
    """A file that cannot be used: the key that names it, and one line for each problem."""

    def __init__(self, key: str, problems: tuple[str, ...]) -> None:
        self.key = key
        self.problems = problems
        super().__init__("\n".join(problems))


def session_dictionary(keys: SessionKeys, version: Version, *, acceptor: bool) -> Dictionary:
    """What a session's inbound messages are judged by.

    A QuickFIX file takes the place of our dictionary; an extension adds to whichever it is.

    Raises:
        DictionaryFileError: a file that cannot be read or does not fit.
    """
    unknown = keys.allow_unknown_msg_fields
    rules = Rules(
        validate_fields_out_of_order=keys.validate_fields_out_of_order,
        validate_fields_have_values=keys.validate_fields_have_values,
        validate_user_defined_fields=keys.validate_user_defined_fields,
        allow_unknown_msg_fields=not acceptor if unknown is None else unknown,
        check_group_order=keys.validate_unordered_group_fields,
    )
    files = tuple(
        (key, near(path), _content(key, near(path)))
        for key in (*XML, "dictionary_extension")
        if (path := getattr(keys, key)) is not None
    )
    return _made(version, rules, files)


@lru_cache(maxsize=64)
def _made(version: Version, rules: Rules, files: tuple[tuple[str, Path, bytes], ...]) -> Dictionary:
    """Of files that hold this: sessions, and a router's lives in one process, share it."""
    if not files:
        return dictionary(version, rules)
    spec = specification(version)
    for key, path, content in files:
        extension: Extension
        if key in XML:
            extension = _quickfix(key, path, content)
            lines = None
        else:
            lines = _document(key, path, content)
            extension = _extension(key, lines)
        try:
            spec = extension.apply(spec)
        except ValueError as error:
            raise DictionaryFileError(key, (_placed(path, lines, str(error)),)) from None
    return Dictionary(spec, rules)


def _content(key: str, path: Path) -> bytes:
    """A file, and no more of it than shows that it is too large."""
    try:
        with path.open("rb") as file:
            return file.read(BYTES_MAX + 1)
    except OSError as error:
        text = f"{path}: cannot be read: {error.strerror}"
        raise DictionaryFileError(key, (text,)) from None


def _quickfix(key: str, path: Path, content: bytes) -> QuickFixDictionary:
    try:
        found = _parsed(content)
    except ValueError as error:
        raise DictionaryFileError(key, (f"{path}: {error}",)) from None
    if key != "data_dictionary" and (found.version == FIXT) != (key == TRANSPORT):
        wanted = FIXT if key == TRANSPORT else "FIX.5.0SP2"
        text = f"{path}: the dictionary is of {found.version}, allowed: {wanted}"
        raise DictionaryFileError(key, (text,))
    return found


@lru_cache(maxsize=8)
def _parsed(content: bytes) -> QuickFixDictionary:
    """Sessions share files, and large ones take long."""
    return read_quickfix_xml(content)


def _document(key: str, path: Path, content: bytes) -> Document:
    try:
        return loads(content, str(path))
    except DocumentError as error:
        raise DictionaryFileError(key, error.problems) from None


def _extension(key: str, document: Document) -> Extension:
    try:
        return read_extension(document.data)
    except ValueError as error:
        text = _placed(Path(document.path), document, str(error))
        raise DictionaryFileError(key, (text,)) from None


def _placed(path: Path, document: Document | None, text: str) -> str:
    """An error with its file, and with its line if it begins with the place: `fields.9730: ...`."""
    if document is None:
        return f"{path}: {text}"
    place = text.partition(": ")[0].split(".")
    return f"{path}:{document.line(place)}: {text}"
