"""QuickFIX's data dictionaries: read whole or beside ours, written for a peer, never trusted."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.fix.dictionary import dictionary
from router.fix.dictionary.quickfix_xml import (
    BYTES_MAX,
    DEPTH_MAX,
    read_quickfix_xml,
    write_quickfix_xml,
)
from router.fix.specification import Field, Member, Specification, specification
from router.fix.versions import FIX42, FIX44, FIX50SP2, VERSIONS, Version
from tests.fix.dictionaries import ORDER, STRICT, fault

HEAD = "<field name='BeginString' required='Y'/><field name='BodyLength' required='Y'/>"
HEAD += "<field name='MsgType' required='Y'/><field name='MsgSeqNum' required='Y'/>"
HEAD += "<field name='SenderCompID' required='Y'/><field name='TargetCompID' required='Y'/>"
HEAD += "<field name='SendingTime' required='Y'/>"
FIELDS = """
  <field number='8' name='BeginString' type='STRING'/>
  <field number='9' name='BodyLength' type='INT'/>
  <field number='10' name='CheckSum' type='STRING'/>
  <field number='34' name='MsgSeqNum' type='INT'/>
  <field number='35' name='MsgType' type='STRING'><value enum='D' description='ORDER'/></field>
  <field number='49' name='SenderCompID' type='STRING'/>
  <field number='52' name='SendingTime' type='TIME'/>
  <field number='56' name='TargetCompID' type='STRING'/>
  <field number='11' name='ClOrdID' type='STRING'/>
  <field number='55' name='Symbol' type='STRING'/>
  <field number='54' name='Side' type='CHAR' allowOtherValues='true'>
   <value enum='1' description='BUY'/><value enum='2'/>
  </field>
  <field number='38' name='OrderQty' type='quantity'/>
  <field number='9800' name='NoOwn' type='NUMINGROUP'/>
  <field number='9801' name='OwnID' type='STRING'/>
  <field number='9802' name='OwnFlag' type='BOOLEAN'>
   <value enum='Y' description='YES'/><value enum='N' description='NO'/>
  </field>
"""
SMALL = f"""<?xml version='1.0' encoding='UTF-8'?>
<!-- A venue's own. -->
<fix type='FIX' major='4' minor='4' servicepack='0'>
 <header>{HEAD}</header>
 <messages>
  <message name='NewOrderSingle' msgtype='D' msgcat='app'>
   <field name='ClOrdID' required='Y'/>
   <component name='Instrument' required='Y'/>
   <component name='Own' required='N'/>
   <field name='Side' required='N'/>
   <field name='OrderQty' required='N'/>
  </message>
 </messages>
 <trailer><field name='CheckSum' required='Y'/></trailer>
 <components>
  <component name='Instrument'><field name='Symbol' required='Y'/></component>
  <component name='Own'>
   <group name='NoOwn' required='Y'>
    <field name='OwnID' required='N'/><field name='OwnFlag' required='Y'/>
   </group>
  </component>
 </components>
 <fields>{FIELDS}</fields>
