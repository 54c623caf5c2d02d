"""Whoever drives many machines asks again only those that were used."""

from __future__ import annotations

from router.fix.alarms import Alarms, earliest


class Machine:
    """Wants its tick at a time, and counts how often it is asked."""

    def __init__(self, at: int | None) -> None:
        self.at = at
        self.asked = 0

    def deadline(self) -> int | None:
        self.asked += 1
        return self.at


def alarms_of(*machines: Machine) -> Alarms[Machine]:
    alarms: Alarms[Machine] = Alarms()
    for each in machines:
        alarms.touch(each)
    return alarms


def test_the_first_alarm_is_the_earliest_of_all() -> None:
    assert alarms_of(Machine(30), Machine(10), Machine(None)).first() == 10
    assert alarms_of(Machine(None)).first() is None
    assert alarms_of().first() is None


def test_only_machines_that_were_used_are_asked_again() -> None:
    used, idle = Machine(30), Machine(20)
    alarms = alarms_of(used, idle)
    alarms.first()
    used.at = 10
    assert alarms.first() == 20
    alarms.touch(used)
    assert alarms.first() == 10
    assert (used.asked, idle.asked) == (2, 1)


def test_a_machine_may_ring_when_it_is_due_and_when_nobody_knows() -> None:
    machine = Machine(10)
    alarms = alarms_of(machine)
    assert alarms.may_ring(machine, 0)
    alarms.first()
    assert not alarms.may_ring(machine, 9)
    assert alarms.may_ring(machine, 10)


def test_a_machine_that_waits_for_nothing_does_not_ring() -> None:
    machine = Machine(None)
    alarms = alarms_of(machine)
    alarms.first()
    assert not alarms.may_ring(machine, 1 << 60)


def test_of_two_times_one_may_be_none() -> None:
    assert earliest(1, 2) == earliest(2, 1) == earliest(None, 1) == earliest(1, None) == 1
    assert earliest(None, None) is None
