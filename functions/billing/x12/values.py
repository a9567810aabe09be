"""Small values that several segments share: a procedure, an adjustment, a period, a reference.

They are named tuples: unchangeable, and made and imported at a fraction of what frozen dataclasses
cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .amounts import cents_of

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal


class Segment(NamedTuple):
    """A segment cut into elements, for whatever no named field covers.

    Attributes
    ----------
    id
        The segment's letters, ``REF``.
    elements
        ``elements[0]`` is element 01; composites are kept as written.
    """

    id: str
    elements: tuple[str, ...]

    def element(self, number: int) -> str:
        """Give element ``number`` (1 for 01), or ``""`` when absent."""
        return self.elements[number - 1] if 0 < number <= len(self.elements) else ""


class Procedure(NamedTuple):
    """A composite medical procedure identifier (SV101, SV202, SVC01, SVC06, SVD03, EB13).

    Attributes
    ----------
    qualifier
        Component 1, the code's list: HC (HCPCS and CPT), AD (dental), N4 (NDC), NU (revenue).
    code
        Component 2.
    modifiers
        Components 3 to 6, in order, none empty.
    description
        Component 7.
    code_end
        Component 8, the end of a range of codes.
    """

    qualifier: str
    code: str
    modifiers: tuple[str, ...] = ()
    description: str = ""
    code_end: str = ""


class Adjustment(NamedTuple):
    """One trio of a CAS segment: reason, amount, quantity, under the segment's group.

    A positive amount reduces what is paid, a negative one raises it.

    Attributes
    ----------
    group
        CAS01: CO, PR, OA or PI.
    reason
        Claim adjustment reason code: CAS02, 05, 08, 11, 14 or 17.
    amount
        CAS03, 06, 09, 12, 15 or 18, exact.
    quantity
        CAS04, 07, 10, 13, 16 or 19.
    """

    group: str
    reason: str
    amount: Decimal
    quantity: Decimal | None = None

    @property
    def amount_cents(self) -> int:
        """The amount in cents; raises ValueError when it has a fraction of a cent."""
        return cents_of(self.amount)


class Reference(NamedTuple):
    """A REF segment: qualifier (REF01), value (REF02) and description (REF03)."""

    qualifier: str
    value: str
    description: str = ""


class Period(NamedTuple):
    """A day or a span of days; a single day starts and ends on itself (D8 and RD8)."""

    start: date
    end: date


class DatedPeriod(NamedTuple):
    """A DTP segment: what the date means (DTP01) and the day or span of days (DTP03)."""

    qualifier: str
    period: Period


class Dated(NamedTuple):
    """A DTM segment: what the date means (DTM01) and the day (DTM02)."""

    qualifier: str
    day: date


class QualifiedAmount(NamedTuple):
    """An AMT segment: what the amount is (AMT01) and the amount (AMT02)."""

    qualifier: str
    amount: Decimal

    @property
    def amount_cents(self) -> int:
        """The amount in cents; raises ValueError when it has a fraction of a cent."""
        return cents_of(self.amount)


class QualifiedQuantity(NamedTuple):
    """A QTY segment: what is counted (QTY01) and how many (QTY02)."""

    qualifier: str
    quantity: Decimal


class Contact(NamedTuple):
    """A PER segment: function (PER01), name (PER02) and up to three (qualifier, number) pairs."""

    function: str
    name: str = ""
    numbers: tuple[tuple[str, str], ...] = ()


class HealthCode(NamedTuple):
    """One composite of an HI segment: a diagnosis, procedure, condition, occurrence or value.

    Attributes
    ----------
    qualifier
        Component 1: ABK principal diagnosis, ABF other diagnosis, ABJ admitting, BBR principal
        procedure, BH occurrence, BE value, BG condition, DR DRG and so on.
    code
        Component 2, without a decimal point.
    date_format, date
        Components 3 and 4 as written: D8 or RD8 and the date of a procedure or occurrence.
    amount
        Component 5, the amount of a value code.
    present_on_admission
        Component 9: Y, N, U or W.
    """

    qualifier: str
    code: str
    date_format: str = ""
    date: str = ""
    amount: Decimal | None = None
    present_on_admission: str = ""


class StatusCode(NamedTuple):
    """One status composite of an STC segment (STC01, STC10 or STC11).

    Attributes
    ----------
    category
        Claim status category code, such as A1, A2, A7, F1, P1.
    status
        Claim status code, such as 20 or 562.
    entity
        Entity the status speaks of, such as 85 or IL.
    """

    category: str
    status: str = ""
    entity: str = ""


class StatusInformation(NamedTuple):
    """An STC segment of a 277 or 277CA.

    Attributes
    ----------
    codes
        STC01 and, where sent, STC10 and STC11.
    effective_on
        STC02.
    action
        STC03: WQ accept, U reject (277CA only).
    charge
        STC04, total charges.
    paid
        STC05, amount paid.
    finalized_on, remitted_on
        STC06 and STC08.
    remittance_number
        STC09, check or EFT trace number.
    message
        STC12, free text.
    """

    codes: tuple[StatusCode, ...]
    effective_on: date | None = None
    action: str = ""
    charge: Decimal | None = None
    paid: Decimal | None = None
    finalized_on: date | None = None
    remitted_on: date | None = None
    remittance_number: str = ""
    message: str = ""


class ProviderAdjustment(NamedTuple):
    """One pair of a PLB segment, with the provider and fiscal date the segment gives.

    A positive amount reduces the payment, a negative one raises it.

    Attributes
    ----------
    provider_id
        PLB01.
    fiscal_year_end
        PLB02.
    reason
        PLB03-1, 05-1, … 13-1: WO, FB, 72, L6, CS and so on.
    reference
        PLB03-2 and so on: often the claim or the earlier check meant.
    amount
        PLB04, 06, 08, 10, 12 or 14.
    """

    provider_id: str
    fiscal_year_end: date
    reason: str
    reference: str
    amount: Decimal

    @property
    def amount_cents(self) -> int:
        """The amount in cents; raises ValueError when it has a fraction of a cent."""
        return cents_of(self.amount)
