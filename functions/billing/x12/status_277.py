"""Claim status response, 277 (005010X212), and claim acknowledgement, 277CA (005010X214)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .fields import (
    amounts,
    cents,
    day,
    decimal,
    loop,
    loops,
    period,
    periods,
    procedure_at,
    quantities,
    references,
    statuses,
    text,
)
from .loops import Loop
from .parties import Party

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from decimal import Decimal

    from .values import (
        DatedPeriod,
        Period,
        Procedure,
        QualifiedAmount,
        QualifiedQuantity,
        Reference,
        StatusInformation,
    )


class LineStatus(Loop):
    """What is said of one service (loop 2220, SVC)."""

    procedure: Procedure = procedure_at("SVC", 1)
    """SVC01."""
    charge_cents: int | None = cents("SVC", 2, default=None)
    """SVC02."""
    paid_cents: int | None = cents("SVC", 3, default=None)
    """SVC03 (277 only)."""
    revenue_code: str | None = text("SVC", 4, default=None)
    """SVC04."""
    units: Decimal | None = decimal("SVC", 7, default=None)
    """SVC07."""
    statuses: tuple[StatusInformation, ...] = statuses()
    """STC segments."""
    line_control_number: str | None = text("REF", 2, where=(1, "FJ"), default=None)
    """REF*FJ."""
    references: tuple[Reference, ...] = references()
    """Other REF segments."""
    service_period: Period | None = period("472", default=None)
    """DTP*472."""


class ClaimStatus(Loop):
    """What is said of one claim (loop 2200D or 2200E, TRN)."""

    trace_type: str = text("TRN", 1, default="2")
    """TRN01."""
    trace_number: str = text("TRN", 2)
    """TRN02: in a 277CA the patient control number (CLM01), in a 277 the 276's trace."""
    statuses: tuple[StatusInformation, ...] = statuses()
    """STC segments."""
    payer_claim_control_number: str | None = text("REF", 2, where=(1, "1K"), default=None)
    """REF*1K, once the claim is in the payer's system."""
    control_number: str | None = text("REF", 2, where=(1, "EJ"), default=None)
    """REF*EJ patient control number (277)."""
    clearinghouse_trace: str | None = text("REF", 2, where=(1, "D9"), default=None)
    """REF*D9."""
    bill_type: str | None = text("REF", 2, where=(1, "BLT"), default=None)
    """REF*BLT."""
    references: tuple[Reference, ...] = references()
    """Other REF segments."""
    service_period: Period | None = period("472", default=None)
    """DTP*472."""
    lines: tuple[LineStatus, ...] = loops(LineStatus, "SVC")
    """Loops 2220."""


class TracedStatus(Loop):
    """What is said at a level above the claims (loop 2200A, 2200B or 2200C, TRN)."""

    trace_type: str | None = text("TRN", 1, default=None)
    """TRN01."""
    trace_number: str | None = text("TRN", 2, default=None)
    """TRN02: at the receiver's level of a 277CA the batch (BHT03 of the 837)."""
    statuses: tuple[StatusInformation, ...] = statuses()
    """STC segments."""
    references: tuple[Reference, ...] = references()
    """REF segments."""
    periods: tuple[DatedPeriod, ...] = periods()
    """DTP segments: 050 received, 009 processed."""
    quantities: tuple[QualifiedQuantity, ...] = quantities()
    """QTY: 90 or QA accepted, AA or QC rejected."""
    amounts: tuple[QualifiedAmount, ...] = amounts()
    """AMT: YU accepted, YY rejected."""


class StatusDependent(Loop, also=("HL", "DMG")):
    """A dependent and the claims (loop 2000E, HL*23)."""

    party: Party | None = loop(Party, "NM1", rank=1, default=None)
    """Loop 2100E."""
    claims: tuple[ClaimStatus, ...] = loops(ClaimStatus, "TRN", rank=2)
    """Loops 2200E."""


