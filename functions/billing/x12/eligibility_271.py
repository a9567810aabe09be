"""Eligibility response, 271 (005010X279A1). What it means is read in `benefits_271`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .fields import (
    day,
    decimal,
    health_codes,
    loop,
    loops,
    periods,
    procedure_at,
    references,
    repeats,
    segments_of,
    text,
    texts,
)
from .loops import Loop
from .parties import Party

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from decimal import Decimal

    from .values import DatedPeriod, HealthCode, Procedure, Reference, Segment


class RequestValidation(Loop):
    """Why a request was refused or not understood (AAA)."""

    valid: str = text("AAA", 1)
    """AAA01: N the request is invalid, Y it is valid but cannot be answered."""
    reason: str | None = text("AAA", 3, default=None)
    """AAA03 reject reason: 42, 72, 75 and so on."""
    follow_up: str | None = text("AAA", 4, default=None)
    """AAA04: C correct and resubmit, N not allowed, P resubmit the original, R allowed, S do
    not resubmit, W wait 30 days, X wait 10 days, Y do not resubmit, an answer follows."""


class RelatedParty(Party, also=("LE",)):
    """Whom a statement also concerns (loop 2120): another payer, a primary care provider."""


class EligibilityInformation(Loop, also=("LS", "LE", "HSD", "III")):
    """One statement on benefits (loop 2110, EB)."""

    information: str = text("EB", 1)
    """EB01: 1 active, 6 inactive, A coinsurance, B copay, C deductible, G out of pocket …"""
    coverage_level: str | None = text("EB", 2, default=None)
    """EB02: IND, FAM, EMP …"""
    service_types: tuple[str, ...] = repeats("EB", 3)
    """EB03, repeating."""
    insurance_type: str | None = text("EB", 4, default=None)
    """EB04."""
    plan_description: str | None = text("EB", 5, default=None)
    """EB05."""
    time_period: str | None = text("EB", 6, default=None)
    """EB06: 23 calendar year, 29 remaining, 27 visit, 24 year to date, 32 lifetime …"""
    amount: Decimal | None = decimal("EB", 7, default=None)
    """EB07, money."""
    percent: Decimal | None = decimal("EB", 8, default=None)
    """EB08 as a fraction: 0.2 is 20 %."""
    quantity_qualifier: str | None = text("EB", 9, default=None)
    """EB09."""
    quantity: Decimal | None = decimal("EB", 10, default=None)
    """EB10."""
    authorization_required: str | None = text("EB", 11, default=None)
    """EB11: Y, N or U."""
    in_network: str | None = text("EB", 12, default=None)
    """EB12: Y in network, N out, W not applicable, U unknown."""
    procedure: Procedure | None = procedure_at("EB", 13, default=None)
    """EB13."""
    deliveries: tuple[Segment, ...] = segments_of("HSD")
    """HSD health care services delivery."""
    references: tuple[Reference, ...] = references()
    """REF segments."""
    periods: tuple[DatedPeriod, ...] = periods()
    """DTP segments of this statement; they take the place of the person's."""
    messages: tuple[str, ...] = texts("MSG", 1)
    """MSG01."""
    rejections: tuple[RequestValidation, ...] = loops(RequestValidation, "AAA", rank=1)
    """AAA of loop 2110."""
    related_parties: tuple[RelatedParty, ...] = loops(RelatedParty, "NM1", rank=2)
    """Loops 2120: other payer, primary care provider and so on."""


class ResponseParty(Party, also=("INS", "MPI", "III")):
    """The person or organization answered about (loops 2100A to 2100D)."""

    relationship: str | None = text("INS", 2, default=None)
    """INS02."""
    changed: str | None = text("INS", 3, default=None)
    """INS03: 001 when the payer changed what was sent."""
    change_reason: str | None = text("INS", 4, default=None)
    """INS04: 25 when identifying data was changed."""
    diagnoses: tuple[HealthCode, ...] = health_codes()
    """HI composites."""
    periods: tuple[DatedPeriod, ...] = periods()
    """DTP segments: 291 plan, 346 plan begin, 347 plan end, 307 eligibility …"""
    rejections: tuple[RequestValidation, ...] = loops(RequestValidation, "AAA", rank=1)
    """AAA of loop 2100."""


class ResponseDependent(Loop, also=("HL",)):
    """A dependent answered about (loop 2000D, HL*23)."""

    traces: tuple[Segment, ...] = segments_of("TRN")
    """TRN segments."""
    party: ResponseParty | None = loop(ResponseParty, "NM1", rank=1, default=None)
    """Loop 2100D."""
    benefits: tuple[EligibilityInformation, ...] = loops(EligibilityInformation, "EB", rank=2)
    """Loops 2110D."""


class ResponseSubscriber(Loop, also=("HL",)):
    """A subscriber answered about (loop 2000C, HL*22)."""

    traces: tuple[Segment, ...] = segments_of("TRN")
    """TRN segments."""
    party: ResponseParty | None = loop(ResponseParty, "NM1", rank=1, default=None)
    """Loop 2100C."""
    benefits: tuple[EligibilityInformation, ...] = loops(EligibilityInformation, "EB", rank=2)
    """Loops 2110C."""
    dependents: tuple[ResponseDependent, ...] = loops(ResponseDependent, "HL", (3, "23"), rank=3)
    """Loops 2000D."""


class ResponseReceiver(Loop, also=("HL",)):
    """The provider who asked (loop 2000B, HL*21)."""

    provider: ResponseParty | None = loop(ResponseParty, "NM1", rank=1, default=None)
    """Loop 2100B."""
    subscribers: tuple[ResponseSubscriber, ...] = loops(ResponseSubscriber, "HL", (3, "22"), rank=2)
    """Loops 2000C."""


class ResponseSource(Loop, also=("HL",)):
    """The payer that answers (loop 2000A, HL*20)."""

    rejections: tuple[RequestValidation, ...] = loops(RequestValidation, "AAA", rank=1)
    """AAA of loop 2000A: the payer cannot be reached, for instance."""
    payer: ResponseParty | None = loop(ResponseParty, "NM1", rank=2, default=None)
    """Loop 2100A."""
    receivers: tuple[ResponseReceiver, ...] = loops(ResponseReceiver, "HL", (3, "21"), rank=3)
    """Loops 2000B."""


class EligibilityResponse(Loop):
    """A 271 transaction between ST and SE (005010X279A1)."""

    kind: ClassVar[str] = "271"
    version: ClassVar[str] = "005010X279A1"
    _levels = ("20", "21", "22", "23")

    structure: str = text("BHT", 1, default="0022")
    """BHT01."""
    purpose: str = text("BHT", 2, default="11")
    """BHT02: 11 response."""
    reference: str | None = text("BHT", 3, default=None)
    """BHT03, the 270's."""
    created_on: date = day("BHT", 4)
    """BHT04."""
    created_at: str = text("BHT", 5)
    """BHT05."""
    sources: tuple[ResponseSource, ...] = loops(ResponseSource, "HL", (3, "20"), rank=1)
    """Loops 2000A."""

    def people(self) -> Iterator[ResponseSubscriber | ResponseDependent]:
        """Give each subscriber and dependent, in the order of the file."""
        for source in self.sources:
            for receiver in source.receivers:
                for subscriber in receiver.subscribers:
                    yield subscriber
                    yield from subscriber.dependents
