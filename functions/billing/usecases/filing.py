"""The filing watch on a claim: set when it is judged, and again whenever it comes back from the door."""

from dataclasses import replace
from typing import Any

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.claims.filing import FILING_DUE, watch_from
from functions.billing.domain.rules.policy import PayerPolicy, payer_policies
from functions.billing.ports import RuleSets


def watched(claim: Claim, content: ClaimContent, policy: PayerPolicy | None) -> Claim:
    """The claim with its last day to file, due when the payer's warning time begins."""
    if policy is None or not claim.charge_cents:
        return claim
    decided = [one.adjudicated_on for one in content.other_payments if one.adjudicated_on]
    file_by = policy.filing.deadline(
        content.service_from, content.service_to, max(decided, default=None)
    )
    return replace(
        claim,
        file_by=file_by,
        due_kind=FILING_DUE,
        due_at=watch_from(file_by, policy.filing.warning_days),
    )


def filing_due(rule_sets: RuleSets, claim: Claim) -> dict[str, Any]:
    """The claim's fields when it must be filed again; nothing is due where no limit is known."""
    policy = rule_sets.active("payer_policies", payer_policies).of(claim.payer_id)
    if policy is None or claim.file_by is None:
        return {"due_kind": "", "due_at": None}
    due_at = watch_from(claim.file_by, policy.filing.warning_days)
    return {"due_kind": FILING_DUE, "due_at": due_at}
