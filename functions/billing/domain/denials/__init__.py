"""Denials and rejections: what they are, which class they belong to, and what answers them."""

from functions.billing.domain.denials.buckets import Bucket, Disposition, Flag
from functions.billing.domain.denials.classify import Classification, classify, classify_claim
from functions.billing.domain.denials.priority import Priority, prioritize, priority_weights
from functions.billing.domain.denials.rejections import (
    classify_rejection,
    rejection_table,
    rejection_work,
    status_reasons,
)
from functions.billing.domain.denials.response import (
    DenialContext,
    DenialResponse,
    Resubmission,
    response_plan,
    response_table,
)
from functions.billing.domain.denials.table import DenialTable, denial_table

__all__ = [
    "Bucket",
    "Classification",
    "DenialContext",
    "DenialResponse",
    "DenialTable",
    "Disposition",
    "Flag",
    "Priority",
    "Resubmission",
    "classify",
    "classify_claim",
    "classify_rejection",
    "denial_table",
    "prioritize",
    "priority_weights",
    "rejection_table",
    "rejection_work",
    "response_plan",
    "response_table",
    "status_reasons",
]
