"""Policy documents to a book: from the files that the settings name, or as a journal holds them.

Owns what a book's documents are read with, and the urgency tables that they name. Knows no orders,
and not when a book is in force: that is the core's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.documents import DocumentError
from config.settings import DEFAULT_CONFIG
from policies.book import PolicyBook
from policies.document import Known, Setting
from router.core.environment import Book
from router.core.urgency_table import UrgencyTable
from router.messages import PolicyFiles, PolicyText, TableText
from router.model import Venue
from router.patience.file import FILE_MAX, TableFileError, table_of
from router.ports import Algo, Learner, Rule

URGENCY_TABLES = DEFAULT_CONFIG.parent / "patience"
"""The shipped ones."""
TEXTS_MAX = 512 << 10
"""Bytes of documents and tables together, for they stand in one record: a journal's smallest
segment has twice as much."""

Fetch = Callable[[str, str], TableText]
"""The file of a table that a document names: name or path, and the document's path.
Raises a TableFileError."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What documents may name: everything that they are read with."""

    rules: Mapping[str, type[Rule]]
    algos: Mapping[str, type[Algo]]
    learners: Mapping[str, type[Learner]]
    venues: tuple[Venue, ...]
    symbols: tuple[str, ...]
    default_learner: Setting

    def from_files(self, paths: Sequence[Path]) -> Book:
        """The book of files, and folders of `*.yaml`, with everything checked.

        Raises:
            DocumentError: everything that is wrong, one line each.
        """
        tables = Tables(fetch_table)
        made = PolicyBook.load(
            paths,
            self.rules,
            self.algos,
            self.learners,
            self.venues,
            self.symbols,
            self.default_learner,
            tables.find,
        )
        files = _files(made, tables)
        if (size := _size(files)) > TEXTS_MAX:
            text = f"documents and their tables are {size:,} bytes together"
            raise DocumentError([f"{paths[0]}: {text}; allowed: {TEXTS_MAX:,}"])
        return Book(files, made, tables.read)

    def nothing(self) -> PolicyBook:
        """A book of no documents, for a core that only folds."""
        return PolicyBook((), self._known(Tables(fetch_table)), self.venues, self.default_learner)

    def from_texts(self, files: PolicyFiles) -> Book | str:
        """The book of documents that were in force, or why they cannot be read any more."""
        texts = {(each.name, each.document): each for each in files.tables}

        def kept(name: str, document: str) -> TableText:
            return texts[name, document]

        tables = Tables(kept)
        documents = [(each.path, each.text) for each in files.documents]
        known = self._known(tables)
        try:
            made = PolicyBook.of(documents, known, self.venues, self.default_learner)
        except DocumentError as error:
            return error.problems[0]
        if made.hash != files.hash:
            return f"read by this program they are {made.hash[:12]}"
        return Book(files, made, tables.read)

    def _known(self, tables: Tables) -> Known:
        return Known(
            rule_types=self.rules,
            algos=self.algos,
            learners=self.learners,
            mics=tuple(venue.mic for venue in self.venues),
            symbols=tuple(sorted(self.symbols)),
            find_table=tables.find,
        )


class Tables:
    """Urgency tables on the way into a book: each is read once."""

    def __init__(self, fetch: Fetch) -> None:
        self.texts: dict[tuple[str, str], TableText] = {}
        self.read: dict[str, UrgencyTable] = {}
        self._fetch = fetch

    def find(self, name: str, document: str) -> str:
        """The SHA-256 of the table that a document names.

        Raises:
            TableFileError: there is none, or it is not sound.
        """
        found = self._fetch(name, document)
        table = table_of(found.text.encode("utf-8", "surrogateescape"), Path(found.path))
        self.texts[name, document] = found
        self.read[table.digest] = table
        return table.digest


def fetch_table(name: str, document: str) -> TableText:
    """The file of an urgency table that a policy document names: one that is shipped, or a path,
    which begins at the document's folder.

    Raises:
        TableFileError: there is none, or it cannot be read.
    """
    shipped = {each.stem: each for each in sorted(URGENCY_TABLES.glob("*.json"))}
    path = shipped.get(name, Path(document).parent / name)
    if not path.is_file():
        known = ", ".join(shipped) or "none"
        raise TableFileError(f"{name!r}: no such table; allowed: a file, or one of: {known}")
    try:
        with path.open("rb") as file:
            content = file.read(FILE_MAX + 1)
    except OSError as error:
        raise TableFileError(f"{path}: {error.strerror or error}") from None
    # What is no UTF-8 is no table: it is refused as a whole, with its path, when it is read.
    return TableText(name, document, str(path), content.decode("utf-8", "surrogateescape"))


def _files(book: PolicyBook, tables: Tables) -> PolicyFiles:
    documents = tuple(
        PolicyText(each.name, each.version, each.hash, each.path, each.text)
        for each in book.policies
    )
    return PolicyFiles(book.hash, documents, tuple(tables.texts.values()))


def _size(files: PolicyFiles) -> int:
    texts = [each.text for each in files.documents] + [each.text for each in files.tables]
    return sum(len(text.encode("utf-8")) for text in texts)
