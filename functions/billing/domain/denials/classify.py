"""What a payer's answer to a charge means, and in which of the nine classes a denial belongs.

A charge is denied when nothing was paid for it, something was charged, and after taking away what
the contract, the patient and mere information explain, something remains in one of the nine
classes. What remains beside a payment is a partial denial. A reason nobody knows gets no class.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from functions.billing.domain.denials.buckets import (
    DENIALS,
    WORST_LAST,
    Bucket,
    Disposition,
    Flag,
    Settled,
)
from functions.billing.domain.denials.table import DenialTable, Meaning, Reason, Remark, RemarkUse
from functions.billing.domain.remittance.records import Adjustment, RemittedClaim, RemittedLine

# X12 835 CLP02: 22 reversal, 23 not our claim and forwarded, 25 predetermination.
WITHOUT_VERDICT = frozenset({"22", "23", "25"})

PATIENT_GROUP = "PR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjudicated:
    """One charge as the payer answered it: a service line, or a claim paid at claim level.

    `remarks` stand on the charge itself (LQ*HE), `claim_remarks` on its claim (MOA, MIA) and count
    only where the charge's own say nothing.
    """

    charge_cents: int
    paid_cents: int
    adjustments: tuple[Adjustment, ...]
    remarks: tuple[str, ...] = ()
    claim_remarks: tuple[str, ...] = ()
    claim_status: str = "1"
    payer_id: str = ""
    line_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """How one adjustment was understood. `bucket` is empty when the reason is unmapped."""

    group: str
    reason: str
    amount_cents: int
    bucket: str
    sub_reason: str
    rule: str
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """Where an unpaid charge went; the five amounts and the payment sum to the charge."""

    contractual_cents: int
    patient_cents: int
    informational_cents: int
    denied_cents: int
    unmapped_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """The class of one answer, how sure it is, and why.

    `bucket` is None unless the disposition is denied or partially denied. `confidence_percent` is 0
    for the unmapped and for what is no denial. `denied_cents` is what the class is about.
    """

    disposition: Disposition
    bucket: Bucket | None
    sub_reason: str
    confidence_percent: int
    denied_cents: int
    residual: Residual
    evidence: tuple[Evidence, ...]
    flags: frozenset[Flag]
    table_version: str
    line_id: str = ""

    @property
    def is_denial(self) -> bool:
        """Whether somebody must answer it, the unmapped included."""
        return self.disposition in DENIALS


@dataclass(frozen=True, slots=True)
class ClaimClassification:
    """All charges of a remitted claim, and the worst of them, which speaks for the claim."""

    parts: tuple[Classification, ...]

    @property
    def worst(self) -> Classification:
        """The part with the most to do; among equals the one with the most money."""
        return max(
            self.parts,
            key=lambda part: (WORST_LAST.index(part.disposition), part.denied_cents),
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    """One adjustment, read: its meaning (None: unmapped), how, and how surely."""

    adjustment: Adjustment
    meaning: Meaning | None
    sub_reason: str
    rule: str
    confidence: int
    remark: str = ""
    flags: frozenset[Flag] = frozenset()

    @property
    def evidence(self) -> Evidence:
        return Evidence(
            group=self.adjustment.group,
            reason=self.adjustment.reason,
            amount_cents=self.adjustment.amount_cents,
            bucket=self.meaning.value if self.meaning else "",
            sub_reason=self.sub_reason,
            rule=self.rule,
            remark=self.remark,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """One charge with all that was read from its adjustments and remarks."""

    charge: Adjudicated
    readings: tuple[_Reading, ...]
    residual: Residual
    flags: frozenset[Flag]
    table_version: str

    def as_classified(self, disposition: Disposition, also: Flag | None = None) -> Classification:
        return Classification(
            disposition=disposition,
            bucket=None,
            sub_reason="",
            confidence_percent=0,
            denied_cents=0,
            residual=self.residual,
            evidence=tuple(one.evidence for one in self.readings),
            flags=self.flags | {also} if also else self.flags,
            table_version=self.table_version,
            line_id=self.charge.line_id,
        )


def classify_claim(
    claim: RemittedClaim, table: DenialTable, *, payer_id: str = ""
) -> ClaimClassification:
    """Classify each line, and the claim itself where it has adjustments or no lines."""
    charges = [_of_line(line, claim, payer_id) for line in claim.lines]
    if claim.adjustments or not charges:
        charges.append(_of_claim(claim, payer_id))
    return ClaimClassification(tuple(classify(charge, table) for charge in charges))


def classify(charge: Adjudicated, table: DenialTable) -> Classification:
    """The class of one charge's answer.

    The same answer under the same table version always gives the same class.
    """
    answer = _answer(charge, table)
    residual = answer.residual
    if charge.claim_status in WITHOUT_VERDICT:
        return answer.as_classified(Disposition.NOT_ADJUDICATED)
    if residual.unmapped_cents or any(_is_unknown(reading) for reading in answer.readings):
        return _unmapped(answer)
    if residual.denied_cents > 0 and charge.charge_cents > 0:
        return _denied(answer, table)
    disposition = _explained(residual, charge)
    if disposition is Disposition.CONTRACTUAL:
        return answer.as_classified(disposition, also=Flag.ZERO_PAID_CONTRACTUAL)
    return answer.as_classified(disposition)


def _answer(charge: Adjudicated, table: DenialTable) -> _Answer:
    readings = tuple(_read(one, charge, table) for one in charge.adjustments)
    return _Answer(
        charge=charge,
        readings=readings,
        residual=_residual(readings, charge),
        flags=_flags(readings, charge, table),
        table_version=table.version,
    )


def _of_line(line: RemittedLine, claim: RemittedClaim, payer_id: str) -> Adjudicated:
    return Adjudicated(
        charge_cents=line.charge_cents,
        paid_cents=line.paid_cents,
        adjustments=line.adjustments,
        remarks=line.remarks,
        claim_remarks=claim.remarks,
        claim_status=claim.claim_status,
        payer_id=payer_id,
        line_id=line.line_id,
    )


def _of_claim(claim: RemittedClaim, payer_id: str) -> Adjudicated:
    """The claim as one charge, without what its lines adjusted: that is the lines' matter."""
    on_lines = sum(one.amount_cents for line in claim.lines for one in line.adjustments)
    return Adjudicated(
        charge_cents=claim.charge_cents - on_lines,
        paid_cents=claim.paid_cents,
        adjustments=claim.adjustments,
        remarks=claim.remarks,
        claim_status=claim.claim_status,
        payer_id=payer_id,
    )


