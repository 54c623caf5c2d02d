"""The oracle complains: one history for each thing that must not be."""

from __future__ import annotations

import pytest

from router.simulation.houses import START
from router.simulation.kills import Kill
from router.simulation.oracle import Oracle
from router.simulation.reading import MS, Broken, read
from venues.audit import AuditKind, AuditRecord, MemoryAudit

T = "20260105-14:30:01.000"
CHILD = f"11=C1|1=ACC|55=ACME|54=1|60={T}|38=100|40=2|44=50.01|59=3"
FILL = "37=P1|11=X|17=LIT_A.20260105.1.2|150=F|39=1|38=300|32=100|31=50.00|30=LIT_A|151=200|14=100"


class History:
    """An oracle with one order for 300 shares at 50.01 or less, and what may happen to it."""

    def __init__(self) -> None:
        self.audit = MemoryAudit()
        self.now = START
        self.oracle = Oracle(self.audit, lambda: self.now)
        self.oracle.ordered("OMS", "X", "ACC", "1", 300, 5_001_000_000)
        self._next: dict[str, int] = {}

    def frame(
        self, target: str, msg_type: str, body: str, *, seq: int = 0, header: str = ""
    ) -> bytes:
        """A frame of ours; without a number it has the next."""
        if not seq:
            seq = self._next[target] = self._next.get(target, 0) + 1
        text = f"8=FIX.4.4|9=1|35={msg_type}|34={seq}|{header}49=SLUICE|52={T}|56={target}|{body}|"
        return text.replace("|", "\x01").encode() + b"10=000\x01"

    def send(self, target: str, msg_type: str, body: str, *, seq: int = 0) -> None:
        """Journal a frame and let it leave."""
        data = self.frame(target, msg_type, body, seq=seq)
        self.oracle.durable(data)
        self.oracle.left(target, 1, data)

    def child(self, body: str = CHILD, mic: str = "LIT_A") -> None:
        """Send a child."""
        self.send(mic, "D", body)

    def venue(
        self,
        kind: str = "0",
        cl_ord_id: str = "C1",
        *,
        leaves: int = 100,
        cum: int = 0,
        exec_id: str = "",
        ref: str = "",
    ) -> None:
        """A venue takes a child of 100 shares, or fills it all at 50.00, or takes that back."""
        if kind == "0":
            self.audit.note(
                AuditRecord(
                    AuditKind.RECEIVED, "LIT_A", START, msg_type="D", cl_ord_id=cl_ord_id, qty=100
                )
            )
        self.audit.note(
            AuditRecord(
                AuditKind.EXECUTION,
                "LIT_A",
                START,
                cl_ord_id=cl_ord_id,
                order_id=f"V{cl_ord_id}",
                exec_id=exec_id or ("1.2" if kind == "F" else "1.1"),
                exec_ref_id=ref,
                exec_type=kind,
                order_qty=100,
                cum_qty=cum,
                leaves_qty=leaves,
                qty=cum if kind == "F" else 0,
                px=5_000_000_000 if kind == "F" else None,
            )
        )
        self.oracle.heed()

    def fill(self) -> None:
        """The venue fills the child, and the OMS is told."""
        self.venue("F", leaves=0, cum=100)
        self.tell(FILL)

    def tell(self, body: str) -> None:
        """A report leaves and reaches the OMS."""
        self.send("OMS", "8", body)
        self.oracle.told("OMS", read(self.frame("OMS", "8", body, seq=self._next["OMS"])))


@pytest.fixture
def history() -> History:
    return History()


def test_a_history_in_order_is_no_offence(history: History) -> None:
    history.tell("37=P1|11=X|17=R1|150=0|39=0|38=300|151=300|14=0|6=0")
    history.child()
    history.venue()
    history.fill()
    history.tell("37=P1|11=X|17=R2|150=4|39=4|38=300|151=0|14=100|6=50.00")
    history.oracle.agree()
    assert history.oracle.open_accounts() == []


def test_a_frame_that_leaves_before_it_is_on_the_disk(history: History) -> None:
    with pytest.raises(Broken, match="I3"):
        history.oracle.left("LIT_A", 1, history.frame("LIT_A", "D", CHILD))


