"""QuickFIX's names for the versions, its own dictionaries, and the keys that make ours speak them.

FIX.4.2 has no algos: both sides take TargetStrategy(847) and 848 as tags of their own, QuickFIX
from a copy of its dictionary with these two fields in it, Sluice from a dictionary extension.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import files
from pathlib import Path

from router.fix.versions import FIX42, FIX44, FIX50SP2, Version

EXTENSION = """\
fields:
  '847': {name: TargetStrategy, type: STRING}
  '848': {name: TargetStrategyParameters, type: STRING}
messages:
  D: {add: ['847', '848']}
"""


@dataclass(frozen=True)
class Spoken:
    """One version, as both sides are told to speak it."""

    version: Version
    xml: str
    """QuickFIX's dictionary of the application layer."""
    algos: bool = True
    """The version has TargetStrategy(847)."""
    mass_status: bool = True
    """The version has OrderMassStatusRequest(AF)."""

    def quickfix(self, folder: Path) -> str:
        """The lines of QuickFIX's settings."""
        lines = [f"BeginString={self.version.begin_string}", "UseDataDictionary=Y"]
        if self.version.fixt:
            return "\n".join(
                [
                    *lines,
                    f"DefaultApplVerID={self.version.name}",
                    f"TransportDataDictionary={shipped('FIXT11.xml')}",
                    f"AppDataDictionary={shipped(self.xml)}",
                ]
            )
        return "\n".join([*lines, f"DataDictionary={self._dictionary(folder)}"])

    def sluice(self, where: str, folder: Path, *, oms: bool) -> list[str]:
        """What `--set` makes a session of ours speak it."""
        found = [f"{where}.begin_string={self.version.begin_string}"]
        if self.version.fixt:
            found.append(f"{where}.default_appl_ver_id={self.version.appl_ver_id}")
        if oms and not self.algos:
            extension = folder / "extension.yaml"
            extension.write_text(EXTENSION)
            found.append(f"{where}.dictionary_extension={extension}")
        return found

    def _dictionary(self, folder: Path) -> Path:
        own = shipped(self.xml)
        if self.algos:
            return own
        text = own.read_text()
        for tag, name in ((847, "TargetStrategy"), (848, "TargetStrategyParameters")):
            head, order, rest = text.partition("<message name='NewOrderSingle'")
            assert order, "the dictionary has no NewOrderSingle"
            rest = rest.replace("</message>", f"<field name='{name}' required='N'/></message>", 1)
            text = head + order + rest
            field = f"<field number='{tag}' name='{name}' type='STRING'/></fields>"
            text = text.replace("</fields>", field, 1)
        path = folder / self.xml
        path.write_text(text)
        return path


def shipped(name: str) -> Path:
    """A dictionary that the quickfix package installs."""
    for each in files("quickfix") or ():
        if each.name == name:
            return Path(str(each.locate())).resolve()
    raise FileNotFoundError(f"the quickfix package holds no {name}")


SPOKEN = {
    "FIX.4.2": Spoken(FIX42, "FIX42.xml", algos=False, mass_status=False),
    "FIX.4.4": Spoken(FIX44, "FIX44.xml"),
    "FIX.5.0SP2": Spoken(FIX50SP2, "FIX50SP2.xml"),
}