def _read(one: Adjustment, charge: Adjudicated, table: DenialTable) -> _Reading:
    reason = table.reasons.get(one.reason)
    if reason is None:
        return _Reading(one, None, "", "reason_unknown", 0)
    flags = _reason_flags(reason, one)
    if one.group == PATIENT_GROUP:
        return _read_patient_group(one, reason, charge, table, flags)
    if reason.meaning is Settled.PATIENT_RESPONSIBILITY:
        meaning, sub_reason = reason.otherwise or (None, "")
        confidence = table.confidence.reason if meaning else 0
        return _Reading(one, meaning, sub_reason, "group_is_not_pr", confidence, flags=flags)
    if reason.remark_use is not RemarkUse.NONE:
        return _read_by_remark(one, reason, charge, table, flags)
    confidence = table.confidence.reason + _deductions(flags, table)
    return _Reading(one, reason.meaning, reason.sub_reason, "reason", confidence, flags=flags)


def _read_patient_group(
    one: Adjustment,
    reason: Reason,
    charge: Adjudicated,
    table: DenialTable,
    flags: frozenset[Flag],
) -> _Reading:
    """What the payer says the patient owes is the patient's, unless a policy has it reviewed."""
    if table.reviews(charge.payer_id, one.reason):
        return _Reading(one, None, "", "patient_responsibility_reviewed", 0, flags=flags)
    owed = Settled.PATIENT_RESPONSIBILITY
    return _Reading(one, owed, reason.sub_reason, "group_pr", table.confidence.reason, flags=flags)


def _read_by_remark(
    one: Adjustment,
    reason: Reason,
    charge: Adjudicated,
    table: DenialTable,
    flags: frozenset[Flag],
) -> _Reading:
    """A reason whose remark decides: the charge's own remarks first, then the claim's."""
    remarks = _deciding(charge.remarks, table) or _deciding(charge.claim_remarks, table)
    if remarks:
        first = remarks[0]
        confidence = table.confidence.remark
        if len({remark.bucket for remark in remarks}) > 1:
            confidence = table.confidence.conflicting_remarks
            flags |= {Flag.CONFLICTING_REMARKS}
        confidence += _deductions(flags, table)
        return _Reading(
            one, first.bucket, first.sub_reason, "remark", confidence, first.code, flags
        )
    if reason.remark_use is RemarkUse.REQUIRED:
        return _Reading(one, None, "", "remark_missing_or_unknown", 0, flags=flags)
    confidence = table.confidence.reason_without_remark + _deductions(flags, table)
    return _Reading(
        one, reason.meaning, reason.sub_reason, "reason_without_remark", confidence, flags=flags
    )


