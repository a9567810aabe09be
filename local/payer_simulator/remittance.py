"""Writing an 835 (005010X221A1) from payments that balance at line, claim and transaction."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from local.payer_simulator.adjudication import REVERSED
from local.payer_simulator.wire import SetWriter, amount, date8, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.payer_simulator.adjudication import Adjustment, SettledLine, Settlement
    from local.payer_simulator.claims import Claim, Party, ServiceLine
    from local.payer_simulator.world import Payer, WireStyle

VERSION_835 = "005010X221A1"
_TRIOS_PER_CAS = 6
_PAIRS_PER_PLB = 6
_REMARKS_PER_MOA = 5
_CLAIM_FILING = {"commercial": "12", "medicare": "MB", "medicaid": "MC", "exchange": "HM"}
_PAYER_ROUTING, _PAYEE_ROUTING = "999999992", "999999992"

UnbalancedLevel = Literal["line", "claim", "transaction"]


@dataclass(frozen=True, slots=True)
class PaidClaim:
    """One CLP: a claim, what was settled, and under which numbers."""

    claim: Claim
    settlement: Settlement
    payer_claim_number: str
    received_on: dt.date
    original_claim_number: str = ""
    corrected_member_id: str = ""
    interest_cents: int = 0


@dataclass(frozen=True, slots=True)
class ProviderAdjustment:
    """One PLB pair. A positive amount reduces the payment."""

    reason: str
    reference: str
    cents: int


@dataclass(frozen=True, slots=True)
class Payee:
    """Who is paid: the billing provider by NPI and tax identifier."""

    npi: str
    tax_id: str
    name: str

    @classmethod
    def of(cls, billing: Party) -> Payee:
        """Return the payee of a claim."""
        name = f"{billing.first_name} {billing.last_name}".strip()
        return cls(billing.identifier, billing.tax_id, name)


@dataclass(slots=True)
class Payment:
    """One ST of an 835: one payment of one payer to one payee."""

    payer: Payer
    payee: Payee
    trace: str
    written_on: dt.date
    settles_on: dt.date
    receiver: str
    claims: list[PaidClaim] = field(default_factory=list)
    provider_adjustments: list[ProviderAdjustment] = field(default_factory=list)
    script: list[str] = field(default_factory=list)

    @property
    def charged_cents(self) -> int:
        """The sum of CLP03."""
        return sum(one.settlement.charge_cents for one in self.claims)

    @property
    def paid_cents(self) -> int:
        """The sum of CLP04."""
        return sum(one.settlement.paid_cents for one in self.claims)

    @property
    def provider_adjustment_cents(self) -> int:
        """The sum of the PLB amounts."""
        return sum(one.cents for one in self.provider_adjustments)

    @property
    def payment_cents(self) -> int:
        """BPR02."""
        return self.paid_cents - self.provider_adjustment_cents

    @property
    def method(self) -> str:
        """BPR04: how the money moves, NON when none does."""
        return self.payer.payment_method if self.payment_cents else "NON"

    @property
    def originator(self) -> str:
        """TRN03: 1 and the payer's tax identifier."""
        return f"1{self.payer.tax_id}"


@dataclass(frozen=True, slots=True)
class Imbalance:
    """By how much, and at which level, a file is to be wrong."""

    level: UnbalancedLevel
    by_cents: int


