"""Post one batch of a payment's claims, each line once."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.post_remittance import PostingPorts, PostRemittance
from functions.billing.usecases.post_remittance import post_remittance as use_case


@billing_step(command=PostRemittance)
def lambda_handler(command: PostRemittance, cause: Cause, deps: Dependencies) -> Outcome:
    """Post one batch of a payment's claims, each line once."""
    ports = PostingPorts(
        records=deps.records,
        evidence=deps.evidence,
        rule_sets=deps.rule_sets,
        clock=deps.clock,
    )
    return use_case(command, cause, ports)
