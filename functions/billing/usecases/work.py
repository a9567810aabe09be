"""Work items as the steps find them."""

from datetime import datetime

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.work_items import WorkItem, WorkState
from functions.billing.ports import Records

# Opened because nobody answered: any answer that moves the claim ends it.
_SILENCE = frozenset(
    {
        "syntax_acknowledgement_overdue",
        "acknowledgement_overdue",
        "remittance_overdue",
        "submission_outcome_unknown",
        "payer_does_not_find_claim",
        "payer_keeps_silent",
        "payer_decided_without_remittance",
        "payer_requests_information",
        "payer_cannot_answer",
        "timely_filing_at_risk",
        "timely_filing_last_days",
        "timely_filing_missed",
    }
)


def open_items_about(records: Records, subject: str) -> tuple[WorkItem, ...]:
    """Open items about a thing. The index lags a little; each is read again, so none is resolved twice."""
    listed = records.listed(WorkItem, f"WORK#{subject}")
    found = [records.get(WorkItem, item.key) for item in listed]
    return tuple(item for item in found if item and item.state is WorkState.OPEN)


def not_yet_known(records: Records, *items: WorkItem) -> tuple[WorkItem, ...]:
    """Those of the items that are new: the same trouble reported twice is one item, open or resolved."""
    return tuple(item for item in items if records.get(WorkItem, item.key) is None)


def ended_silence(records: Records, claim: Claim, *, at: datetime, by: str) -> tuple[WorkItem, ...]:
    """The work a claim's silence made, resolved. It is looked for only where a claim's silence was reported."""
    if claim.state is not ClaimState.OUTCOME_UNKNOWN and not claim.silences:
        return ()
    return tuple(
        item.resolved(at=at, by=by, resolution="payer_answered")
        for item in open_items_about(records, claim.subject)
        if item.reason in _SILENCE
    )