class _Writer835:
    def __init__(
        self, payment: Payment, control_number: str, style: WireStyle, imbalance: Imbalance | None
    ) -> None:
        self.payment = payment
        self.style = style
        self.out = SetWriter(style, "835", control_number, "")
        self.level = imbalance.level if imbalance else None
        self.by_cents = imbalance.by_cents if imbalance else 0
        if self.level == "line" and not any(one.settlement.lines for one in payment.claims):
            self.level = "claim"
        if self.level == "claim" and not payment.claims:
            self.level = "transaction"

    def _wrong_once(self, level: UnbalancedLevel) -> int:
        """Return the error for the first element of a level, and zero ever after."""
        if self.level != level:
            return 0
        self.level = None
        return self.by_cents

    def _text(self, text: str, longest: int = 60) -> str:
        return plain_text(text, self.style, longest)

    def write(self) -> SetWriter:
        payment, payer, out = self.payment, self.payment.payer, self.out
        self._bpr()
        out.add("TRN", "1", payment.trace, payment.originator)
        out.add("DTM", "405", date8(payment.written_on))
        address = payer.address
        out.add("N1", "PR", self._text(payer.name))
        out.add("N3", self._text(address.line))
        out.add("N4", self._text(address.city), address.state, address.postal_code)
        out.add("REF", "2U", payer.payer_id)
        out.add("PER", "BL", "EDI SUPPORT", "TE", "8005550100")
        out.add("N1", "PE", self._text(payment.payee.name), "XX", payment.payee.npi)
        out.add("REF", "TJ", payment.payee.tax_id)
        if payment.claims:
            out.add("LX", "1")
        for one in payment.claims:
            self._claim(one)
        self._plb()
        return out

    def _bpr(self) -> None:
        payment = self.payment
        cents = payment.payment_cents + self._wrong_once("transaction")
        handling = "H" if payment.method == "NON" else "I"
        day = date8(payment.settles_on)
        head = ("BPR", handling, amount(cents), "C", payment.method)
        if payment.method == "ACH":
            self.out.add(
                *head, "CCP", "01", _PAYER_ROUTING, "DA", "1000001", payment.originator, "",
                "01", _PAYEE_ROUTING, "DA", "2000002", day,
            )  # fmt: skip
        else:
            self.out.add(*head, *[""] * 11, day)

    # Claims ---------------------------------------------------------------------------------

    def _claim(self, one: PaidClaim) -> None:
        claim, settled, out = one.claim, one.settlement, self.out
        responsibility = settled.patient_responsibility_cents
        payer = self.payment.payer
        out.add(
            "CLP", claim.patient_control_number, settled.claim_status,
            amount(settled.charge_cents),
            amount(settled.paid_cents + self._wrong_once("claim")),
            amount(responsibility) if responsibility else "",
            payer.claim_filing_indicator or _CLAIM_FILING[payer.kind],
            one.payer_claim_number, claim.facility, claim.frequency,
        )  # fmt: skip
        self._cas(settled.claim_adjustments)
        self._names(one)
        self._remarks(one)
        if one.original_claim_number:
            out.add("REF", "F8", one.original_claim_number)
        out.add("DTM", "232", date8(claim.first_day))
        out.add("DTM", "233", date8(claim.last_day))
        out.add("DTM", "050", date8(one.received_on))
        if settled.allowed_cents and settled.claim_status != REVERSED:
            out.add("AMT", "AU", amount(settled.allowed_cents))
        if one.interest_cents:
            out.add("AMT", "I", amount(one.interest_cents))
        for line in settled.lines:
            self._line(claim, line)

    def _names(self, one: PaidClaim) -> None:
        claim, out = one.claim, self.out
        patient, subscriber = claim.patient, claim.subscriber
        same = claim.patient_is_subscriber
        out.add(
            "NM1", "QC", "1", self._text(patient.last_name), self._text(patient.first_name, 35),
            "", "", "", "MI", subscriber.identifier,
        )  # fmt: skip
        if not same:
            out.add(
                "NM1", "IL", "1", self._text(subscriber.last_name),
                self._text(subscriber.first_name, 35), "", "", "", "MI", subscriber.identifier,
            )  # fmt: skip
        if one.corrected_member_id:
            out.add("NM1", "74", "1", "", "", "", "", "", "C", one.corrected_member_id)
        if claim.rendering_npi:
            last, first = claim.rendering_name
            out.add("NM1", "82", "1", self._text(last), self._text(first, 35), "", "", "", "XX",
                    claim.rendering_npi)  # fmt: skip

    def _remarks(self, one: PaidClaim) -> None:
        settled = one.settlement
        remarks = list(
            dict.fromkeys(
                [
                    *settled.claim_rarcs,
                    *(
                        code
                        for line in settled.lines
                        for code in line.rarcs
                        if is_claim_remark(code)
                    ),
                ]
            )
        )[:_REMARKS_PER_MOA]
        if not remarks:
            return
        if one.claim.kind == "I" and one.claim.facility.startswith("11"):
            # MIA05 takes the first remark, MIA20 to MIA23 the others.
            first, *others = remarks
            self.out.add("MIA", "0", "", "", "", first, *[""] * 14, *others)
        else:
            self.out.add("MOA", "", "", *remarks)

    # Lines ----------------------------------------------------------------------------------

    def _line(self, claim: Claim, settled: SettledLine) -> None:
        line, out = settled.line, self.out
        submitted = _procedure(claim, line, line.code)
        paid_as = _procedure(claim, line, settled.paid_as or line.code)
        changed = bool(settled.paid_as)
        revenue = line.revenue_code if claim.kind == "I" and paid_as[0] != "NU" else ""
        out.add(
            "SVC", paid_as, amount(settled.charge_cents),
            amount(settled.paid_cents + self._wrong_once("line")), revenue, line.units,
            submitted if changed else "", line.units if changed else "",
        )  # fmt: skip
        if line.first_day and line.last_day:
            if line.first_day == line.last_day:
                out.add("DTM", "472", date8(line.first_day))
            else:
                out.add("DTM", "150", date8(line.first_day))
                out.add("DTM", "151", date8(line.last_day))
        self._cas(settled.adjustments)
        if line.control_number and self.payment.payer.echoes_line_control_number:
            out.add("REF", "6R", line.control_number)
        if settled.allowed_cents:
            out.add("AMT", "B6", amount(settled.allowed_cents))
        for code in settled.rarcs:
            if not is_claim_remark(code):
                out.add("LQ", "HE", code)

    def _cas(self, adjustments: Iterable[Adjustment]) -> None:
        by_group: dict[str, list[Adjustment]] = {}
        for one in adjustments:
            by_group.setdefault(one.group, []).append(one)
        for group, ones in by_group.items():
            for start in range(0, len(ones), _TRIOS_PER_CAS):
                elements: list[str] = []
                for one in ones[start : start + _TRIOS_PER_CAS]:
                    elements += [one.carc, amount(one.cents), ""]
                self.out.add("CAS", group, *elements)

    def _plb(self) -> None:
        payment = self.payment
        fiscal_end = date8(dt.date(payment.written_on.year, 12, 31))
        pairs = payment.provider_adjustments
        for start in range(0, len(pairs), _PAIRS_PER_PLB):
            elements: list[str | tuple[str, ...]] = []
            for one in pairs[start : start + _PAIRS_PER_PLB]:
                elements += [(one.reason, one.reference), amount(one.cents)]
            self.out.add("PLB", payment.payee.npi, fiscal_end, *elements)


def is_claim_remark(code: str) -> bool:
    """Whether a RARC is one of those payers send at claim level (MOA, MIA), not per line."""
    return code.startswith("MA")


def _procedure(claim: Claim, line: ServiceLine, code: str) -> tuple[str, ...]:
    if claim.kind == "I" and code == line.revenue_code:
        return ("NU", code)
    return ("HC", code, *line.modifiers)


def write_835(
    payment: Payment,
    control_number: str,
    style: WireStyle,
    imbalance: Imbalance | None = None,
) -> SetWriter:
    """Write one payment as one 835 transaction set.

    Parameters
    ----------
    payment
        What is paid. Its amounts balance by construction.
    control_number
        ST02.
    style
        The separators to write with.
    imbalance
        When given, the first line, the first claim or BPR02 is wrong by that much.
    """
    return _Writer835(payment, control_number, style, imbalance).write()
