"""Record what a TA1, 999 or 277CA file says of our claims."""

from functions.billing.domain.commit import Cause
from functions.billing.runtime.bootstrap import Dependencies
from functions.billing.runtime.step import Outcome, billing_step
from functions.billing.usecases.record_acknowledgement import (
    AcknowledgementPorts,
    RecordAcknowledgement,
)
from functions.billing.usecases.record_acknowledgement import record_acknowledgement as use_case


@billing_step(command=RecordAcknowledgement)
def lambda_handler(command: RecordAcknowledgement, cause: Cause, deps: Dependencies) -> Outcome:
    """Record what a TA1, 999 or 277CA file says of our claims."""
    ports = AcknowledgementPorts(
        records=deps.records,
        evidence=deps.evidence,
        intake=deps.intake,
        rule_sets=deps.rule_sets,
        clock=deps.clock,
    )
    return use_case(command, cause, ports)