class StatusSubscriber(Loop, also=("HL", "DMG")):
    """A subscriber and the claims (loop 2000D, HL*22)."""

    party: Party | None = loop(Party, "NM1", rank=1, default=None)
    """Loop 2100D."""
    claims: tuple[ClaimStatus, ...] = loops(ClaimStatus, "TRN", rank=2)
    """Loops 2200D."""
    dependents: tuple[StatusDependent, ...] = loops(StatusDependent, "HL", (3, "23"), rank=3)
    """Loops 2000E."""


class StatusProvider(Loop, also=("HL",)):
    """The provider (loop 2000C, HL*19)."""

    provider: Party | None = loop(Party, "NM1", rank=1, default=None)
    """Loop 2100C."""
    status: TracedStatus | None = loop(TracedStatus, "TRN", rank=2, default=None)
    """Loop 2200C."""
    subscribers: tuple[StatusSubscriber, ...] = loops(
        StatusSubscriber, "HL", (3, ("22", "PT")), rank=3
    )
    """Loops 2000D."""


class StatusReceiver(Loop, also=("HL",)):
    """Who submitted or asked (loop 2000B, HL*21)."""

    receiver: Party | None = loop(Party, "NM1", rank=1, default=None)
    """Loop 2100B."""
    status: TracedStatus | None = loop(TracedStatus, "TRN", rank=2, default=None)
    """Loop 2200B."""
    providers: tuple[StatusProvider, ...] = loops(StatusProvider, "HL", (3, "19"), rank=3)
    """Loops 2000C."""


class StatusSource(Loop, also=("HL",)):
    """Who answers (loop 2000A, HL*20)."""

    payer: Party | None = loop(Party, "NM1", rank=1, default=None)
    """Loop 2100A."""
    status: TracedStatus | None = loop(TracedStatus, "TRN", rank=2, default=None)
    """Loop 2200A: when the batch was received and processed."""
    receivers: tuple[StatusReceiver, ...] = loops(StatusReceiver, "HL", (3, "21"), rank=3)
    """Loops 2000B."""


class _StatusTransaction(Loop):
    """What the 277 and the 277CA share."""

    _last_level_says_children = False

    reference: str = text("BHT", 3)
    """BHT03."""
    created_on: date = day("BHT", 4)
    """BHT04."""
    created_at: str = text("BHT", 5)
    """BHT05."""
    type: str | None = text("BHT", 6, default=None)
    """BHT06: DG response, TH acknowledgement."""
    sources: tuple[StatusSource, ...] = loops(StatusSource, "HL", (3, "20"), rank=1)
    """Loops 2000A."""

    def claims(self) -> Iterator[ClaimStatus]:
        """Give each claim's status, in the order of the file."""
        for source in self.sources:
            for receiver in source.receivers:
                for provider in receiver.providers:
                    for subscriber in provider.subscribers:
                        yield from subscriber.claims
                        for dependent in subscriber.dependents:
                            yield from dependent.claims


class StatusResponse(_StatusTransaction):
    """A 277 transaction between ST and SE (005010X212)."""

    kind: ClassVar[str] = "277"
    version: ClassVar[str] = "005010X212"
    _levels = ("20", "21", "19", "22", "23")

    structure: str = text("BHT", 1, default="0010")
    """BHT01."""
    purpose: str = text("BHT", 2, default="08")
    """BHT02: 08 status."""


class ClaimAcknowledgement(_StatusTransaction):
    """A 277CA transaction between ST and SE (005010X214)."""

    kind: ClassVar[str] = "277CA"
    version: ClassVar[str] = "005010X214"
    _levels = ("20", "21", "19", "PT")
    _level_aliases: ClassVar[dict[str, str]] = {"22": "PT"}

    structure: str = text("BHT", 1, default="0085")
    """BHT01."""
    purpose: str = text("BHT", 2, default="08")
    """BHT02: 08 status."""
