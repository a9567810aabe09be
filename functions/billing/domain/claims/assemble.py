"""From a signed encounter to claims: one claim for the first payer, per 50 service lines."""

from datetime import date

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.records import (
    Charge,
    Coverage,
    CoverageRank,
    Encounter,
    PayerKind,
)

# X12 837P loop 2400 repeats at most 50 times.
LINES_PER_CLAIM = 50

_RANKS = tuple(CoverageRank)


def assemble(
    encounter: Encounter, *, claim_id: str, patient_control_number: str, signed_on: date | None
) -> tuple[ClaimContent, ...]:
    """The claims an encounter gives, none when the patient pays alone.

    Further claims of a long encounter are called `<claim_id>-2`, `-3`… and carry
    `<patient_control_number>02`, `03`…, so a number of 15 characters stays within the advised 17.
    An encounter without charges gives one empty claim, which judging then holds with its reason:
    nothing signed disappears.

    Parameters
    ----------
    encounter
        The canonical encounter, complete or not.
    claim_id, patient_control_number
        Of the first claim; unique for ever.
    signed_on
        When the encounter was signed, in the practice's calendar.
    """
    if is_self_pay(encounter):
        return ()
    batches = _batches(encounter.charges)
    return tuple(
        _content(
            encounter,
            lines,
            claim_id=claim_id if ordinal == 1 else f"{claim_id}-{ordinal}",
            patient_control_number=(
                patient_control_number if ordinal == 1 else f"{patient_control_number}{ordinal:02d}"
            ),
            signed_on=signed_on,
        )
        for ordinal, lines in enumerate(batches, start=1)
    )


def is_self_pay(encounter: Encounter) -> bool:
    """Whether no insurance is to be billed.

    A coverage whose payer could not be mapped is not self-pay: it is a claim waiting for a mapping.
    """
    if encounter.coverages:
        return all(cover.payer.kind is PayerKind.SELF_PAY for cover in encounter.coverages)
    return not any("payer" in unmapped.table for unmapped in encounter.unmapped) and not any(
        "coverage" in problem.path.lower() or "insurance" in problem.path.lower()
        for problem in encounter.problems
    )


def _batches(charges: tuple[Charge, ...]) -> tuple[tuple[Charge, ...], ...]:
    starts = range(0, max(len(charges), 1), LINES_PER_CLAIM)
    return tuple(charges[start : start + LINES_PER_CLAIM] for start in starts)


def _content(
    encounter: Encounter,
    lines: tuple[Charge, ...],
    *,
    claim_id: str,
    patient_control_number: str,
    signed_on: date | None,
) -> ClaimContent:
    insured = sorted(
        (cover for cover in encounter.coverages if cover.payer.kind is not PayerKind.SELF_PAY),
        key=_rank,
    )
    dates = [line.service_date for line in lines]
    return ClaimContent(
        claim_id=claim_id,
        patient_control_number=patient_control_number,
        encounter_id=encounter.encounter_id,
        patient=encounter.patient,
        coverage=insured[0] if insured else None,
        other_coverages=tuple(insured[1:]),
        billing_provider=encounter.billing_provider,
        rendering_provider=encounter.rendering_provider,
        location=encounter.location,
        service_line=encounter.service_line,
        is_institutional=encounter.is_institutional,
        diagnoses=encounter.diagnoses,
        lines=lines,
        authorizations=encounter.authorizations,
        total_charge_cents=sum(line.charge_cents for line in lines),
        service_from=min(dates, default=encounter.starts_on),
        service_to=max(dates, default=encounter.ends_on),
        signed_on=signed_on,
        mapping_version=encounter.mapping_version,
    )


def _rank(coverage: Coverage) -> int:
    return _RANKS.index(coverage.rank)
