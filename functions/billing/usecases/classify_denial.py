"""Give one denial its class, by the active denial table.

Reads   the denial case.
Writes  its classification, with every adjustment's evidence.
Emits   denial.classified.
Fails   StaleRecordError (retry).
"""

from dataclasses import dataclass, replace

from functions.billing.domain.commit import Actor, Cause, Commit, OutboundEvent
from functions.billing.domain.denials.case import DenialCase, DenialState
from functions.billing.domain.denials.classify import Adjudicated, ClaimClassification, classify
from functions.billing.domain.denials.table import denial_table
from functions.billing.domain.errors import RecordNotFoundError
from functions.billing.domain.rule_versions.roll_out import Member
from functions.billing.ports import Clock, Records, RuleSets
from functions.billing.usecases.trying import judging_version

STEP = "classify_denial"
UNMAPPED = "unmapped"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifyDenial:
    """Classify this denial."""

    denial_id: str


def classify_denial(
    command: ClassifyDenial, cause: Cause, *, records: Records, rule_sets: RuleSets, clock: Clock
) -> dict[str, object]:
    """`classified` or `unmapped`; either is answered next."""
    case = records.get(DenialCase, DenialCase.key_of(command.denial_id))
    if case is None:
        raise RecordNotFoundError("denial_not_found", subject=f"denial:{command.denial_id}")
    if case.state is not DenialState.RECEIVED:
        return _outcome(case)
    member = Member(claim_id=case.claim_id, payer_id=case.payer_id)
    table = judging_version(rule_sets, "denials", denial_table, member)
    parts = tuple(
        classify(
            Adjudicated(
                charge_cents=line.charge_cents,
                paid_cents=line.paid_cents,
                adjustments=line.adjustments,
                remarks=line.remarks,
                payer_id=case.payer_id,
                line_id=line.line_id,
            ),
            table,
        )
        for line in case.lines
    )
    worst = ClaimClassification(parts).worst
    now = clock.now()
    classified = replace(
        case,
        state=DenialState.CLASSIFIED,
        bucket=worst.bucket or UNMAPPED,
        sub_reason=worst.sub_reason,
        classification=worst,
        classified_at=now,
    )
    records.commit(
        Commit(
            step=STEP,
            cause=cause,
            actor=Actor(STEP),
            at=now,
            root=classified,
            decision=classified.bucket,
            facts={
                "sub_reason": worst.sub_reason,
                "confidence_percent": worst.confidence_percent,
                "codes": tuple(f"{each.group}-{each.reason}" for each in worst.evidence),
                "rules": tuple(each.rule for each in worst.evidence),
                "denial_table": table.version,
            },
            events=(
                OutboundEvent(
                    "denial.classified",
                    {
                        "claim_id": case.claim_id,
                        "payer": case.payer_id,
                        "denial_id": case.denial_id,
                        "bucket": classified.bucket,
                        "table_version": table.version,
                    },
                ),
            ),
        )
    )
    return _outcome(classified)


def _outcome(case: DenialCase) -> dict[str, object]:
    word = UNMAPPED if case.bucket == UNMAPPED else "classified"
    return {"outcome": word, "denial_id": case.denial_id, "bucket": case.bucket}
