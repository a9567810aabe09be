"""Submit one released claim: record the attempt, send its frozen bytes, record the answer.

Reads   the claim, its content, the payer's policy.
Writes  the attempt before anything leaves; the outcome after; the charge on the ledger.
Emits   claim.submitted, claim.rejected or claim.submission.unknown.
Fails   RetryLaterError (retry). A claim whose attempt was interrupted is never sent from here: see
        `resolve_submission`.
"""

from dataclasses import dataclass

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import Cause
from functions.billing.domain.errors import RecordNotFoundError
from functions.billing.usecases.sending import (
    Sending,
    SendingPorts,
    newest_attempt,
    payers_connection,
)

STEP = "submit_claim"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitClaim:
    """Send this claim. `revision` is the one that was released."""

    claim_id: str
    revision: int = 0


def submit_claim(command: SubmitClaim, cause: Cause, ports: SendingPorts) -> dict[str, object]:
    """What became of it: one of these words, and the claim.

    `submitted`, `rejected`, `unknown` (with `wait_seconds`), `already_sent`, `held` while nobody answers, or
    `awaits_file`: it goes with others, and `submit_file` sees to it.
    """
    claim = ports.records.get(Claim, Claim.key_of(command.claim_id))
    if claim is None:
        raise RecordNotFoundError("claim_not_found", subject=f"claim:{command.claim_id}")
    if claim.state is ClaimState.SUBMITTING:
        attempt = newest_attempt(ports.records, claim)
        if attempt and attempt.is_with_others:
            return {"outcome": "awaits_file", "claim_id": claim.claim_id}
        # Whatever the payer's policy says by now, the attempt is asked after where it was sent.
        connection = ports.connections.named(attempt.connector if attempt else "")
        wait_seconds = connection.connector.settle_seconds + 1
        return {"outcome": "unknown", "claim_id": claim.claim_id, "wait_seconds": wait_seconds}
    if claim.state is not ClaimState.VALIDATED or command.revision not in (0, claim.revision):
        return {"outcome": "already_sent", "claim_id": claim.claim_id}
    sending = Sending(
        step=STEP, cause=cause, ports=ports, connection=payers_connection(ports, claim)
    )
    if sending.connection.connector.gathers:
        return sending.wait_for_company(claim)
    if sending.breaker.admit().is_refused:
        return sending.hold(claim)
    return sending.send(*sending.begin(claim))