def _deciding(codes: Iterable[str], table: DenialTable) -> tuple[Remark, ...]:
    known = (table.remarks.get(code) for code in codes)
    return tuple(remark for remark in known if remark is not None and remark.bucket is not None)


def _reason_flags(reason: Reason, one: Adjustment) -> frozenset[Flag]:
    flags = set(reason.flags)
    if reason.groups and one.group not in reason.groups:
        flags.add(Flag.GROUP_UNEXPECTED)
    if reason.deactivated:
        flags.add(Flag.DEACTIVATED_CODE)
    return frozenset(flags)


def _deductions(flags: frozenset[Flag], table: DenialTable) -> int:
    scale = table.confidence
    unexpected = scale.group_unexpected if Flag.GROUP_UNEXPECTED in flags else 0
    return unexpected + (scale.deactivated if Flag.DEACTIVATED_CODE in flags else 0)


def _is_unknown(reading: _Reading) -> bool:
    """Unmapped and moving money. Two unknown reasons that cancel each other are still unknown."""
    return reading.meaning is None and reading.adjustment.amount_cents != 0


def _residual(readings: tuple[_Reading, ...], charge: Adjudicated) -> Residual:
    def total(*meanings: Meaning | None) -> int:
        return sum(one.adjustment.amount_cents for one in readings if one.meaning in meanings)

    adjusted = sum(one.adjustment.amount_cents for one in readings)
    # What no adjustment explains is as unknown as a reason nobody knows.
    unexplained = charge.charge_cents - charge.paid_cents - adjusted
    return Residual(
        contractual_cents=total(Settled.CONTRACTUAL),
        patient_cents=total(Settled.PATIENT_RESPONSIBILITY),
        informational_cents=total(Settled.INFORMATIONAL),
        denied_cents=total(*Bucket),
        unmapped_cents=total(None) + unexplained,
    )


def _flags(
    readings: tuple[_Reading, ...], charge: Adjudicated, table: DenialTable
) -> frozenset[Flag]:
    flags = {flag for reading in readings for flag in reading.flags}
    for code in (*charge.remarks, *charge.claim_remarks):
        remark = table.remarks.get(code)
        if remark is not None:
            flags |= remark.flags
    return frozenset(flags)


def _explained(residual: Residual, charge: Adjudicated) -> Disposition:
    """What became of a charge with nothing denied: paid, else owed by the patient, else why not."""
    if charge.paid_cents > 0 or charge.charge_cents <= 0:
        return Disposition.PAID
    if residual.patient_cents > 0:
        return Disposition.PATIENT_RESPONSIBILITY
    if residual.contractual_cents > 0:
        return Disposition.CONTRACTUAL
    return Disposition.INFORMATIONAL


def _denied(answer: _Answer, table: DenialTable) -> Classification:
    amounts: dict[Bucket, int] = {}
    for one in answer.readings:
        if isinstance(one.meaning, Bucket):
            amounts[one.meaning] = amounts.get(one.meaning, 0) + one.adjustment.amount_cents
    # The class with the most money; among equals the one the payer named first.
    bucket = max(amounts, key=lambda name: amounts[name])
    leading = max(
        (one for one in answer.readings if one.meaning is bucket),
        key=lambda one: one.adjustment.amount_cents,
    )
    is_several = sum(amount > 0 for amount in amounts.values()) > 1
    confidence = leading.confidence + (table.confidence.several_buckets if is_several else 0)
    classified = answer.as_classified(
        Disposition.PARTIALLY_DENIED if answer.charge.paid_cents > 0 else Disposition.DENIED,
        also=Flag.SEVERAL_BUCKETS if is_several else None,
    )
    return replace(
        classified,
        bucket=bucket,
        sub_reason=leading.sub_reason,
        confidence_percent=max(confidence, 0),
        denied_cents=answer.residual.denied_cents,
    )


def _unmapped(answer: _Answer) -> Classification:
    rules = [one.rule for one in answer.readings if one.meaning is None]
    residual = answer.residual
    return replace(
        answer.as_classified(Disposition.UNMAPPED),
        sub_reason=rules[0] if rules else "no_reason_given",
        denied_cents=max(residual.denied_cents + residual.unmapped_cents, 0),
    )
