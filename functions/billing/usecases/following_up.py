"""What a sent claim waits for, by its payer's patience."""

from datetime import datetime
from typing import Any

from functions.billing.domain.rules.policy import payer_policies
from functions.billing.domain.submission.inquiry import FollowUp, Silence
from functions.billing.ports import RuleSets


def follow_up_of(rule_sets: RuleSets, payer_id: str) -> FollowUp:
    """The payer's patience; the usual one when nobody wrote it down."""
    policy = rule_sets.active("payer_policies", payer_policies).of(payer_id)
    return policy.follow_up if policy else FollowUp()


def awaiting(follow_up: FollowUp, silence: Silence, since: datetime) -> dict[str, Any]:
    """The claim's fields while it waits: what for, and until when that is in order."""
    return {"due_kind": silence.value, "due_at": follow_up.due(silence, since)}
