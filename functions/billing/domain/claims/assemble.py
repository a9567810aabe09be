"""From a signed encounter to claims to the first payer: one, or as many as form and payer make of it."""

from datetime import date

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.records import (
    Charge,
    Coverage,
    CoverageRank,
    Encounter,
    PayerKind,
)
from functions.billing.domain.rules.policy import AS_FORM_ALLOWS, Splitting

_RANKS = tuple(CoverageRank)


def assemble(
    encounter: Encounter,
    *,
    claim_id: str,
    patient_control_number: str,
    signed_on: date | None,
    splitting: Splitting = AS_FORM_ALLOWS,
) -> tuple[ClaimContent, ...]:
    """The claims an encounter gives, none when the patient pays alone.

    Further claims of a divided encounter are called `<claim_id>-2`, `-3`… and carry
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
    splitting
        What the payer takes on one claim.
    """
    if is_self_pay(encounter):
        return ()
    batches = _batches(encounter, splitting)
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


def first_payer(encounter: Encounter) -> str:
    """The payer its claims go to, empty when there is none."""
    insured = _insured(encounter)
    return insured[0].payer.payer_id if insured else ""


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


def _batches(encounter: Encounter, splitting: Splitting) -> tuple[tuple[Charge, ...], ...]:
    """The lines of each claim: grouped as the payer wants, then cut to what a claim can hold."""
    groups: dict[tuple[object, ...], list[Charge]] = {}
    for line in encounter.charges:
        apart = (
            line.service_date if splitting.by_service_date else None,
            line.place_of_service if splitting.by_place else None,
        )
        groups.setdefault(apart, []).append(line)
    size = splitting.lines_max(is_institutional=encounter.is_institutional)
    return tuple(
        tuple(group[start : start + size])
        for group in groups.values() or ([],)
        for start in range(0, max(len(group), 1), size)
    )


def _insured(encounter: Encounter) -> list[Coverage]:
    return sorted(
        (cover for cover in encounter.coverages if cover.payer.kind is not PayerKind.SELF_PAY),
        key=_rank,
    )


def _content(
    encounter: Encounter,
    lines: tuple[Charge, ...],
    *,
    claim_id: str,
    patient_control_number: str,
    signed_on: date | None,
) -> ClaimContent:
    insured = _insured(encounter)
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
        stay=encounter.stay,
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
