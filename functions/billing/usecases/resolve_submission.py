"""Find out what became of an attempt nobody answered for, and end it: known, sent safely again, or parked.

Reads   the claim and its newest attempt; the clearinghouse's own list.
Writes  the attempt taken up by compare-and-set before it is sent again; the outcome.
Emits   claim.submitted, claim.rejected or claim.submission.unknown.
Fails   RetryLaterError (retry): another process took the attempt up.
"""

from dataclasses import dataclass

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import Cause
from functions.billing.domain.errors import RecordNotFoundError
from functions.billing.domain.submission.attempt import Attempt
from functions.billing.domain.submission.protocol import Decision, Lookup, Move, decide
from functions.billing.ports import SubmissionAnswer
from functions.billing.usecases.sending import Sending, SendingPorts, newest_attempt

STEP = "resolve_submission"
_CALLS = frozenset({Move.BEGIN, Move.LOOK_UP})


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveSubmission:
    """Look again."""

    claim_id: str


def resolve_submission(
    command: ResolveSubmission, cause: Cause, ports: SendingPorts
) -> dict[str, object]:
    """What became of it: one of these words, and the claim.

    `submitted`, `rejected`, `parked`, `already_sent`, `held`, `awaits_file`, or `unknown`: look again after
    `wait_seconds`. A claim whose file was refused for one of several is sent alone, as a new attempt.
    """
    claim = ports.records.get(Claim, Claim.key_of(command.claim_id))
    if claim is None:
        raise RecordNotFoundError("claim_not_found", subject=f"claim:{command.claim_id}")
    if claim.state is not ClaimState.SUBMITTING:
        return {"outcome": "already_sent", "claim_id": claim.claim_id}
    attempt = newest_attempt(ports.records, claim)
    if attempt is None:
        raise RecordNotFoundError("attempt_not_found", subject=claim.subject)
    # The attempt is asked after where it was sent, whatever the payer's policy says by now.
    connection = ports.connections.named(attempt.connector)
    sending = Sending(step=STEP, cause=cause, ports=ports, connection=connection)
    decision = decide(attempt, connection.connector, ports.clock.now())
    if decision.move in _CALLS and sending.breaker.admit().is_refused:
        # Nobody answers now: the claim is taken up again when its lease has run out.
        return {"outcome": "held", "claim_id": claim.claim_id}
    if decision.move is Move.LOOK_UP:
        lookup = connection.look_up(
            attempt.patient_control_number, idempotency_key=attempt.idempotency_key
        )
        if lookup is Lookup.FOUND:
            return sending.record(
                claim, attempt, SubmissionAnswer(accepted=True, code="found_by_lookup")
            )
        decision = decide(attempt, connection.connector, ports.clock.now(), lookup=lookup)
    return _act(decision, sending, claim, attempt)


def _act(decision: Decision, sending: Sending, claim: Claim, attempt: Attempt) -> dict[str, object]:
    match decision.move:
        case Move.BEGIN:
            return sending.send(*sending.begin(claim))
        case Move.SEND_AGAIN:
            return sending.send(*sending.take_up(claim, attempt))
        case Move.PARK:
            return sending.park(claim, attempt, decision.why)
        case Move.LEAVE_TO_FILE:
            return {"outcome": "awaits_file", "claim_id": claim.claim_id}
        case _:
            return {
                "outcome": "unknown",
                "claim_id": claim.claim_id,
                "wait_seconds": max(1, decision.wait_seconds),
            }
