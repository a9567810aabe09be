"""The shipped denial data, read once, and short ways to write payers' answers."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from functions.billing.domain.appeals.packet import AppealDocuments, appeal_documents
from functions.billing.domain.denials import (
    Classification,
    DenialTable,
    classify,
    denial_table,
    priority_weights,
    rejection_table,
    response_table,
)
from functions.billing.domain.denials.classify import Adjudicated
from functions.billing.domain.denials.priority import PriorityWeights
from functions.billing.domain.denials.rejections import RejectionTable
from functions.billing.domain.denials.response import ResponseTable
from functions.billing.domain.remittance.records import Adjustment
from functions.billing.domain.rules.automation import AutomationPolicy, automation_policy

RULESETS = Path(__file__).parents[3] / "rulesets"


def parsed(name: str) -> dict[str, Any]:
    content = json.loads((RULESETS / name).read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


@cache
def table() -> DenialTable:
    return denial_table(parsed("denials/carc.json"))


@cache
def responses() -> ResponseTable:
    return response_table(parsed("denials/responses.json"))


@cache
def weights() -> PriorityWeights:
    return priority_weights(parsed("denials/priority.json"))


@cache
def rejections() -> RejectionTable:
    return rejection_table(parsed("denials/rejections.json"))


@cache
def documents() -> AppealDocuments:
    return appeal_documents(parsed("denials/appeals.json"))


def automation(mode: str = "automate") -> AutomationPolicy:
    return automation_policy({"default": mode, "settings": []})


def adjustments(*written: str) -> tuple[Adjustment, ...]:
    """`"CO-97:5000"` is group, reason and cents."""
    parts = (one.replace("-", ":", 1).split(":") for one in written)
    return tuple(Adjustment(group, reason, int(cents)) for group, reason, cents in parts)


def answered(
    *written: str,
    charge_cents: int = 10000,
    paid_cents: int | None = None,
    remarks: tuple[str, ...] = (),
    **changes: Any,
) -> Adjudicated:
    """A charge as the payer answered it; what no adjustment takes was paid, unless said."""
    taken = adjustments(*written)
    if paid_cents is None:
        paid_cents = charge_cents - sum(one.amount_cents for one in taken)
    return Adjudicated(
        charge_cents=charge_cents,
        paid_cents=paid_cents,
        adjustments=taken,
        remarks=remarks,
        **changes,
    )


def classified(*written: str, **changes: Any) -> Classification:
    return classify(answered(*written, **changes), table())
