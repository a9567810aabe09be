"""Post an answer that was set aside to the claim a person names.

Reads   the answer, its bytes of the payment's file, the claim with all its postings.
Writes  what posting writes; the answer's decision; the work that asked for it, as resolved.
Emits   what posting emits; work_item.resolved.
Fails   ForbiddenTransitionError when it does not wait or the claim holds it already; RecordNotFoundError.
"""

from dataclasses import dataclass

from functions.billing.domain.commit import Cause
from functions.billing.domain.errors import ForbiddenTransitionError, RecordNotFoundError
from functions.billing.domain.remittance.payments import AsideAnswer, Remittance
from functions.billing.edi.remittance_835 import remitted_claim
from functions.billing.usecases.post_remittance import PostingPorts, answers_kept
from functions.billing.usecases.posting import AnswerPosting, Decision

STEP = "assign_answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignAnswer:
    """A person's decision; `actor` comes from the authenticated principal, never from a form.

    `ordinal` is the answer's place in the payment (CLP), from 1.
    """

    remittance_id: str
    ordinal: int
    claim_id: str
    actor: str
    reason: str


def assign_answer(command: AssignAnswer, cause: Cause, ports: PostingPorts) -> dict[str, object]:
    """`posted`, or `already_posted` when the same decision was carried out before."""
    remittance = ports.records.get(Remittance, Remittance.key_of(command.remittance_id))
    if remittance is None:
        raise RecordNotFoundError(
            "remittance_not_found", subject=f"remittance:{command.remittance_id}"
        )
    aside = ports.records.get(
        AsideAnswer, AsideAnswer.key_of(remittance.remittance_id, command.ordinal)
    )
    if aside is None:
        raise ForbiddenTransitionError(
            "answer_not_set_aside",
            subject=f"{remittance.subject}:clp-{command.ordinal}",
            detail="no answer of this payment waits under that number",
        )
    if aside.claim_id == command.claim_id:
        return {"outcome": "already_posted", "claim_id": aside.claim_id}
    if aside.claim_id:
        raise ForbiddenTransitionError(
            "answer_already_assigned",
            subject=aside.subject,
            detail=f"it is posted to claim {aside.claim_id}",
        )
    (wire,) = answers_kept(
        remittance,
        ports.evidence,
        first_ordinal=aside.ordinal,
        start_byte=aside.start_byte,
        end_byte=aside.end_byte,
    )
    posting = AnswerPosting(
        remittance=remittance,
        step=STEP,
        cause=cause,
        records=ports.records,
        rule_sets=ports.rule_sets,
        now=ports.clock.now(),
    )
    posting.assign(
        remitted_claim(wire),
        command.claim_id,
        Decision(aside=aside, actor=command.actor, reason=command.reason),
    )
    return {"outcome": "posted", "claim_id": command.claim_id}
