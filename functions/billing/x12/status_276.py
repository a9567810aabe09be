"""Claim status inquiry, 276 (005010X212)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .fields import (
    cents,
    day,
    decimal,
    formatted_day,
    loop,
    loops,
    period,
    procedure_at,
    references,
    text,
)
from .loops import Loop
from .parties import Party

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from .values import Period, Procedure, Reference


class InquiredLine(Loop):
    """A service asked about (loop 2210, SVC)."""

    procedure: Procedure = procedure_at("SVC", 1)
    """SVC01."""
    charge_cents: int = cents("SVC", 2)
    """SVC02."""
    revenue_code: str | None = text("SVC", 4, default=None)
    """SVC04."""
    units: Decimal | None = decimal("SVC", 7, default=None)
    """SVC07."""
    line_control_number: str | None = text("REF", 2, where=(1, "FJ"), default=None)
    """REF*FJ."""
    service_period: Period | None = period("472", default=None)
    """DTP*472."""


class InquiredClaim(Loop):
    """A claim asked about (loop 2200, TRN)."""

    trace_type: str = text("TRN", 1, default="1")
    """TRN01."""
    trace_number: str = text("TRN", 2)
    """TRN02, returned in the 277."""
    payer_claim_control_number: str | None = text("REF", 2, where=(1, "1K"), default=None)
    """REF*1K."""
    bill_type: str | None = text("REF", 2, where=(1, "BLT"), default=None)
    """REF*BLT."""
    control_number: str | None = text("REF", 2, where=(1, "EJ"), default=None)
    """REF*EJ patient control number (CLM01)."""
    clearinghouse_trace: str | None = text("REF", 2, where=(1, "D9"), default=None)
    """REF*D9."""
    references: tuple[Reference, ...] = references()
    """Other REF segments."""
    charge_cents: int | None = cents("AMT", 2, where=(1, "T3"), default=None)
    """AMT*T3 total submitted charges."""
    service_period: Period | None = period("472", default=None)
    """DTP*472."""
    lines: tuple[InquiredLine, ...] = loops(InquiredLine, "SVC")
    """Loops 2210."""


class StatusInquiryDependent(Loop, also=("HL",)):
    """A dependent and the claims asked about (loop 2000E, HL*23)."""

    birth_date: date | None = formatted_day("DMG", 2)
    """DMG02."""
    sex: str | None = text("DMG", 3, default=None)
    """DMG03."""
    party: Party = loop(Party, "NM1", rank=1)
    """Loop 2100E, role QC."""
    claims: tuple[InquiredClaim, ...] = loops(InquiredClaim, "TRN", rank=2)
    """Loops 2200E."""


class StatusInquirySubscriber(Loop, also=("HL",)):
    """A subscriber and the claims asked about (loop 2000D, HL*22)."""

    birth_date: date | None = formatted_day("DMG", 2)
    """DMG02."""
    sex: str | None = text("DMG", 3, default=None)
    """DMG03."""
    party: Party = loop(Party, "NM1", rank=1)
    """Loop 2100D, role IL."""
    claims: tuple[InquiredClaim, ...] = loops(InquiredClaim, "TRN", rank=2)
    """Loops 2200D."""
    dependents: tuple[StatusInquiryDependent, ...] = loops(
        StatusInquiryDependent, "HL", (3, "23"), rank=3
    )
    """Loops 2000E."""


class StatusInquiryProvider(Loop, also=("HL",)):
    """The provider whose claims are meant (loop 2000C, HL*19)."""

    provider: Party = loop(Party, "NM1", rank=1)
    """Loop 2100C, role 1P."""
    subscribers: tuple[StatusInquirySubscriber, ...] = loops(
        StatusInquirySubscriber, "HL", (3, "22"), rank=2
    )
    """Loops 2000D."""


class StatusInquiryReceiver(Loop, also=("HL",)):
    """Who asks and receives the answer (loop 2000B, HL*21)."""

    receiver: Party = loop(Party, "NM1", rank=1)
    """Loop 2100B, role 41."""
    providers: tuple[StatusInquiryProvider, ...] = loops(
        StatusInquiryProvider, "HL", (3, "19"), rank=2
    )
    """Loops 2000C."""


class StatusInquirySource(Loop, also=("HL",)):
    """The payer asked (loop 2000A, HL*20)."""

    payer: Party = loop(Party, "NM1", rank=1)
    """Loop 2100A, role PR."""
    receivers: tuple[StatusInquiryReceiver, ...] = loops(
        StatusInquiryReceiver, "HL", (3, "21"), rank=2
    )
    """Loops 2000B."""


class StatusInquiry(Loop):
    """A 276 transaction between ST and SE (005010X212)."""

    kind: ClassVar[str] = "276"
    version: ClassVar[str] = "005010X212"
    _levels = ("20", "21", "19", "22", "23")
    _last_level_says_children = False

    structure: str = text("BHT", 1, default="0010")
    """BHT01."""
    purpose: str = text("BHT", 2, default="13")
    """BHT02: 13 request."""
    reference: str = text("BHT", 3)
    """BHT03."""
    created_on: date = day("BHT", 4)
    """BHT04."""
    created_at: str = text("BHT", 5)
    """BHT05."""
    sources: tuple[StatusInquirySource, ...] = loops(StatusInquirySource, "HL", (3, "20"), rank=1)
    """Loops 2000A."""
