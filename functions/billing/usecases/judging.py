"""What an adjustment means for the money, by the active denial table."""

from collections.abc import Mapping
from typing import Any

from functions.billing.domain.denials.classify import Adjudicated, classify
from functions.billing.domain.denials.table import denial_table
from functions.billing.domain.remittance.adjustments import (
    AdjustmentJudge,
    AdjustmentKind,
    kind_of_bucket,
)
from functions.billing.domain.remittance.records import Adjustment


def adjustment_judge(content: Mapping[str, Any]) -> AdjustmentJudge:
    """A judge over a published denial table. What the table does not know is unmapped, never a guess."""
    table = denial_table(content)

    def judge(adjustment: Adjustment, remarks: tuple[str, ...], paid_cents: int) -> AdjustmentKind:
        charge = Adjudicated(
            charge_cents=abs(adjustment.amount_cents),
            paid_cents=paid_cents,
            adjustments=(adjustment,),
            remarks=remarks,
        )
        evidence = classify(charge, table).evidence[0]
        return kind_of_bucket(adjustment.group, evidence.bucket or "unmapped", evidence.sub_reason)

    return judge
