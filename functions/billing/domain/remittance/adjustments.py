"""What one adjustment means for the money: the seam between code tables and the ledger.

Which bucket a code belongs to is the denial table's business. Here a bucket becomes one of a few
kinds, each with one treatment in the ledger.
"""

from collections.abc import Callable
from enum import StrEnum

from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.remittance.records import Adjustment


class AdjustmentKind(StrEnum):
    """How the ledger treats an adjustment."""

    CONTRACTUAL = "contractual"
    """Leaves the receivable for good."""
    PATIENT_RESPONSIBILITY = "patient_responsibility"
    """Moves to the next payer or the patient."""
    PRIOR_PAYER = "prior_payer"
    """CARC 23: balances the line; the money was booked with the earlier payer's answer."""
    INTEREST = "interest"
    """CARC 225: interest inside a line's payment."""
    DENIAL = "denial"
    """Stays on the receivable until somebody decides."""
    INFORMATIONAL = "informational"
    """Pended, deferred or otherwise not final: stays on the receivable."""
    UNMAPPED = "unmapped"
    """The code table does not know it, or not in this group: stays on the receivable."""


AdjustmentJudge = Callable[[Adjustment, tuple[str, ...], int], AdjustmentKind]
"""(adjustment, remark codes, paid cents of the line or claim) → kind."""

_INFORMATIONAL = {
    "prior_payer_impact": AdjustmentKind.PRIOR_PAYER,
    "interest": AdjustmentKind.INTEREST,
    # A payment above charges shows as a negative CAS; it is arithmetic and must not be inverted.
    "negative_adjustment": AdjustmentKind.CONTRACTUAL,
    "reporting_code": AdjustmentKind.CONTRACTUAL,
    "paid_to_patient": AdjustmentKind.PATIENT_RESPONSIBILITY,
}
"""Informational sub-reasons that have a treatment of their own."""

_DENIAL_BUCKETS = frozenset(
    {
        "eligibility",
        "authorization",
        "coding",
        "bundling",
        "timely_filing",
        "duplicate",
        "coordination_of_benefits",
        "demographic_mismatch",
        "payer_specific_edit",
    }
)


def kind_of_bucket(group: str, bucket: str, sub_reason: str = "") -> AdjustmentKind:
    """Turn a (group, bucket, sub-reason) of the code table into a treatment.

    Group PR always means that the patient owes it. A code for patient responsibility under any
    other group is a contradiction and goes to a person: the patient must not be billed for it.

    Raises
    ------
    RuleSetError
        If the bucket is not one of the table's words.
    """
    if group == "PR":
        return AdjustmentKind.PATIENT_RESPONSIBILITY
    if bucket == "contractual":
        return AdjustmentKind.CONTRACTUAL
    if bucket in _DENIAL_BUCKETS:
        return AdjustmentKind.DENIAL
    if bucket == "informational":
        return _INFORMATIONAL.get(sub_reason, AdjustmentKind.INFORMATIONAL)
    if bucket in {"unmapped", "patient_responsibility"}:
        return AdjustmentKind.UNMAPPED
    raise RuleSetError(
        "unknown_adjustment_bucket", detail=f"{bucket!r} is not a bucket of the code table."
    )
