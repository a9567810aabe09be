"""What the payers' own books say, for comparison with the product's ledger."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.payer_simulator.records import Appeal, Landed, RemittanceRecord
    from local.payer_simulator.simulator import Simulator

_COUNTED = (
    "submissions_received",
    "accepted_claims",
    "rejected_claims",
    "duplicates_at_payer",
    "never_acknowledged",
)


def report(simulator: Simulator) -> dict[str, object]:
    """Return the whole report as plain JSON values; money in cents."""
    by_payer: dict[str, list[Landed]] = {one: [] for one in simulator.payers}
    for landed in simulator.landed:
        by_payer[landed.payer.payer_id].append(landed)
    records: dict[str, list[RemittanceRecord]] = {one: [] for one in simulator.payers}
    for record in simulator.remittances.values():
        records[record.payer_id].append(record)
    payers = [
        _payer(payer_id, by_payer[payer_id], records[payer_id]) for payer_id in simulator.payers
    ]
    return {
        "today": simulator.today.isoformat(),
        "eligibility": {
            "inquiries": simulator.eligibility_counts.total(),
            "by_answer": dict(sorted(simulator.eligibility_counts.items())),
        },
        "submissions": {
            **{one: simulator.counts[one] for one in ("posts", "landed", "replayed", "refused")},
            "faults": dict(sorted(simulator.faults_played.items())),
        },
        "payers": payers,
        "totals": {**_counts(simulator.landed), **_money(simulator.remittances.values())},
        "deposits_cents": sum(one.amount_cents for one in simulator.deposits),
        "claims": [_claim(one) for one in sorted(simulator.landed, key=_place)],
        "appeals": [appeal_json(one) for one in simulator.appeals.values()],
    }


def _place(landed: Landed) -> tuple[object, ...]:
    return (landed.payer.payer_id, *landed.sort_key)


def _payer(
    payer_id: str, claims: list[Landed], records: list[RemittanceRecord]
) -> dict[str, object]:
    by_member: dict[str, list[Landed]] = {}
    for landed in claims:
        by_member.setdefault(landed.claim.subscriber.identifier, []).append(landed)
    return {
        "payer_id": payer_id,
        **_counts(claims),
        **_money(records),
        "patient_responsibility_cents": sum(
            settled.patient_responsibility_cents for one in claims for _, settled in one.history
        ),
        "remittances": [_remittance(one) for one in records],
        "members": [
            {"member_id": member_id, **_counts(theirs)}
            for member_id, theirs in sorted(by_member.items())
        ],
    }


def _counts(claims: Iterable[Landed]) -> dict[str, int]:
    count: Counter[str] = Counter()
    for one in claims:
        count["submissions_received"] += 1
        count["accepted_claims"] += one.accepted
        count["rejected_claims"] += not one.accepted
        count["duplicates_at_payer"] += one.duplicate_of is not None
        count["never_acknowledged"] += not one.acknowledged
    return {name: count[name] for name in _COUNTED}


def _money(records: Iterable[RemittanceRecord]) -> dict[str, int]:
    ones = list(records)
    return {
        "charged_cents": sum(one.charged_cents for one in ones),
        "paid_cents": sum(one.paid_cents for one in ones),
        "provider_adjustment_cents": sum(one.provider_adjustment_cents for one in ones),
        "payment_cents": sum(one.payment_cents for one in ones),
        "deposit_cents": sum(one.deposit_cents for one in ones),
    }


def _remittance(record: RemittanceRecord) -> dict[str, object]:
    return {
        "trace": record.trace,
        "file_ids": record.file_ids,
        "charged_cents": record.charged_cents,
        "paid_cents": record.paid_cents,
        "provider_adjustment_cents": record.provider_adjustment_cents,
        "payment_cents": record.payment_cents,
        "deposit_cents": record.deposit_cents,
        "script": record.script,
    }


def _claim(landed: Landed) -> dict[str, object]:
    claim = landed.claim
    net: Counter[tuple[str, str]] = Counter()
    for _number, settled in landed.history:
        for one in settled.adjustments:
            net[one.group, one.carc] += one.cents
    duplicate = landed.duplicate_of
    return {
        "payer_id": landed.payer.payer_id,
        "member_id": claim.subscriber.identifier,
        "patient_control_number": claim.patient_control_number,
        "payer_claim_control_number": landed.number if landed.accepted else None,
        "standing_claim_control_number": landed.standing_number or None,
        "frequency": claim.frequency,
        "responsibility": claim.responsibility,
        "submission": landed.nth,
        "submission_id": landed.submission_id,
        "service_from": claim.first_day.isoformat(),
        "charge_cents": claim.charge_cents,
        "front_door": landed.front_door,
        "front_door_status": landed.front_door_status,
        "acknowledged": landed.acknowledged,
        "duplicate_of": duplicate.claim.patient_control_number if duplicate else None,
        "fate": landed.fate or ("pending" if landed.pending else "not_adjudicated"),
        "allowed_cents": landed.standing.allowed_cents if landed.standing else 0,
        "paid_cents": sum(settled.paid_cents for _, settled in landed.history),
        "patient_responsibility_cents": sum(
            settled.patient_responsibility_cents for _, settled in landed.history
        ),
        "adjustments": [
            {"group": group, "carc": carc, "cents": cents}
            for (group, carc), cents in sorted(net.items())
            if cents
        ],
        "remittances": landed.traces,
        "script": landed.scripted.names,
    }


def appeal_json(appeal: Appeal) -> dict[str, object]:
    """Return an appeal as the report and the deliveries show it."""
    decided = appeal.decided_on
    return {
        "appeal_id": appeal.appeal_id,
        "payer_id": appeal.landed.payer.payer_id,
        "payer_claim_control_number": appeal.number,
        "patient_control_number": appeal.landed.claim.patient_control_number,
        "member_id": appeal.landed.claim.subscriber.identifier,
        "level": appeal.level,
        "received_on": appeal.received_on.isoformat(),
        "decided_on": decided.isoformat() if decided else None,
        "decision": appeal.answer.decision if decided else None,
        "reference": appeal.receipt_id,
        "reason": appeal.answer.reason if decided else None,
    }