def test_a_number_that_is_left_out(history: History) -> None:
    history.send("LIT_A", "0", "112=a")
    with pytest.raises(Broken, match="I6"):
        history.send("LIT_A", "0", "112=b", seq=3)


def test_a_number_with_other_content(history: History) -> None:
    history.send("LIT_A", "0", "112=a")
    with pytest.raises(Broken, match="I6"):
        history.oracle.durable(history.frame("LIT_A", "0", "112=b", seq=1))


def begun_again(history: History) -> None:
    """The OMS wants its numbers to begin again; our Logon says that they do."""
    history.oracle.outbound.resets.add("OMS")
    history.oracle.durable(history.frame("OMS", "A", "141=Y", seq=1))


def test_what_is_told_again_after_a_reset_is_what_was_told(history: History) -> None:
    history.child()
    history.venue()
    history.fill()
    begun_again(history)
    history.oracle.durable(history.frame("OMS", "8", FILL, seq=2, header="97=Y|"))
    other = history.frame("OMS", "8", FILL.replace("32=100", "32=101"), seq=3, header="97=Y|")
    with pytest.raises(Broken, match="I2"):
        history.oracle.durable(other)


def test_what_is_told_again_without_a_reset(history: History) -> None:
    history.child()
    history.venue()
    history.fill()
    with pytest.raises(Broken, match="I2"):
        history.oracle.durable(history.frame("OMS", "8", FILL, seq=2, header="97=Y|"))


def test_a_number_again_on_another_connection(history: History) -> None:
    history.send("LIT_A", "0", "112=a")
    with pytest.raises(Broken, match="I6"):
        history.oracle.left("LIT_A", 2, history.frame("LIT_A", "0", "112=a", seq=1))


def test_a_last_cancel_of_an_order_that_was_recorded_while_its_line_was_down(
    history: History,
) -> None:
    """It has not left, and the node cannot know that (seed 45493)."""
    history.send("LIT_A", "A", "98=0|108=30")
    history.oracle.durable(history.frame("LIT_A", "D", CHILD, seq=2))
    history.oracle.last_word("LIT_A", 1, history.frame("LIT_A", "4", "36=3|123=Y", seq=2))
    history.oracle.last_word("LIT_A", 1, history.frame("LIT_A", "F", "11=C2|41=C1", seq=3))


def test_a_last_cancel_of_an_order_that_is_on_no_disk(history: History) -> None:
    history.send("LIT_A", "A", "98=0|108=30")
    with pytest.raises(Broken, match="I3"):
        history.oracle.last_word("LIT_A", 1, history.frame("LIT_A", "F", "11=C2|41=C1"))


@pytest.mark.parametrize(("forgotten", "msg_type"), [(True, "A"), (False, "A"), (True, "0")])
def test_a_number_of_last_words_again(history: History, forgotten: bool, msg_type: str) -> None:
    """A Logon may try it, if the power has taken the word that it was spent; nothing else may."""
    history.send("LIT_A", "A", "98=0|108=30")
    history.child()
    history.venue()
    history.oracle.last_word("LIT_A", 1, history.frame("LIT_A", "F", "11=C2|41=C1"))
    if forgotten:
        history.oracle.outbound.forgotten()
    again = history.frame("LIT_A", msg_type, "98=0|108=30", seq=3)
    history.oracle.durable(again)
    if forgotten and msg_type == "A":
        history.oracle.left("LIT_A", 2, again)
    else:
        with pytest.raises(Broken, match="I6"):
            history.oracle.left("LIT_A", 2, again)


def test_a_report_that_is_passed_over(history: History) -> None:
    history.tell("37=P1|11=X|17=R1|150=0|39=0|38=300|151=300|14=0|6=0")
    gap_fill = history.frame("OMS", "4", "36=2|123=Y", seq=1, header="43=Y|")
    with pytest.raises(Broken, match="I2"):
        history.oracle.left("OMS", 1, gap_fill)


@pytest.mark.parametrize(
    ("change", "into"),
    [("44=50.01", "44=50.02"), ("38=100", "38=400"), ("54=1", "54=2"), ("1=ACC", "1=OTHER")],
)
def test_a_child_that_nobody_has_asked_for(history: History, change: str, into: str) -> None:
    with pytest.raises(Broken, match="I7"):
        history.child(CHILD.replace(change, into))


