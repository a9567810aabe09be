"""The one taxonomy: nine classes of denial, and what an adjustment is when it is none."""

from enum import StrEnum


class Bucket(StrEnum):
    """The nine classes. `unmapped` is deliberately not one: what nobody knows gets no class."""

    ELIGIBILITY = "eligibility"
    AUTHORIZATION = "authorization"
    CODING = "coding"
    BUNDLING = "bundling"
    TIMELY_FILING = "timely_filing"
    DUPLICATE = "duplicate"
    COORDINATION_OF_BENEFITS = "coordination_of_benefits"
    DEMOGRAPHIC_MISMATCH = "demographic_mismatch"
    PAYER_SPECIFIC_EDIT = "payer_specific_edit"


class Settled(StrEnum):
    """Adjustments that explain money without denying anything."""

    CONTRACTUAL = "contractual"
    PATIENT_RESPONSIBILITY = "patient_responsibility"
    INFORMATIONAL = "informational"


class Disposition(StrEnum):
    """What became of a charge. Ordered from the least to the most that a person must do."""

    NOT_ADJUDICATED = "not_adjudicated"
    """A reversal, a forwarded claim that is not the payer's, or a predetermination: no verdict."""

    PAID = "paid"
    INFORMATIONAL = "informational"
    CONTRACTUAL = "contractual"
    PATIENT_RESPONSIBILITY = "patient_responsibility"
    PARTIALLY_DENIED = "partially_denied"
    DENIED = "denied"
    UNMAPPED = "unmapped"


WORST_LAST: tuple[Disposition, ...] = tuple(Disposition)

DENIALS = frozenset({Disposition.PARTIALLY_DENIED, Disposition.DENIED, Disposition.UNMAPPED})


class Flag(StrEnum):
    """What changes the answer to a denial without changing its class."""

    UNPROCESSABLE = "unprocessable"
    """The payer never judged the claim: a new claim, no appeal (RARC MA130)."""

    NO_APPEAL = "no_appeal"
    APPEAL_RIGHTS = "appeal_rights"
    APPEAL_LOST = "appeal_lost"
    CROSSED_OVER = "crossed_over"
    """Forwarded to the next payer: wait for its remittance."""

    CORRECTION = "correction"
    RECOVERY_AUDIT = "recovery_audit"
    DO_NOT_BILL_PATIENT = "do_not_bill_patient"
    NOT_FINAL = "not_final"
    """The payer has not made up its mind: look again later."""

    REDUCTION = "reduction"
    """Pays less, denies nothing."""

    DEACTIVATED_CODE = "deactivated_code"
    GROUP_UNEXPECTED = "group_unexpected"
    """The reason came with a group the code list does not allow for it."""

    CONFLICTING_REMARKS = "conflicting_remarks"
    SEVERAL_BUCKETS = "several_buckets"
    ZERO_PAID_CONTRACTUAL = "zero_paid_contractual"
    """Nothing paid, nothing owed: the contract took all, which is seldom right."""
