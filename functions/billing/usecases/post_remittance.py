"""Post one batch of a payment's claims: each line once, in double entry, beside its claim.

Reads   the batch's line of the manifest and its byte range of the file; what is posted of it already; its claims.
Writes  postings with what became of each answer, the claim's state, denial cases, work for people.
Emits   denial.received, patient.balance.changed, work_item.opened.
Fails   StaleRecordError (retry): what was posted before is found and passed over.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from functions.billing.domain.commit import Cause
from functions.billing.domain.errors import RecordNotFoundError
from functions.billing.domain.remittance.batches import Batch, batch_of, line_range
from functions.billing.domain.remittance.payments import PostedAnswer, PostedBatch, Remittance
from functions.billing.edi.remittance_835 import remitted_claim
from functions.billing.ports import Clock, Evidence, Records, RuleSets
from functions.billing.usecases.posting import STEP, AnswerPosting, Placed
from functions.billing.x12 import ClaimPayment, Separators, parse_835_claims


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRemittance:
    """Claims of one payment: the manifest of its file, and which of its batches, from zero."""

    manifest_key: str
    batch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingPorts:
    """What posting needs of the world."""

    records: Records
    evidence: Evidence
    rule_sets: RuleSets
    clock: Clock


def post_remittance(
    command: PostRemittance, cause: Cause, ports: PostingPorts
) -> dict[str, object]:
    """`posted`, with how many claims of the batch were matched."""
    start, end = line_range(command.batch)
    batch = batch_of(ports.evidence.fetch(command.manifest_key, start_byte=start, end_byte=end))
    remittance = ports.records.get(Remittance, Remittance.key_of(batch.remittance_id))
    if remittance is None:
        raise RecordNotFoundError(
            "remittance_not_found", subject=f"remittance:{batch.remittance_id}"
        )
    known = ports.records.get(
        PostedBatch, PostedBatch.key_of(remittance.remittance_id, batch.first_ordinal)
    )
    if known:
        return _outcome(known)
    answers = _post_each(batch, remittance, cause, ports)
    posted = PostedBatch(
        remittance_id=remittance.remittance_id,
        first_ordinal=batch.first_ordinal,
        claims=len(answers),
        matched=sum(answer.is_matched for answer in answers),
        touched=sum(answer.is_touched for answer in answers),
        posted_cents=sum(answer.posted_cents for answer in answers),
        posted_at=ports.clock.now(),
        set_aside=Counter(answer.cause for answer in answers if answer.cause),
    )
    ports.records.remember(posted)
    return _outcome(posted)


def _post_each(
    batch: Batch, remittance: Remittance, cause: Cause, ports: PostingPorts
) -> list[PostedAnswer]:
    """Every answer of the batch; those an interrupted run has posted are passed over."""
    partition = PostedAnswer.partition_of(remittance.remittance_id, batch.first_ordinal)
    known = {
        answer.ordinal: answer for answer in ports.records.under(PostedAnswer, partition, "ANSWER#")
    }
    posting = AnswerPosting(
        remittance=remittance,
        step=STEP,
        cause=cause,
        records=ports.records,
        rule_sets=ports.rule_sets,
        now=ports.clock.now(),
    )
    wires = answers_kept(
        remittance,
        ports.evidence,
        first_ordinal=batch.first_ordinal,
        start_byte=batch.start_byte,
        end_byte=batch.end_byte,
    )
    return [
        known.get(wire.ordinal)
        or posting.post(
            remitted_claim(wire),
            Placed(
                first_ordinal=batch.first_ordinal,
                start_byte=wire.byte_start,
                end_byte=wire.byte_end,
            ),
        )
        for wire in wires
    ]


def answers_kept(
    remittance: Remittance,
    evidence: Evidence,
    *,
    first_ordinal: int,
    start_byte: int,
    end_byte: int,
) -> Iterator[ClaimPayment]:
    """Answers by their range, from the file as it was kept: nothing done to the intake moves a byte of it."""
    return parse_835_claims(
        evidence.fetch(remittance.evidence_key, start_byte=start_byte, end_byte=end_byte),
        Separators(*remittance.separators),
        first_ordinal=first_ordinal,
        byte_start=start_byte,
        file=remittance.file_key,
        transaction=remittance.header.transaction_control_number,
    )


def _outcome(posted: PostedBatch) -> dict[str, object]:
    return {"outcome": "posted", "claims": posted.claims, "matched": posted.matched}