@pytest.mark.parametrize(("scope", "value"), [("all", ""), ("account", "ACC"), ("venue", "LIT_A")])
def test_a_child_in_spite_of_a_kill(history: History, scope: str, value: str) -> None:
    history.oracle.kills.told("K1", Kill(scope, value, since=START), {1})
    with pytest.raises(Broken, match="I8"):
        history.child()


def test_a_child_that_is_sent_again_to_a_venue_that_takes_none_twice(history: History) -> None:
    history.child()
    again = history.frame("LIT_A", "D", CHILD, seq=1, header="43=Y|")
    history.oracle.left("LIT_A", 1, again)
    history.oracle.never_again = {"LIT_A"}
    with pytest.raises(Broken, match="stale"):
        history.oracle.left("LIT_A", 1, again)


def test_a_child_under_a_used_name(history: History) -> None:
    history.child()
    with pytest.raises(Broken, match="I3"):
        history.child()


def test_an_old_order_that_is_sent_again(history: History) -> None:
    history.child()
    history.now += 2_001 * MS
    stale = history.frame("LIT_A", "D", CHILD, seq=1, header="43=Y|122=20260105-14:29:59.000|")
    with pytest.raises(Broken, match="stale"):
        history.oracle.left("LIT_A", 1, stale)


@pytest.mark.parametrize("answer", ["", "I", "6", "9"])
def test_a_child_before_its_venue_was_asked_about_what_is_open(
    history: History, answer: str
) -> None:
    """A status, or what comes of a cancel, which is the question to who answers no others."""
    history.child()
    history.venue()
    again = history.frame("LIT_A", "A", "98=0|108=30")
    history.oracle.durable(again)
    history.oracle.left("LIT_A", 2, again)
    data = history.frame("LIT_A", "D", CHILD.replace("C1", "C2"))
    history.oracle.durable(data)
    if answer == "9":
        history.audit.note(
            AuditRecord(AuditKind.CANCEL_REJECT, "LIT_A", START, order_id="VC1", cl_ord_id="F1")
        )
        history.oracle.heed()
    elif answer:
        history.venue(answer, exec_id="1.2")
    if answer:
        history.oracle.left("LIT_A", 2, data)
        return
    with pytest.raises(Broken, match="reconcile"):
        history.oracle.left("LIT_A", 2, data)


@pytest.mark.parametrize("header", ["", "43=Y|122=20260105-14:29:59.000|"])
def test_an_order_that_is_acknowledged_after_the_logon_is_known(
    history: History, header: str
) -> None:
    """Not so by what is sent again: it says what was."""
    history.child()
    history.venue()
    again = history.frame("LIT_A", "A", "98=0|108=30")
    history.oracle.durable(again)
    history.oracle.left("LIT_A", 2, again)
    told = f"8=FIX.4.4|9=1|35=8|34=5|{header}49=LIT_A|52={T}|56=SLUICE|37=VC1|11=C1|17=1.1|150=0|"
    history.oracle.durable(told.replace("|", "\x01").encode() + b"10=000\x01")
    data = history.frame("LIT_A", "D", CHILD.replace("C1", "C2"))
    history.oracle.durable(data)
    if not header:
        history.oracle.left("LIT_A", 2, data)
        return
    with pytest.raises(Broken, match="reconcile"):
        history.oracle.left("LIT_A", 2, data)


def test_an_order_at_a_venue_that_has_never_left(history: History) -> None:
    with pytest.raises(Broken, match="I3"):
        history.venue()


def test_an_order_at_a_venue_twice(history: History) -> None:
    history.child()
    history.venue()
    with pytest.raises(Broken, match="I3"):
        history.venue()


def test_more_at_venues_than_was_ordered(history: History) -> None:
    for number in range(1, 5):
        history.child(CHILD.replace("C1", f"C{number}"))
    for number in range(1, 4):
        history.venue(cl_ord_id=f"C{number}")
    with pytest.raises(Broken, match="I1"):
        history.venue(cl_ord_id="C4")