</fix>
"""
BARE = "35=D|34=1|11=A|55=B|"


def served(spec: Specification, *, admin: bool) -> list[str]:
    return [each.msg_type for each in spec.messages.values() if each.served and each.admin is admin]


# -- read ------------------------------------------------------------------------------------------


def test_a_file_is_read() -> None:
    found = read_quickfix_xml(SMALL.encode())
    assert found.version == "FIX.4.4"
    assert found.messages["D"].members == (
        Member("11", True),
        Member("55", True),
        Member("9800", False, (Member("9801"), Member("9802", True))),
        Member("54"),
        Member("38"),
    )
    assert [each.tag for each in found.header] == ["8", "9", "35", "34", "49", "56", "52"]
    assert found.trailer == (Member("10", True),)
    assert found.fields["54"] == Field("54", "Side", "CHAR", {"1": "BUY", "2": "2"}, "CHAR")
    assert found.fields["35"].values == {}
    assert found.fields["52"].type == "UTCTIMESTAMP"
    assert found.fields["38"].type == "QTY"


def test_a_whole_dictionary_takes_the_place_of_ours() -> None:
    judge = dictionary(FIX44, extend=[read_quickfix_xml(SMALL.encode())])
    assert fault(judge, BARE) is None
    assert fault(judge, BARE + "9800=1|9801=x|9802=Y|") is None
    assert fault(judge, BARE + "9800=1|9801=x|") == (1, "9802")
    assert fault(judge, BARE + "9800=2|9801=x|9802=Y|") == (16, "9800")
    assert fault(judge, BARE + "54=Q|") is None
    assert fault(judge, BARE + "54=QQ|") == (6, "54")
    assert fault(judge, BARE + "60=20260105-14:30:00|") == (0, "60")
    assert fault(judge, "35=0|34=2|") == (11, "35")
    # Of our conditions those remain whose fields are still there.
    assert {each.required for each in judge.spec.conditions} == {("38",)}


def test_a_dictionary_beside_ours_replaces_messages_and_leaves_the_others() -> None:
    judge = dictionary(FIX44, extend=[read_quickfix_xml(SMALL.encode(), merge=True)])
    assert fault(judge, BARE + "9800=1|9801=x|9802=Y|") is None
    assert fault(judge, BARE + "60=20260105-14:30:00|") == (2, "60")
    assert fault(judge, "35=0|34=2|112=T|") is None
    assert fault(judge, ORDER.replace("35=D", "35=G") + "41=O|") is None


def test_application_and_transport_are_two_files() -> None:
    app = SMALL.replace(
        "major='4' minor='4' servicepack='0'", "major='5' minor='0' servicepack='2'"
    )
    app = app.replace(HEAD, "").replace("<field name='CheckSum' required='Y'/>", "")
    found = read_quickfix_xml(app.encode())
    assert found.version == "FIX.5.0SP2"
    judge = dictionary(FIX50SP2, extend=[found])
    assert fault(judge, BARE + "9800=1|9801=x|9802=Y|") is None
    assert fault(judge, "35=A|34=1|98=0|108=30|1137=9|") is None
    assert fault(judge, "35=8|34=1|") == (11, "35")
    session = SMALL.replace("'FIX' major='4' minor='4'", "'FIXT' major='1' minor='1'")
    session = session.replace(
        "'NewOrderSingle' msgtype='D' msgcat='app'", "'Own' msgtype='A' msgcat='admin'"
    )
    both = dictionary(FIX50SP2, extend=[found, read_quickfix_xml(session.encode())])
    assert fault(both, "35=A|34=1|11=A|55=B|") is None
    assert fault(both, "35=0|34=1|") == (11, "35")
    assert fault(both, BARE + "9800=1|9801=x|9802=Y|") is None


@pytest.mark.parametrize("version", [FIX42, FIX50SP2], ids=lambda each: each.name)
def test_another_versions_dictionary_is_refused(version: Version) -> None:
    with pytest.raises(ValueError, match=r"the dictionary is of FIX\.4\.4, allowed: FIX"):
        dictionary(version, extend=[read_quickfix_xml(SMALL.encode())])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("</fix>", "", "no XML"),
        (SMALL, "", "no XML"),
        ("<fix type", "<fox type", "no XML"),
        ("FIX' major='4'", "FIX'", "<fix> has no major"),
        ("<trailer>", "<tail>", "no XML"),
        ("<components>", "<components/><other/><components>", "<other>, allowed: header messages"),
        ("msgcat='app'", "msgcat='x'", "msgcat='x', allowed: admin app"),
        ("msgtype='D'", "", "<message> has no msgtype"),
        (
            "<field name='ClOrdID' required='Y'/>",
            "<field name='No'/>",
            "'No' is not among the fields",
        ),
        ("<field name='ClOrdID' required='Y'/>", "<wield name='No'/>", "<wield>, allowed: field"),
        ("name='Instrument' required", "name='Other' required", "'Other' is not among the comp"),
        ("<field name='ClOrdID' required='Y'/>", "<field name='Symbol'/>", "Symbol(55) twice"),
        ("<field name='OwnID' required='N'/><field name='OwnFlag' required='Y'/>", "", "is empty"),
        ("type='TIME'", "type='CLOCK'", "type='CLOCK', allowed: AMT BOOLEAN"),
        ("number='9801'", "number='9800'", "the field OwnID(9800) again"),
        ("name='OwnID' type", "name='NoOwn' type", "the field NoOwn(9801) again"),
        ("number='9801'", "number='-1'", "number='-1', allowed: 1 to 999999999"),
        ("number='9801'", "number='٣'", "number='٣', allowed"),
        ("enum='2'", "", "<value> has no enum"),
        (
            "<component name='Own'>",
            "<component name='Own'><component name='Own' required='N'/>",
            "the component Own holds itself",
        ),
        (
            "</message>",
            "</message><message name='X' msgtype='D' msgcat='app'/>",
            "the message D again",
        ),
        ("?>", "?><!DOCTYPE fix>", "a document type: not allowed"),
        (
            "?>",
            "?><!DOCTYPE fix [<!ENTITY a 'b'><!ENTITY c SYSTEM 'file:///etc/hosts'>]>",
            "a document type: not allowed",
        ),
    ],
)
def test_a_file_that_is_no_dictionary(old: str, new: str, told: str) -> None:
    assert old in SMALL
    with pytest.raises(ValueError, match=re.escape(told)):
        read_quickfix_xml(SMALL.replace(old, new, 1).encode())


def test_errors_name_the_line() -> None:
    with pytest.raises(ValueError, match=r"^line 8: 'Other' is not among"):
        read_quickfix_xml(SMALL.replace("name='Instrument' r", "name='Other' r").encode())


def nested(depth: int) -> str:
    """Components that hold two of the next each: twice as many fields with every one."""
    group = "<group name='{}' required='N'><component name='C{}' required='N'/></group>"
    components = "".join(
        f"<component name='C{i}'>"
        f"{group.format(f'A{i}', i + 1)}{group.format(f'B{i}', i + 1)}</component>"
        for i in range(depth)
    )
    fields = "".join(
        f"<field number='{5000 + 2 * i + j}' name='{name}{i}' type='NUMINGROUP'/>"
        for i in range(depth)
        for j, name in enumerate("AB")
    )
    last = f"<component name='C{depth}'><field name='Symbol' required='N'/></component>"
    text = SMALL.replace("<component name='Own' required='N'/>", "<component name='C0'/>", 1)
    text = text.replace("</components>", components + last + "</components>")
    return text.replace("</fields>", fields + "</fields>")


def test_a_hostile_file_costs_little() -> None:
    start = time.process_time()
    deep = "<fix>" + "<a>" * 100_000
    long = SMALL.replace("<fields>", "<fields>" + "<field/>" * 100_000)
    for data, told in (
        (b" " * (BYTES_MAX + 1), "bytes, allowed"),
        (deep.encode(), "in one another"),
        (long.encode(), "<field> has no number"),
        (nested(20).encode(), "members"),
        (nested(DEPTH_MAX + 1).encode(), "."),
    ):
        with pytest.raises(ValueError, match=told):
            read_quickfix_xml(data)
    assert len(read_quickfix_xml(nested(3).encode()).fields) == 21
    assert time.process_time() - start < 3


@given(st.binary(max_size=300), st.integers(0, len(SMALL)), st.integers(0, 300))
def test_any_bytes_are_a_dictionary_or_an_error(junk: bytes, at: int, length: int) -> None:
    data = SMALL.encode()
    for changed in (junk, data[:at] + junk + data[at + length :]):
        try:
            read_quickfix_xml(changed)
        except ValueError:
            continue


# -- written ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.name)
def test_what_is_written_reads_as_it_was(version: Version) -> None:
    spec = specification(version)
    texts = [write_quickfix_xml(spec, served(spec, admin=False))]
    if version.fixt:
        texts.append(write_quickfix_xml(spec, served(spec, admin=True)))
    files = [read_quickfix_xml(text.encode()) for text in texts]
    again = spec
    for each in files:
        again = each.apply(again)
    for msg_type in (*served(spec, admin=False), *served(spec, admin=True)):
        assert again.messages[msg_type] == spec.messages[msg_type]
    assert (again.header, again.trailer) == (spec.header, spec.trailer)
    assert again.conditions == spec.conditions
    for each in files:
        for tag, field in each.fields.items():
            ours = spec.fields[tag]
            # QuickFIX's enumerations leave no room for other values.
            assert field == (replace(ours, values={}, others="") if ours.others else ours)


def test_only_what_is_asked_for_is_written() -> None:
    found = read_quickfix_xml(write_quickfix_xml(specification(FIX44), ["D", "8"]).encode())
    assert set(found.messages) == {*"A501243", "D", "8"}
    used = {"98", "11", "150", "453", "523", "627", "10"}
    assert used <= found.fields.keys()
    assert not {"262", "847"} - {"847"} & found.fields.keys()
    assert STRICT[FIX44].spec.fields["54"] == found.fields["54"]


def test_what_cannot_be_written() -> None:
    with pytest.raises(ValueError, match=re.escape("MsgType(35) B: not served, allowed: A 5 0")):
        write_quickfix_xml(specification(FIX44), ["D", "B"])
    with pytest.raises(ValueError, match="two files"):
        write_quickfix_xml(specification(FIX50SP2), ["D", "A"])


def test_what_is_written_is_safe_text() -> None:
    spec = specification(FIX42)
    odd = Field("58", 'a"b&<c', "STRING", {'"<&': "'>"})
    text = write_quickfix_xml(replace(spec, fields={**spec.fields, "58": odd}), ["D"])
    assert read_quickfix_xml(text.encode()).fields["58"] == odd
