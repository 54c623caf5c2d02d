"""What the kernel knows of its clock: adjtimex(2), only read. Not a command."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

TIME_ERROR = 5
"""The return value of a clock that nobody keeps."""
STA_NANO = 0x2000
"""The offset is in nanoseconds."""


class _Timex(ctypes.Structure):
    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("rest", ctypes.c_byte * 256),
    )


@dataclass(frozen=True, slots=True)
class KernelClock:
    """How the clock is kept."""

    synchronised: bool
    offset_s: float
    """What is still to be corrected."""
    error_s: float
    """The clock is not further from UTC than this, by whoever keeps it."""


def kernel_clock() -> KernelClock | None:
    """None where the kernel does not say, such as in some containers."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (AttributeError, OSError):
        return None
    told = _Timex()
    state = adjtimex(ctypes.byref(told))
    if state < 0:
        return None
    unit = 1e-9 if told.status & STA_NANO else 1e-6
    return KernelClock(state != TIME_ERROR, told.offset * unit, told.maxerror * 1e-6)