def test_an_end_that_is_told_while_a_child_is_alive(history: History) -> None:
    history.child()
    history.venue()
    with pytest.raises(Broken, match="I1"):
        history.tell("37=P1|11=X|17=R2|150=4|39=4|38=300|151=0|14=0|6=0")


@pytest.mark.parametrize(
    ("change", "into"),
    [("31=50.00", "31=50.01"), ("32=100", "32=99"), ("1.2", "1.3"), ("30=LIT_A", "30=LIT_B")],
)
def test_an_execution_that_no_venue_has_made(history: History, change: str, into: str) -> None:
    history.child()
    history.venue()
    history.venue("F", leaves=0, cum=100)
    with pytest.raises(Broken, match="I2"):
        history.tell(FILL.replace(change, into))


def test_an_execution_that_is_told_twice_with_other_content(history: History) -> None:
    history.child()
    history.venue()
    history.fill()
    with pytest.raises(Broken, match="I2"):
        history.tell(FILL.replace("151=200", "151=100"))


def test_an_execution_that_is_not_told(history: History) -> None:
    history.child()
    history.venue()
    history.venue("F", leaves=0, cum=100)
    with pytest.raises(Broken, match="I2"):
        history.oracle.agree()


def test_cum_qty_that_falls(history: History) -> None:
    history.child()
    history.venue()
    history.fill()
    with pytest.raises(Broken, match="I5"):
        history.tell("37=P1|11=X|17=R2|150=4|39=4|38=300|151=0|14=0|6=0")


BUST = "37=P1|11=X|17=LIT_A.20260105.1.3|19=LIT_A.20260105.1.2|150=H|39=0|38=300|151=300|14=0|6=0"
END = "37=P1|11=X|17=R2|150=4|39=4|38=300|151=0|14=0|6=0"


def bust(history: History) -> None:
    """A venue fills a child, and takes that back."""
    history.child()
    history.venue()
    history.fill()
    history.venue("H", exec_id="1.3", ref="1.2", leaves=0)


def test_a_fill_that_is_taken_back_is_no_offence(history: History) -> None:
    bust(history)
    history.tell(BUST)
    history.tell(END)
    history.oracle.agree()


def heard(history: History, told: str) -> None:
    """A report of the child reaches the node."""
    text = f"8=FIX.4.4|9=1|35=8|34=1|49=LIT_A|52={T}|56=SLUICE|37=VC1|11=C1|{told}|10=000|"
    history.oracle.durable(text.replace("|", "\x01").encode())


def a_bust_opens_the_child(history: History) -> None:
    """Of a fill whose child was over with it; the node hears of it."""
    history.venue("H", exec_id="1.3", ref="1.2", leaves=100)
    heard(history, "17=1.3|19=1.2|150=H|39=0|1=ACC|38=100|151=100|14=0|6=0")


def test_a_bust_that_opens_a_child_of_an_order_that_is_over_leaves_it_over(
    history: History,
) -> None:
    history.child()
    history.venue()
    history.fill()
    history.tell(END.replace("14=0|6=0", "14=100|6=50.00"))
    a_bust_opens_the_child(history)
    history.tell(BUST.replace("39=0", "39=4").replace("151=300", "151=0"))


def test_an_order_is_not_over_while_a_bust_has_opened_its_child(history: History) -> None:
    history.child()
    history.venue()
    history.fill()
    a_bust_opens_the_child(history)
    history.tell(BUST)
    with pytest.raises(Broken, match="I1"):
        history.tell(END)


def test_a_bust_that_is_not_told(history: History) -> None:
    bust(history)
    history.tell(END.replace("14=0|6=0", "14=100|6=50.00"))
    with pytest.raises(Broken, match="I2"):
        history.oracle.agree()


def test_a_bust_that_no_venue_has_made(history: History) -> None:
    history.child()
    history.venue()
    history.fill()
    with pytest.raises(Broken, match="I2"):
        history.tell(BUST)


def test_a_bust_of_an_execution_that_was_not_told(history: History) -> None:
    bust(history)
    history.tell(BUST.replace("19=LIT_A.20260105.1.2", "19=LIT_A.20260105.1.9"))
    history.tell(END)
    with pytest.raises(Broken, match="I2"):
        history.oracle.agree()


