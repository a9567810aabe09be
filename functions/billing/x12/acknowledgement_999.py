"""Implementation acknowledgement, 999 (005010X231A1), and interchange acknowledgement, TA1."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .fields import day, integer, loops, segments_of, text
from .loops import Loop

if TYPE_CHECKING:
    from datetime import date

    from .values import Segment


class ElementError(Loop):
    """What is wrong with an element (IK4)."""

    element: int | None = integer("IK4", 1, 1, default=None)
    """IK401-1, position of the element in the segment."""
    component: int | None = integer("IK4", 1, 2, default=None)
    """IK401-2."""
    repetition: int | None = integer("IK4", 1, 3, default=None)
    """IK401-3."""
    element_reference: str | None = text("IK4", 2, default=None)
    """IK402, data element number."""
    code: str = text("IK4", 3)
    """IK403: 1 mandatory element missing, 7 invalid code, I10 not used and so on."""
    bad_value: str | None = text("IK4", 4, default=None)
    """IK404, a copy of the bad value: may be personal data."""
    contexts: tuple[Segment, ...] = segments_of("CTX")
    """CTX segments."""


class SegmentError(Loop):
    """What is wrong with a segment (IK3)."""

    segment: str = text("IK3", 1)
    """IK301, the segment's letters."""
    position: int | None = integer("IK3", 2, default=None)
    """IK302, its position in the transaction, ST being 1."""
    loop: str | None = text("IK3", 3, default=None)
    """IK303, loop identifier."""
    code: str | None = text("IK3", 4, default=None)
    """IK304: 3 required segment missing, 8 has element errors, I6 … and so on."""
    contexts: tuple[Segment, ...] = segments_of("CTX")
    """CTX segments: the business unit, such as ``CLM01:…``, and situational triggers."""
    elements: tuple[ElementError, ...] = loops(ElementError, "IK4")
    """Loops 2110."""


class TransactionAcknowledgement(Loop, tail=("IK5",)):
    """What became of one transaction (loop 2000, AK2 to IK5)."""

    transaction_set: str = text("AK2", 1)
    """AK201: 837."""
    control_number: str = text("AK2", 2)
    """AK202: ST02 of the transaction acknowledged."""
    version: str | None = text("AK2", 3, default=None)
    """AK203: ST03."""
    result: str = text("IK5", 1)
    """IK501: A accepted, E accepted with errors, R rejected, M, W, X rejected for security."""
    error_1: str | None = text("IK5", 2, default=None)
    """IK502 to IK506: 3 SE02 differs from ST02, 4 segment count, 5 segments in error …"""
    error_2: str | None = text("IK5", 3, default=None)
    """IK503."""
    error_3: str | None = text("IK5", 4, default=None)
    """IK504."""
    error_4: str | None = text("IK5", 5, default=None)
    """IK505."""
    error_5: str | None = text("IK5", 6, default=None)
    """IK506."""
    segments_in_error: tuple[SegmentError, ...] = loops(SegmentError, "IK3")
    """Loops 2100."""


class ImplementationAcknowledgement(Loop, tail=("AK9",)):
    """A 999 transaction between ST and SE (005010X231A1)."""

    kind: ClassVar[str] = "999"
    version: ClassVar[str] = "005010X231A1"

    functional_id: str = text("AK1", 1)
    """AK101: GS01 of the group acknowledged (HC claims, HS eligibility …)."""
    group_control_number: str = text("AK1", 2)
    """AK102: GS06."""
    group_version: str | None = text("AK1", 3, default=None)
    """AK103: GS08."""
    result: str = text("AK9", 1)
    """AK901: A accepted, E accepted with errors, P partly accepted, R rejected, M, W, X."""
    included_count: int | None = integer("AK9", 2, default=None)
    """AK902, transactions said to be in the group (GE01)."""
    received_count: int | None = integer("AK9", 3, default=None)
    """AK903."""
    accepted_count: int | None = integer("AK9", 4, default=None)
    """AK904."""
    error_1: str | None = text("AK9", 5, default=None)
    """AK905 to AK909, errors of the group."""
    error_2: str | None = text("AK9", 6, default=None)
    """AK906."""
    error_3: str | None = text("AK9", 7, default=None)
    """AK907."""
    error_4: str | None = text("AK9", 8, default=None)
    """AK908."""
    error_5: str | None = text("AK9", 9, default=None)
    """AK909."""
    transactions: tuple[TransactionAcknowledgement, ...] = loops(TransactionAcknowledgement, "AK2")
    """Loops 2000."""


class InterchangeAcknowledgement(Loop):
    """A TA1 segment, which stands between ISA and the first GS."""

    kind: ClassVar[str] = "TA1"
    version: ClassVar[str] = ""

    control_number: str = text("TA1", 1)
    """TA101: ISA13 of the interchange acknowledged."""
    interchange_date: date = day("TA1", 2)
    """TA102: ISA09 of it."""
    interchange_time: str = text("TA1", 3)
    """TA103: ISA10 of it."""
    result: str = text("TA1", 4)
    """TA104: A accepted, E accepted with errors, R rejected."""
    note: str = text("TA1", 5)
    """TA105: 000 no error, 001 ISA13 and IEA02 differ, 021 group count and so on."""
