"""Post an answer that was set aside to the claim a person names."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.assign_answer import AssignAnswer
from functions.billing.usecases.assign_answer import assign_answer as use_case
from functions.billing.usecases.post_remittance import PostingPorts


@billing_step(command=AssignAnswer)
def lambda_handler(command: AssignAnswer, cause: Cause, deps: Dependencies) -> Outcome:
    """Post an answer that was set aside to the claim a person names."""
    ports = PostingPorts(
        records=deps.records,
        evidence=deps.evidence,
        rule_sets=deps.rule_sets,
        clock=deps.clock,
    )
    return use_case(command, cause, ports)
