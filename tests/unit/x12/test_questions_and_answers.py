"""270 and 271, 276 and 277, 277CA, 999, TA1: what was asked and what was answered."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from functions.billing.x12 import (
    BenefitAnswer,
    Benefits,
    ClaimStatus,
    LineStatus,
    Period,
    Procedure,
    StatusCode,
    StatusInformation,
    X12Error,
    address,
    benefits_of,
    outcome_of_277ca,
    outcome_of_999,
    outcome_of_ta1,
    read,
    status_of_277,
    write,
)

from .examples import (
    DAY,
    NOON,
    NPI_CLINIC,
    PARTNER,
    claim_acknowledgement,
    eligibility_inquiry,
    interchange,
    numbers,
    read_one,
    status_inquiry,
    stc,
    transaction,
)

ACTIVE = ("EB*1**30*CI*GOLD PLAN", "DTP*291*RD8*20260101-20261231")


def response(*benefits: str, person: tuple[str, ...] = (), dependent: bool = False) -> Any:
    level = (
        ("HL*3*2*22*1", "NM1*IL*1*DOE*ANN****MI*M1", "HL*4*3*23*0", "NM1*03*1*DOE*TED")
        if dependent
        else ("HL*3*2*22*0", "TRN*2*T1*9CLINIC000", "NM1*IL*1*DOE*ANN****MI*M1")
    )
    body = [
        "BHT*0022*11*Q1*20260302*1030",
        "HL*1**20*1",
        "NM1*PR*2*PLAN*****PI*EX001",
        "HL*2*1*21*1",
        f"NM1*1P*2*CLINIC*****XX*{NPI_CLINIC}",
        *level,
        *person,
        *benefits,
    ]
    content = interchange(transaction("271*005010X279A1", body), functional_id="HB")
    return read_one(content).body


def benefits(*statements: str, service_type: str = "30", **options: Any) -> Benefits:
    return benefits_of(
        response(*statements, **options), service_date=DAY, service_type=service_type
    )


def test_an_eligibility_inquiry_reads_as_it_was_made() -> None:
    body = eligibility_inquiry()
    transactions = address([body], partner=PARTNER, numbers=numbers(), created=NOON, usage="P")
    content = write(transactions)
    again = read_one(content).body
    assert again == body
    assert b"TRN*1*T1*9CLINIC000~" in content
    assert b"EQ*30^98~" in content
    assert b"HL*3*2*22*0~" in content
    subscriber = again.sources[0].receivers[0].subscribers[0]
    assert subscriber.questions[0].service_types == ("30", "98")
    assert subscriber.party.birth_date == date(1980, 1, 1)


def test_active_needs_plan_dates_and_an_active_statement() -> None:
    assert benefits(*ACTIVE).coverage == "active"
    assert benefits("EB*1**30", person=("DTP*346*D8*20260101",)).coverage == "active"


@pytest.mark.parametrize(
    ("statements", "person", "coverage", "reason"),
    [
        (("EB*1**30",), (), "undetermined", "no_plan_dates"),
        (("EB*1**30",), ("DTP*472*D8*20260302",), "undetermined", "no_plan_dates"),
        (("EB*1**30",), ("DTP*347*D8*20260228",), "inactive", "outside_plan_dates"),
        (("EB*1**30",), ("DTP*346*D8*20260401",), "inactive", "outside_plan_dates"),
        (("EB*1**30",), ("DTP*291*RD8*20250101-20251231",), "inactive", "outside_plan_dates"),
        (("EB*1**30",), ("DTP*307*RD8*20260301-20260331",), "active", "active"),
        (("EB*6**30",), (), "inactive", "inactive"),
        (("EB*7**30",), (), "inactive", "inactive"),
        (("EB*5**30",), (), "undetermined", "pending_investigation"),
        (("EB*V",), (), "undetermined", "cannot_process"),
        (("EB*1**30", "EB*6**30"), (), "undetermined", "conflicting"),
        ((), (), "undetermined", "no_statement"),
        (("EB*I**30",), (), "inactive", "non_covered"),
    ],
)
def test_coverage_has_three_values(
    statements: tuple[str, ...], person: tuple[str, ...], coverage: str, reason: str
) -> None:
    found = benefits(*statements, person=person)
    assert (found.coverage, found.coverage_reason) == (coverage, reason)


def test_a_service_type_the_payer_did_not_answer_is_undetermined() -> None:
    found = benefits(*ACTIVE, service_type="98")
    assert (found.coverage, found.coverage_reason) == (
        "undetermined",
        "service_type_not_answered",
    )
    assert benefits("EB*6**30", service_type="98").coverage == "inactive"
    assert benefits("EB*1**30^98", person=ACTIVE[1:], service_type="98").coverage == "active"


COPAYS = (
    *ACTIVE,
    "EB*1**98",
    "EB*B*IND*98***27*25*****Y",
    "EB*B*IND*98***27*60*****N",
    "EB*A*IND*98*****.2****Y",
    "EB*C*IND*30***23*1500*****Y",
    "EB*C*IND*30***29*400*****Y",
    "EB*C*IND*30***24*1100*****Y",
    "EB*C*FAM*30***23*3000*****Y",
    "EB*C*IND*30***23*4000*****N",
    "EB*G*IND*30***23*6000*****W",
    "EB*G*IND*30***29*5500.50*****W",
)


def stated(answer: BenefitAnswer) -> int | None:
    assert answer.state == "stated"
    return answer.amount_cents


def test_remaining_and_total_are_kept_apart() -> None:
    found = benefits(*COPAYS, service_type="98")
    assert stated(found.deductible(level="IND")) == 150_000
    assert stated(found.deductible_remaining(level="IND")) == 40_000
    assert stated(found.deductible(level="FAM")) == 300_000
    assert stated(found.out_of_pocket(level="IND")) == 600_000
    assert stated(found.out_of_pocket_remaining(level="IND")) == 550_050


def test_in_and_out_of_network_are_kept_apart() -> None:
    found = benefits(*COPAYS, service_type="98")
    assert stated(found.copay(in_network=True)) == 2_500
    assert stated(found.copay(in_network=False)) == 6_000
    assert stated(found.deductible(in_network=False, level="IND")) == 400_000
    # W says that the network makes no difference.
    assert stated(found.out_of_pocket(in_network=False)) == 600_000
    assert found.coinsurance().percent == Decimal("0.2")


def test_several_amounts_that_fit_are_undetermined_never_the_first() -> None:
    found = benefits(*COPAYS, service_type="98")
    answer = found.copay(in_network=None)
    assert (answer.state, answer.amount_cents) == ("undetermined", None)
    assert len(answer.candidates) == 2
    assert found.deductible(level=None).state == "undetermined"
    assert benefits(*ACTIVE).copay().state == "absent"
    # Twice the same amount is one answer.
    twice = benefits(*ACTIVE, "EB*B**30***27*20*****Y", "EB*B**30***26*20*****Y")
    assert stated(twice.copay()) == 2_000


@pytest.mark.parametrize(
    ("said", "answer"),
    [(("Y",), True), (("N",), False), (("U",), None), (("Y", "N"), None), ((), None)],
)
def test_authorization_is_required_not_or_unknown(
    said: tuple[str, ...],
    answer: bool | None,  # noqa: FBT001
) -> None:
    found = benefits(*ACTIVE, *[f"EB*1**30********{each}" for each in said])
    assert found.authorization_required is answer


def test_another_payer_is_a_sign_of_coordination_of_benefits() -> None:
    found = benefits(*ACTIVE, "EB*R**30", "LS*2120", "NM1*PRP*2*OTHER PLAN*****PI*OP1", "LE*2120")
    (other,) = found.other_payers
    assert other.related_parties[0].name == "OTHER PLAN"


@pytest.mark.parametrize(
    ("reason", "group"),
    [
        ("42", "transient"),
        ("80", "transient"),
        ("79", "other"),
        ("43", "provider"),
        ("50", "provider"),
        ("51", "provider"),
        ("T4", "provider"),
        ("58", "patient_data"),
        ("67", "patient_data"),
        ("71", "patient_data"),
        ("72", "patient_data"),
        ("75", "patient_data"),
        ("52", "dates"),
        ("57", "dates"),
        ("62", "dates"),
        ("15", "other"),
    ],
)
def test_rejections_are_grouped_by_who_can_mend_them(reason: str, group: str) -> None:
    found = benefits(person=(f"AAA*N**{reason}*C",))
    assert found.coverage == "undetermined"
    assert found.coverage_reason == "rejected"
    (rejection,) = found.rejections
    assert (rejection.level, rejection.reason, rejection.group) == ("person", reason, group)
    assert found.is_transient == (group == "transient")


def test_a_routing_failure_beside_an_outage_is_transient() -> None:
    found = benefits(person=("AAA*Y**42*R", "AAA*Y**79*R"))
    assert [r.group for r in found.rejections] == ["transient", "transient"]
    assert found.is_transient


def test_a_rejection_above_the_person_is_found() -> None:
    body = response()
    segments = list(body.segments)
    at = segments.index("HL*2*1*21*1")
    source = [*segments[:at], "AAA*Y**42*P", *segments[at:]]
    content = interchange(transaction("271*005010X279A1", source), functional_id="HB")
    found = benefits_of(read_one(content).body, service_date=DAY)
    assert [(r.level, r.group, r.follow_up) for r in found.rejections] == [
        ("payer", "transient", "P")
    ]


def test_a_dependents_benefits_are_the_dependents() -> None:
    found = benefits(*ACTIVE, dependent=True)
    assert found.coverage == "active"
    assert found.member is not None
    assert found.member.first_name == "TED"


def test_a_response_about_several_people_must_be_asked_about_one() -> None:
    body = response(*ACTIVE, "HL*4*2*22*0", "NM1*IL*1*ROE*JAN****MI*M2", "EB*6**30")
    with pytest.raises(X12Error, match="several_people"):
        benefits_of(body, service_date=DAY)
    first, second = body.people()
    assert benefits_of(body, service_date=DAY, person=first).coverage == "active"
    assert benefits_of(body, service_date=DAY, person=second).coverage == "inactive"


def test_what_the_payer_changed_about_the_member_is_told() -> None:
    found = benefits(*ACTIVE, person=("DMG*D8*19800101*F", "INS*Y*18*001*25"))
    assert found.member is not None
    assert found.member.was_changed
    assert found.member.birth_date == date(1980, 1, 1)
    assert not benefits(*ACTIVE).member.was_changed  # type: ignore[union-attr]


def test_a_status_inquiry_reads_as_it_was_made() -> None:
    body = status_inquiry()
    content = write(address([body], partner=PARTNER, numbers=numbers(), created=NOON, usage="P"))
    assert read_one(content).body == body
    hierarchy = [s for s in content.split(b"~") if s.startswith(b"HL")]
    assert hierarchy == [b"HL*1**20*1", b"HL*2*1*21*1", b"HL*3*2*19*1", b"HL*4*3*22*0"]


def status_response(*segments: str) -> Any:
    body = [
        "BHT*0010*08*Q2*20260302*1030*DG",
        "HL*1**20*1",
        "NM1*PR*2*PLAN*****PI*EX001",
        "HL*2*1*21*1",
        "NM1*41*2*CLINIC*****46*CLINIC",
        "HL*3*2*19*1",
        f"NM1*1P*2*CLINIC*****XX*{NPI_CLINIC}",
        "HL*4*3*22*0",
        "NM1*IL*1*DOE*ANN****MI*M1",
        *segments,
    ]
    return read_one(interchange(transaction("277*005010X212", body), functional_id="HN")).body


@pytest.mark.parametrize(
    ("category", "answer"),
    [
        ("P1", "pending"),
        ("P3", "pending"),
        ("F1", "finalized"),
        ("F2", "finalized"),
        ("F3N", "finalized"),
        ("R4", "information_requested"),
        ("D0", "not_found"),
        ("A4", "not_found"),
        ("E1", "retry_later"),
        ("E2", "retry_later"),
        ("E0", "cannot_answer"),
        ("E3", "cannot_answer"),
        ("A2", "acknowledged"),
        ("Z9", "unrecognized"),
    ],
)
def test_a_status_answer_is_read_by_its_category(category: str, answer: str) -> None:
    (found,) = status_of_277(
        status_response("TRN*2*C1", f"STC*{category}:20*20260302**200", "REF*1K*ICN1", "REF*EJ*C1")
    )
    assert found.answer == answer
    assert (found.control_number, found.payer_claim_control_number) == ("C1", "ICN1")
    assert found.charge_cents == 20_000


def test_a_paid_status_tells_when_and_under_which_payment() -> None:
    (found,) = status_of_277(
        status_response("TRN*2*C1", "STC*F1:65*20260302**200*120*20260310**20260312*EFT0001")
    )
    assert found.paid_cents == 12_000
    assert found.finalized_on == date(2026, 3, 10)
    assert found.remittance_number == "EFT0001"


def test_an_answer_above_the_claims_is_not_lost() -> None:
    body = status_response("TRN*2*C1", "STC*P1:20*20260302")
    segments = list(body.segments)
    at = segments.index("HL*3*2*19*1")
    above = [*segments[:at], "TRN*2*0", "STC*E1:0*20260302", *segments[at:]]
    content = interchange(transaction("277*005010X212", above), functional_id="HN")
    first, second = status_of_277(read_one(content).body)
    assert (first.level, first.answer) == ("receiver", "retry_later")
    assert (second.level, second.answer) == ("claim", "pending")


def claim_status(category: str, *, action: str = "WQ", **options: Any) -> ClaimStatus:
    return ClaimStatus(
        trace_number="C1",
        statuses=stc(category, action=action),
        service_period=Period(DAY, DAY),
        **options,
    )


@pytest.mark.parametrize(
    ("category", "action", "outcome"),
    [
        ("A0", "WQ", "received"),
        ("A1", "WQ", "received"),
        ("A2", "WQ", "accepted"),
        ("A5", "WQ", "accepted"),
        ("A3", "U", "rejected"),
        ("A4", "U", "rejected"),
        ("A6", "U", "rejected"),
        ("A7", "U", "rejected"),
        ("A8", "U", "rejected"),
        # The category decides even where the action contradicts it, and the reverse.
        ("A7", "WQ", "rejected"),
        ("A1", "U", "rejected"),
        ("Z1", "WQ", "unrecognized"),
    ],
)
def test_received_is_not_accepted(category: str, action: str, outcome: str) -> None:
    found = outcome_of_277ca(
        claim_acknowledgement(
            claim_status(category, action=action, payer_claim_control_number="ICN1")
        )
    )
    (claim,) = found.claims
    assert claim.outcome == outcome
    assert claim.control_number == "C1"
    assert claim.payer_claim_control_number == "ICN1"
    assert claim.level == "claim"
    assert found.batch_ids == ("BATCH1",)
    assert found.rejected_at is None


@pytest.mark.parametrize("level", ["receiver", "provider"])
def test_a_rejection_above_rejects_every_claim_below(level: str) -> None:
    body = claim_acknowledgement(
        claim_status("A2"),
        claim_status("A1"),
        **{level: stc("A8", "562", "U")},
    )
    found = outcome_of_277ca(body)
    assert found.rejected_at == level
    assert [(c.outcome, c.level) for c in found.claims] == [("rejected", level)] * 2
    assert found.claims[0].codes == (StatusCode("A8", "562"),)


def test_a_batch_may_be_rejected_without_naming_a_claim() -> None:
    found = outcome_of_277ca(claim_acknowledgement(provider=stc("A3", "24", "U")))
    assert found.rejected_at == "provider"
    assert found.claims == ()
    assert [level.party_id for level in found.levels] == ["CLINIC", NPI_CLINIC]


def test_an_accepted_batch_may_hold_a_rejected_claim() -> None:
    found = outcome_of_277ca(
        claim_acknowledgement(
            claim_status("A2"), claim_status("A7", action="U"), receiver=stc("A1")
        )
    )
    assert found.rejected_at is None
    assert [c.outcome for c in found.claims] == ["accepted", "rejected"]


def test_a_rejected_line_rejects_its_claim() -> None:
    line = LineStatus(
        procedure=Procedure("HC", "99213"),
        charge_cents=100,
        statuses=stc("A7", "454", "U"),
        line_control_number="L1",
    )
    found = outcome_of_277ca(claim_acknowledgement(claim_status("A1", lines=(line,))))
    (claim,) = found.claims
    assert (claim.outcome, claim.level) == ("rejected", "line")
    assert claim.codes == (StatusCode("A7", "454"),)
    assert claim.lines[0].line_control_number == "L1"


def test_further_status_codes_of_a_segment_count() -> None:
    status = StatusInformation((StatusCode("A1", "20"), StatusCode("A7", "500", "85")), action="WQ")
    claim = ClaimStatus(trace_number="C1", statuses=(status,))
    body = claim_acknowledgement(claim)
    content = write(address([body], partner=PARTNER, numbers=numbers(), created=NOON, usage="P"))
    assert b"STC*A1:20**WQ*******A7:500:85~" in content
    assert read_one(content).body == body
    assert outcome_of_277ca(read_one(content).body).claims[0].outcome == "rejected"


def acknowledgement(*segments: str) -> Any:
    return read_one(interchange(transaction("999*005010X231A1", segments), functional_id="FA")).body


@pytest.mark.parametrize(
    ("code", "accepted", "partial"),
    [
        ("A", True, False),
        ("E", True, False),
        ("P", False, True),
        ("R", False, False),
        ("M", False, False),
        ("W", False, False),
        ("X", False, False),
    ],
)
def test_a_999_accepts_a_group_whole_in_part_or_not(
    code: str,
    accepted: bool,  # noqa: FBT001
    partial: bool,  # noqa: FBT001
) -> None:
    found = outcome_of_999(acknowledgement("AK1*HC*7*005010X222A1", f"AK9*{code}*2*2*1"))
    assert (found.is_accepted, found.is_partial) == (accepted, partial)
    assert (found.group_control_number, found.functional_id) == ("7", "HC")
    assert (found.included_count, found.accepted_count) == (2, 1)


def test_a_999_names_each_fault_without_the_bad_value() -> None:
    found = outcome_of_999(
        acknowledgement(
            "AK1*HC*7*005010X222A1",
            "AK2*837*0001*005010X222A1",
            "IK3*NM1*22*2310*8",
            "CTX*CLM01:C1",
            "IK4*9:1*67*I10*PRIVATE",
            "CTX*SITUATIONAL TRIGGER*NM1*22",
            "IK4*3*1035*1",
            "IK3*REF*30**3",
            "IK5*R*5",
            "AK2*837*0002*005010X222A1",
            "IK5*A",
            "AK9*P*2*2*1",
        )
    )
    first, second = found.transactions
    assert (first.control_number, first.is_accepted, first.errors) == ("0001", False, ("5",))
    assert second.is_accepted
    assert [
        (f.segment, f.position, f.element, f.component, f.element_code) for f in first.faults
    ] == [
        ("NM1", 22, 9, 1, "I10"),
        ("NM1", 22, 3, None, "1"),
        ("REF", 30, None, None, ""),
    ]
    assert first.faults[0].claim_control_number == "C1"
    assert "PRIVATE" not in repr(found)


@pytest.mark.parametrize(("code", "accepted"), [("A", True), ("E", True), ("R", False)])
def test_a_ta1_accepts_or_rejects_the_envelope(code: str, accepted: bool) -> None:  # noqa: FBT001
    content = interchange(functional_id="FA").replace(
        b"~GS*", f"~TA1*000000041*260330*1200*{code}*000~GS*".encode(), 1
    )
    first = next(iter(read(content)))
    found = outcome_of_ta1(first.body)  # type: ignore[union-attr]
    assert (found.control_number, found.is_accepted) == ("000000041", accepted)
