"""Eligibility inquiry, 270 (005010X279A1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .fields import (
    cents,
    day,
    health_codes,
    loop,
    loops,
    period,
    periods,
    procedure_at,
    references,
    repeats,
    text,
)
from .loops import Loop
from .parties import Party

if TYPE_CHECKING:
    from datetime import date

    from .values import DatedPeriod, HealthCode, Period, Procedure, Reference


class EligibilityQuestion(Loop, also=("III",)):
    """What is asked (loop 2110, EQ)."""

    service_types: tuple[str, ...] = repeats("EQ", 1)
    """EQ01, repeating: 30 health benefit plan coverage, 98 office visit and so on."""
    procedure: Procedure | None = procedure_at("EQ", 2, default=None)
    """EQ02."""
    coverage_level: str | None = text("EQ", 3, default=None)
    """EQ03: IND, FAM."""
    spend_down_cents: int | None = cents("AMT", 2, where=(1, "R"), default=None)
    """AMT*R."""
    references: tuple[Reference, ...] = references()
    """REF segments: 9F referral, G1 prior authorization."""
    service_period: Period | None = period("291", default=None)
    """DTP*291, when it differs from the person's."""
    other_periods: tuple[DatedPeriod, ...] = periods()
    """Other DTP segments."""


class InquiredParty(Party, also=("INS",)):
    """The person asked about (loop 2100C or 2100D)."""

    birth_sequence: str | None = text("INS", 17, default=None)
    """INS17."""
    diagnoses: tuple[HealthCode, ...] = health_codes()
    """HI composites."""
    service_period: Period | None = period("291", default=None)
    """DTP*291: the day or days the question is about."""
    other_periods: tuple[DatedPeriod, ...] = periods()
    """Other DTP segments."""


class InquiryDependent(Loop, also=("HL",)):
    """A dependent asked about (loop 2000D, HL*23)."""

    trace_number: str | None = text("TRN", 2, beside=((1, "1"),), default=None)
    """TRN02, returned in the 271."""
    trace_originator: str | None = text("TRN", 3, default=None)
    """TRN03, ten characters."""
    trace_type: str | None = text("TRN", 1, default=None)
    """TRN01: 1."""
    party: InquiredParty = loop(InquiredParty, "NM1", rank=1)
    """Loop 2100D, role 03."""
    questions: tuple[EligibilityQuestion, ...] = loops(EligibilityQuestion, "EQ", rank=2)
    """Loops 2110D."""


class InquirySubscriber(Loop, also=("HL",)):
    """A subscriber asked about (loop 2000C, HL*22)."""

    trace_type: str | None = text("TRN", 1, default=None)
    """TRN01: 1."""
    trace_number: str | None = text("TRN", 2, beside=((1, "1"),), default=None)
    """TRN02, returned in the 271."""
    trace_originator: str | None = text("TRN", 3, default=None)
    """TRN03, ten characters."""
    party: InquiredParty = loop(InquiredParty, "NM1", rank=1)
    """Loop 2100C, role IL."""
    questions: tuple[EligibilityQuestion, ...] = loops(EligibilityQuestion, "EQ", rank=2)
    """Loops 2110C."""
    dependents: tuple[InquiryDependent, ...] = loops(InquiryDependent, "HL", (3, "23"), rank=3)
    """Loops 2000D."""


class InquiryReceiver(Loop, also=("HL",)):
    """The provider who asks (loop 2000B, HL*21)."""

    provider: Party = loop(Party, "NM1", rank=1)
    """Loop 2100B, role 1P."""
    subscribers: tuple[InquirySubscriber, ...] = loops(InquirySubscriber, "HL", (3, "22"), rank=2)
    """Loops 2000C."""


class InquirySource(Loop, also=("HL",)):
    """The payer asked (loop 2000A, HL*20)."""

    payer: Party = loop(Party, "NM1", rank=1)
    """Loop 2100A, role PR."""
    receivers: tuple[InquiryReceiver, ...] = loops(InquiryReceiver, "HL", (3, "21"), rank=2)
    """Loops 2000B."""


class EligibilityInquiry(Loop):
    """A 270 transaction between ST and SE (005010X279A1)."""

    kind: ClassVar[str] = "270"
    version: ClassVar[str] = "005010X279A1"
    _levels = ("20", "21", "22", "23")

    structure: str = text("BHT", 1, default="0022")
    """BHT01."""
    purpose: str = text("BHT", 2, default="13")
    """BHT02: 13 request, 01 cancellation."""
    reference: str | None = text("BHT", 3, default=None)
    """BHT03, returned in the 271's BHT03 for real-time inquiries."""
    created_on: date = day("BHT", 4)
    """BHT04."""
    created_at: str = text("BHT", 5)
    """BHT05, HHMM."""
    sources: tuple[InquirySource, ...] = loops(InquirySource, "HL", (3, "20"), rank=1)
    """Loops 2000A."""
