"""Post one batch of a payment's claims: each line once, in double entry, beside its claim.

Reads   the batch's byte range of the file; what is posted of it already; each claim with all its postings.
Writes  postings with what became of each answer, the claim's state, denial cases, work for people.
Emits   denial.received, patient.balance.changed, work_item.opened.
Fails   StaleRecordError (retry): what was posted before is found and passed over.
"""

from collections import Counter
from dataclasses import dataclass

from functions.billing.domain.commit import Cause
from functions.billing.domain.errors import RecordNotFoundError
from functions.billing.domain.remittance.payments import PostedAnswer, PostedBatch, Remittance
from functions.billing.edi.remittance_835 import remitted_claim
from functions.billing.ports import Clock, Intake, Records, RuleSets
from functions.billing.usecases.posting import STEP, AnswerPosting, Placed
from functions.billing.x12 import Separators, parse_835_claims


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRemittance:
    """Claims of one payment, by their byte range in its file."""

    remittance_id: str
    first_ordinal: int
    start_byte: int
    end_byte: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingPorts:
    """What posting needs of the world."""

    records: Records
    intake: Intake
    rule_sets: RuleSets
    clock: Clock


def post_remittance(
    command: PostRemittance, cause: Cause, ports: PostingPorts
) -> dict[str, object]:
    """`posted`, with how many claims of the batch were matched."""
    remittance = ports.records.get(Remittance, Remittance.key_of(command.remittance_id))
    if remittance is None:
        raise RecordNotFoundError(
            "remittance_not_found", subject=f"remittance:{command.remittance_id}"
        )
    known = ports.records.get(
        PostedBatch, PostedBatch.key_of(remittance.remittance_id, command.first_ordinal)
    )
    if known:
        return _outcome(known)
    answers = _post_each(command, remittance, cause, ports)
    posted = PostedBatch(
        remittance_id=remittance.remittance_id,
        first_ordinal=command.first_ordinal,
        claims=len(answers),
        matched=sum(answer.is_matched for answer in answers),
        touched=sum(answer.is_touched for answer in answers),
        posted_cents=sum(answer.posted_cents for answer in answers),
        set_aside=Counter(answer.cause for answer in answers if answer.cause),
    )
    ports.records.remember(posted)
    return _outcome(posted)


def _post_each(
    command: PostRemittance, remittance: Remittance, cause: Cause, ports: PostingPorts
) -> list[PostedAnswer]:
    """Every answer of the batch; those an interrupted run has posted are passed over."""
    content = ports.intake.fetch(
        remittance.file_key, start_byte=command.start_byte, end_byte=command.end_byte
    )
    partition = PostedAnswer.partition_of(remittance.remittance_id, command.first_ordinal)
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
    wires = parse_835_claims(
        content,
        Separators(*remittance.separators),
        first_ordinal=command.first_ordinal,
        byte_start=command.start_byte,
        file=remittance.file_key,
        transaction=remittance.header.transaction_control_number,
    )
    return [
        known.get(wire.ordinal)
        or posting.post(
            remitted_claim(wire),
            Placed(
                first_ordinal=command.first_ordinal,
                start_byte=wire.byte_start,
                end_byte=wire.byte_end,
            ),
        )
        for wire in wires
    ]


def _outcome(posted: PostedBatch) -> dict[str, object]:
    return {"outcome": "posted", "claims": posted.claims, "matched": posted.matched}
