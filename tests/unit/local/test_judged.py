"""What the report says of our rules is read from judgements, denials and acknowledgements."""

from datetime import UTC, datetime
from typing import Any

import pytest

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.revisions import FailedRule, Judgement
from functions.billing.domain.denials.case import DenialCase, DeniedLine
from functions.billing.domain.remittance.records import Adjustment
from functions.billing.domain.rules.rule_set import RuleSet, rule_set
from functions.billing.domain.submission.acknowledgement import Acknowledgement, AckVerdict
from local.judged import held_reasons, missed_by_rules
from tests.fakes import NOON

AT = datetime(2026, 3, 2, tzinfo=UTC)


RULES = rule_set(
    {
        "name": "scrub",
        "rules": [
            {
                "id": name,
                "kind": "required_fields",
                "reason_code": "group_number_missing",
                "severity": "reject",
                "owner": "front_desk",
                "recommended_action": "Ask for the group number.",
                "parameters": {"fields": ["coverage.group_number"]},
            }
            for name in ("units-limit", "duplicate-claim")
        ],
    }
)


def rules_of(version: str) -> RuleSet:
    assert version == RULES.version
    return RULES


class Kept:
    """What the table holds, of each kind."""

    def __init__(self, *records: Any) -> None:
        self.records = records

    def of(self, kind: type) -> list[Any]:
        return [one for one in self.records if isinstance(one, kind)]

    def under(self, kind: type, partition: str) -> list[Any]:
        return [one for one in self.of(kind) if one.key.partition == partition]


def claim(claim_id: str) -> Claim:
    return Claim(
        claim_id=claim_id,
        encounter_id="E1",
        patient_id="P1",
        coverage_id="V1",
        payer_id="BLUEPEAK",
        provider_id="R1",
        location_id="L1",
        department="",
        service_line="",
        service_on=NOON.date(),
        charge_cents=10_000,
        signed_at=AT,
        staged_at=AT,
    )


def judgement(claim_id: str, *failed: FailedRule, revision: int = 1) -> Judgement:
    return Judgement(
        claim_id=claim_id,
        judging=f"{revision:03d}",
        revision=revision,
        judged_at=AT,
        submitted_on=AT.date(),
        versions={"scrub": RULES.version},
        verdicts="pp",
        failed=failed,
    )


def failed(field_path: str, severity: str = "reject") -> FailedRule:
    return FailedRule(
        rule_id="pairs",
        reason_code="procedure_pair_conflict",
        field_path=field_path,
        severity=severity,
        owner="coding",
        recommended_action="Drop one.",
    )


def test_a_claim_held_twice_for_one_reason_counts_once_with_all_its_fields() -> None:
    store: Any = Kept(
        claim("C1"),
        claim("C2"),
        judgement("C1", failed("lines[1].procedure")),
        judgement("C1", failed("lines[2].procedure"), revision=2),
        judgement("C2", failed("lines[1].procedure", severity="warn")),
    )

    (held,) = held_reasons(store)

    assert (held.reason, held.queue, held.count) == ("procedure_pair_conflict", "coding", 1)
    assert held.fields == ("lines[1].procedure", "lines[2].procedure")
    assert held.amount_cents == 10_000


def denial(claim_id: str, *, is_first_pass: bool = True) -> DenialCase:
    adjustments = (Adjustment("CO", "45", 2_000), Adjustment("CO", "151", 8_000))
    return DenialCase(
        denial_id=f"D{claim_id}",
        claim_id=claim_id,
        payer_id="BLUEPEAK",
        occurrence="r1",
        lines=(
            DeniedLine(
                line_id="1",
                procedure="97110",
                charge_cents=10_000,
                paid_cents=0,
                denied_cents=8_000,
                adjustments=adjustments,
                remarks=("N362",),
            ),
        ),
        amount_cents=8_000,
        received_at=AT,
        is_first_pass=is_first_pass,
        bucket="coding",
    )


def test_first_denials_are_grouped_by_payer_and_code_beside_the_rules_that_passed_them() -> None:
    store: Any = Kept(
        *(judgement(name) for name in ("C1", "C2")),
        denial("C1"),
        denial("C2"),
        denial("C3", is_first_pass=False),
    )

    (missed,) = missed_by_rules(store, rules_of)

    assert (missed.payer_id, missed.said, missed.bucket) == ("BLUEPEAK", "denied", "coding")
    assert missed.codes == ("CO-151", "N362")
    assert (missed.count, missed.amount_cents) == (2, 16_000)
    assert missed.procedures == ("97110",)
    assert missed.rules_passed == ("units-limit",)


@pytest.mark.parametrize(("verdict", "count"), [(AckVerdict.REJECTED, 1), (AckVerdict.ACCEPTED, 0)])
def test_what_was_turned_away_at_the_door_counts_too(verdict: AckVerdict, count: int) -> None:
    answer = Acknowledgement(
        claim_id="C1",
        file_id="F1",
        ordinal=1,
        transaction_set="277CA",
        level="payer",
        verdict=verdict,
        codes=("A7:488",),
        received_at=AT,
    )

    store: Any = Kept(claim("C1"), answer)

    missed = missed_by_rules(store, rules_of)

    assert [(one.said, one.codes) for one in missed] == [
        ("rejected at the front door", ("A7:488",))
    ] * count