OVER = FILL.replace("39=1", "39=2").replace("151=200|14=100", "151=0|14=400").replace("1.2", "1.4")


def over_fill(history: History) -> None:
    """A venue fills a child once more, when it is done; now the order has too much."""
    history.child()
    history.venue()
    history.fill()
    history.venue("F", exec_id="1.4", leaves=0, cum=400)
    history.oracle.executions["LIT_A", "1.4"] = ("ACC", 100, 5_000_000_000)
    history.tell(OVER)


def test_an_over_fill_is_no_offence_of_the_router_s(history: History) -> None:
    over_fill(history)
    assert history.oracle.overdone.accounts == {"ACC"}


def test_more_shares_than_were_ordered_and_no_venue_has_over_filled(history: History) -> None:
    history.child()
    history.venue()
    history.fill()
    with pytest.raises(Broken, match="I1"):
        history.tell(OVER)


def test_a_child_for_an_order_that_has_too_much(history: History) -> None:
    over_fill(history)
    with pytest.raises(Broken, match="frozen"):
        history.child(CHILD.replace("C1", "C2"))


LATE = "17=1.2|150=F|39=2|1=ACC|38=100|32=100|31=50.00|151=0|14=100|6=50.00"
"""The fill of the child, as its venue tells it."""


def a_fill_that_is_told_late(history: History, *, ended_with: int) -> None:
    """A venue fills the child, tells its end with so many shares, and then of the fill."""
    history.child()
    history.venue()
    history.venue("F", leaves=0, cum=100)
    heard(history, f"17=1.4|150=4|39=4|1=ACC|38=100|151=0|14={ended_with}|6=0")
    heard(history, LATE)


def test_an_order_whose_venue_has_left_a_fill_out_at_the_end_may_get_too_much(
    history: History,
) -> None:
    """What it had left open was sent elsewhere by then (seed 66842)."""
    a_fill_that_is_told_late(history, ended_with=0)
    history.oracle.executions["LIT_A", "1.4"] = ("ACC", 100, 5_000_000_000)
    history.tell(OVER)


def test_a_late_fill_that_the_end_has_counted_excuses_nothing(history: History) -> None:
    a_fill_that_is_told_late(history, ended_with=100)
    history.oracle.executions["LIT_A", "1.4"] = ("ACC", 100, 5_000_000_000)
    with pytest.raises(Broken, match="I1"):
        history.tell(OVER)


def test_a_fill_that_is_told_twice_excuses_nothing(history: History) -> None:
    a_fill_that_is_told_late(history, ended_with=100)
    heard(history, LATE)
    with pytest.raises(Broken, match="I1"):
        history.tell(OVER)


def test_a_child_that_a_bust_has_opened_may_be_filled_again(history: History) -> None:
    """And the router is held to what it sends, as before."""
    history.child()
    history.venue()
    heard(history, LATE)
    heard(history, "17=1.3|19=1.2|150=H|39=0|1=ACC|38=100|151=100|14=0|6=0")
    heard(history, LATE.replace("17=1.2", "17=1.5"))
    assert history.oracle.overdone.accounts == set()


def test_of_two_like_orders_the_one_that_a_venue_has_lost_is_forgotten(history: History) -> None:
    for number in (1, 2):
        history.child(CHILD.replace("C1", f"C{number}"))
        history.venue(cl_ord_id=f"C{number}")
    history.audit.note(AuditRecord(AuditKind.LOST, "LIT_A", START, cl_ord_id="C2", order_id="VC2"))
    history.venue("4", leaves=0)
    history.tell(END)


def test_an_average_price_that_is_not_the_average(history: History) -> None:
    history.child()
    history.venue()
    history.fill()
    history.tell("37=P1|11=X|17=R2|150=4|39=4|38=300|151=0|14=100|6=50.01")
    with pytest.raises(Broken, match="I5"):
        history.oracle.agree()


def test_an_order_that_becomes_two(history: History) -> None:
    history.tell("37=P1|11=X|17=R1|150=0|39=0|38=300|151=300|14=0|6=0")
    with pytest.raises(Broken, match="I2"):
        history.tell("37=P2|11=X|17=R2|150=0|39=0|38=300|151=300|14=0|6=0")
