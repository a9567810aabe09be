from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.payer_simulator.scenes import (
    X12,
    ClaimSums,
    InstitutionalSent,
    Line,
    Scene,
    Sent,
    cents,
    claims_of,
    imbalances,
    member,
    payer,
    scripted,
)

TWO_LINES = (Line("99214", "200"), Line("93000", "80", units="2", modifiers=("26",)))


def _paid(scene: Scene, *claims: Sent) -> X12:
    for claim in claims or (Sent(lines=TWO_LINES),):
        assert scene.send(claim).status == 200
    file = scene.remit().only("835")
    assert imbalances(file) == []
    return file


def _one(file: X12) -> ClaimSums:
    (found,) = claims_of(file.sets[0])
    return found


def _decided(decision: dict[str, Any], **parts: Any) -> tuple[Scene, X12]:
    scene = Scene(script=[scripted(adjudication=decision)], **parts)
    return scene, _paid(scene)


def test_a_claim_is_paid_by_contract_fee_or_percent() -> None:
    contract = {"allowed_percent_of_charge": 50, "fee_schedule_cents": {"93000": 1500}}
    scene = Scene(payers=[payer(contract=contract)])
    file = _paid(scene)
    paid = _one(file)
    assert (paid.status, paid.charge, paid.paid) == ("1", 28000, 10000 + 2 * 1500)
    assert paid.codes == [("CO", "45", 10000), ("CO", "45", 5000)]
    assert [one[1] for one in file.all("SVC")] == ["HC:99214", "HC:93000:26"]
    assert [one[2] for one in file.all("REF", "6R")] == ["PCN1L1", "PCN1L2"]
    assert scene.claim()["fate"] == "paid"


def test_a_fee_above_the_charge_pays_the_charge() -> None:
    scene = Scene(payers=[payer(contract={"fee_schedule_cents": {"99213": 99900}})])
    assert _one(_paid(scene, Sent())).paid == 15000


def test_copay_deductible_and_coinsurance_fall_on_the_member_in_turn() -> None:
    share = {"copay_cents": 2000, "deductible_cents": 5000, "coinsurance_percent": 20}
    scene = Scene(
        payers=[payer(cost_share=share)],
        members=[member(accumulators={"deductible_met_cents": 1000})],
    )
    paid = _one(_paid(scene, Sent(lines=(Line(charge="200"),))))
    # Allowed 120.00: copay 20.00, what is left of the deductible 40.00, 20% of the other 60.00.
    assert ("PR", "3", 2000) in paid.codes
    assert ("PR", "1", 4000) in paid.codes
    assert ("PR", "2", 1200) in paid.codes
    assert (paid.paid, paid.responsibility) == (4800, 7200)
    met = _one(_paid(scene, Sent(pcn="PCN2", day="2026-02-21", lines=(Line(charge="200"),))))
    assert not [one for one in met.codes if one[:2] == ("PR", "1")]


def test_the_member_bears_no_more_than_the_year_allows() -> None:
    share = {
        "copay_cents": 1000,
        "deductible_cents": 5000,
        "coinsurance_percent": 50,
        "out_of_pocket_cents": 7000,
    }
    scene = Scene(payers=[payer(cost_share=share)])
    paid = _one(_paid(scene, Sent(lines=(Line(charge="300"),))))
    assert {one[1]: one[2] for one in paid.codes if one[0] == "PR"} == {
        "3": 1000,
        "1": 5000,
        "2": 1000,
    }
    assert _one(_paid(scene, Sent(pcn="PCN2", day="2026-02-21"))).responsibility == 0


def test_a_claim_taken_back_gives_the_deductible_back() -> None:
    scene = Scene(payers=[payer(cost_share={"deductible_cents": 9000})])
    assert _one(_paid(scene, Sent())).responsibility == 9000
    number = scene.claim()["payer_claim_control_number"]
    scene.send(Sent(pcn="PCN2", frequency="8", claim_extra=(f"REF*F8*{number}",)))
    scene.remit()
    assert _one(_paid(scene, Sent(pcn="PCN3", day="2026-02-21"))).responsibility == 9000


def test_a_whole_denial_pays_nothing_and_says_why() -> None:
    reason = {"group": "CO", "carc": "197", "rarcs": ["M62"]}
    scene, file = _decided({"kind": "deny", "reason": reason})
    denied = _one(file)
    assert (denied.status, denied.paid) == ("1", 0)
    assert denied.codes == [("CO", "197", 20000), ("CO", "197", 8000)]
    assert [one[2] for one in file.all("LQ", "HE")] == ["M62", "M62"]
    assert file.one("BPR")[1:5] == ["H", "0", "C", "NON"]
    assert scene.claim()["fate"] == "denied"


def test_a_remark_of_claim_level_stands_in_moa() -> None:
    reason = {"group": "CO", "carc": "16", "rarcs": ["MA130", "N382"]}
    _scene, file = _decided({"kind": "deny", "reason": reason})
    assert file.one("MOA") == ["MOA", "", "", "MA130"]
    assert {one[2] for one in file.all("LQ", "HE")} == {"N382"}


def test_a_line_denial_pays_the_other_line() -> None:
    reason = {"group": "CO", "carc": "97", "rarcs": ["M15"]}
    scene, file = _decided({"kind": "deny", "reason": reason, "lines": [2]})
    partly = _one(file)
    assert partly.paid == 12000
    assert partly.codes == [("CO", "45", 8000), ("CO", "97", 8000)]
    assert scene.claim()["fate"] == "partially_denied"


def test_a_denial_at_claim_level_has_no_lines() -> None:
    reason = {"group": "CO", "carc": "29"}
    _scene, file = _decided({"kind": "deny", "reason": reason, "claim_level": True})
    denied = _one(file)
    assert (denied.lines, denied.own_adjustments, denied.paid) == (0, 28000, 0)


def test_a_partial_payment_adjusts_the_rest_under_its_reason() -> None:
    reason = {"group": "CO", "carc": "59"}
    _scene, file = _decided({"kind": "partial", "paid_percent": 25, "reason": reason})
    partly = _one(file)
    assert partly.paid == 4200
    assert sum(one[2] for one in partly.codes if one[1] == "59") == 12600


def test_a_zero_payment_on_the_deductible_is_not_a_denial() -> None:
    scene, file = _decided({"kind": "zero_pay"})
    zero = _one(file)
    assert (zero.paid, zero.responsibility) == (0, 16800)
    assert {one[:2] for one in zero.codes} == {("CO", "45"), ("PR", "1")}
    assert scene.claim()["fate"] == "zero_paid"


def test_a_downcoded_line_names_both_codes() -> None:
    decision = {"kind": "downcode", "line": 1, "paid_as": "99213", "allowed_percent_of_charge": 30}
    _scene, file = _decided(decision)
    line = file.all("SVC")[0]
    assert (line[1], line[6]) == ("HC:99213", "HC:99214")
    assert cents(line[3]) == 6000
    assert ("CO", "150", 6000) in _one(file).codes


def test_the_members_share_can_be_given_outright() -> None:
    decision = {"kind": "patient_share", "deductible_cents": 13000, "copay_cents": 1000}
    _scene, file = _decided(decision)
    assert _one(file).codes == [
        ("CO", "45", 8000),
        ("PR", "1", 12000),
        ("CO", "45", 3200),
        ("PR", "1", 1000),
        ("PR", "3", 1000),
    ]


def test_an_adjustment_at_claim_level_comes_on_top_of_the_lines() -> None:
    reason = {"group": "OA", "carc": "23"}
    _scene, file = _decided({"kind": "claim_level", "reason": reason, "amount_cents": 1500})
    adjusted = _one(file)
    assert adjusted.own_adjustments == 1500
    assert adjusted.paid == adjusted.line_paid - 1500


def test_lines_can_be_given_outright_with_more_than_six_adjustments() -> None:
    many = [
        {"group": "CO", "carc": carc, "amount_cents": 100}
        for carc in ("45", "59", "253", "97", "151", "150", "234")
    ]
    decision = {"kind": "lines", "lines": [{"line": 1, "adjustments": many, "rarcs": ["N130"]}]}
    _scene, file = _decided(decision)
    groups = [one for one in file.all("CAS", "CO") if len(one) > 5]
    assert [len(one) for one in groups] == [19]
    assert cents(file.all("SVC")[0][3]) == 20000 - 700


def test_a_claim_status_can_be_given() -> None:
    reason = {"group": "CO", "carc": "31"}
    _scene, file = _decided({"kind": "deny", "reason": reason, "claim_status": "4"})
    assert _one(file).status == "4"


def test_a_pended_claim_is_decided_some_waves_later() -> None:
    decision = {"kind": "pend", "waves": 2, "then": {"kind": "zero_pay"}}
    scene = Scene(script=[scripted(adjudication=decision)])
    scene.send(Sent())
    assert scene.remit().files == []
    assert scene.claim()["fate"] == "pending"
    assert scene.remit().files == []
    assert _one(scene.remit().only("835")).paid == 0


def test_a_claim_pended_for_ever_is_not_waited_for() -> None:
    scene = Scene(script=[scripted(adjudication={"kind": "pend"})])
    scene.send(Sent())
    assert scene.remit().pending["remittances"] == 0
    assert scene.claim()["fate"] == "pending"


@pytest.mark.parametrize(
    ("changes", "claim", "code"),
    [
        ({"payers": [payer(authorization_codes=["99213"])]}, Sent(), ("CO", "197")),
        ({"payers": [payer(filing_limit_days=5)]}, Sent(), ("CO", "29")),
        ({"payers": [payer(unknown_member="deny")]}, Sent(member_id="X1"), ("CO", "31")),
        ({"payers": [payer(unknown_member="accept")]}, Sent(member_id="X1"), ("CO", "45")),
        (
            {"members": [member(coverage=[{"begins_on": "2025-01-01", "ends_on": "2026-01-31"}])]},
            Sent(),
            ("CO", "27"),
        ),
        ({"members": [member(coverage=[{"begins_on": "2026-03-01"}])]}, Sent(), ("CO", "26")),
        (
            {
                "members": [
                    member(other_payers=[{"payer_id": "X", "name": "X", "comes_first": True}])
                ]
            },
            Sent(),
            ("OA", "22"),
        ),
    ],
)
def test_the_rules_of_the_payer(
    changes: dict[str, Any], claim: Sent, code: tuple[str, str]
) -> None:
    assert _one(_paid(Scene(changes), claim)).codes[0][:2] == code


def test_an_authorization_number_satisfies_the_payer() -> None:
    scene = Scene(payers=[payer(authorization_codes=["99213"])])
    assert _one(_paid(scene, Sent(claim_extra=("REF*G1*AUTH77",)))).paid == 9000


def test_an_edit_of_the_payer_denies_the_line_it_names() -> None:
    edit = {
        "name": "unit cap", "stage": "adjudication",
        "when": {"procedure_codes": ["93000"], "units_over": 1},
        "deny": {"group": "CO", "carc": "151", "rarcs": ["N362"]},
    }  # fmt: skip
    scene = Scene(payers=[payer(edits=[edit])])
    assert _one(_paid(scene)).codes == [("CO", "45", 8000), ("CO", "151", 8000)]


def test_a_script_is_for_the_first_submission_only_when_it_says_so() -> None:
    reason = {"group": "CO", "carc": "16", "rarcs": ["N382"]}
    match = {"member_id": "W1001", "submission": 1}
    scene = Scene(script=[scripted(match=match, adjudication={"kind": "deny", "reason": reason})])
    assert _one(_paid(scene, Sent())).paid == 0
    number = scene.claim()["payer_claim_control_number"]
    file = _paid(scene, Sent(pcn="PCN2", frequency="7", claim_extra=(f"REF*F8*{number}",)))
    reversal, corrected = claims_of(file.sets[0])
    assert (reversal.pcn, reversal.status, reversal.charge) == ("PCN1", "22", -15000)
    assert reversal.codes == [("CO", "16", -15000)]
    assert (corrected.pcn, corrected.status, corrected.paid) == ("PCN2", "1", 9000)
    assert scene.claim("PCN1")["fate"] == "replaced"
    assert scene.report()["totals"]["duplicates_at_payer"] == 0


def test_a_void_takes_the_payment_back() -> None:
    scene = Scene()
    _paid(scene, Sent())
    number = scene.claim()["payer_claim_control_number"]
    scene.send(Sent(pcn="PCN2", frequency="8", claim_extra=(f"REF*F8*{number}",)))
    file = scene.remit().only("835")
    assert imbalances(file) == []
    assert _one(file).status == "22"
    assert _one(file).paid == -9000
    # A payment does not fall below zero: what is owed is carried forward.
    assert file.one("BPR")[2] == "0"
    assert file.one("PLB")[3:] == [f"FB:{file.one('TRN')[2]}", "-90"]
    assert scene.claim("PCN1")["fate"] == "voided"
    assert scene.claim("PCN1")["paid_cents"] == 0
    assert scene.report()["totals"]["duplicates_at_payer"] == 0


def test_a_void_of_a_claim_not_yet_decided_leaves_nothing_to_pay() -> None:
    scene = Scene(script=[scripted(match={"patient_control_number": "PCN1"},
                                   adjudication={"kind": "pend", "waves": 3})])  # fmt: skip
    scene.send(Sent())
    scene.remit()
    number = scene.claim()["payer_claim_control_number"]
    scene.send(Sent(pcn="PCN2", frequency="8", claim_extra=(f"REF*F8*{number}",)))
    for _ in range(8):
        assert scene.remit().files == []
    assert scene.claim("PCN1")["fate"] == "voided"


def test_the_same_claim_again_is_counted_and_denied_as_a_duplicate() -> None:
    scene = Scene()
    _paid(scene, Sent())
    assert _one(_paid(scene, Sent(pcn="PCN2"))).codes == [("OA", "18", 15000)]
    report = scene.report()
    assert report["totals"]["duplicates_at_payer"] == 1
    assert report["payers"][0]["members"][0]["duplicates_at_payer"] == 1
    assert scene.claim("PCN2")["duplicate_of"] == "PCN1"


@pytest.mark.parametrize(
    "other",
    [
        Sent(pcn="PCN2", day="2026-02-21"),
        Sent(pcn="PCN2", lines=(Line(charge="151"),)),
        Sent(pcn="PCN2", lines=(Line(code="99214"),)),
        Sent(pcn="PCN2", lines=(Line(modifiers=("25",)),)),
        Sent(pcn="PCN2", npi="1760854442"),
    ],
)
def test_another_claim_is_not_a_duplicate(other: Sent) -> None:
    scene = Scene()
    _paid(scene, Sent(), other)
    assert scene.report()["totals"]["duplicates_at_payer"] == 0


@pytest.mark.parametrize(
    "script",
    [
        {"acknowledgement": {"syntax": "rejected"}},
        {"acknowledgement": {"claim_answers": [{"category": "A7", "status": "21"}]}},
    ],
)
def test_a_claim_sent_again_after_a_rejection_is_no_duplicate(script: dict[str, Any]) -> None:
    match = {"member_id": "W1001", "submission": 1}
    scene = Scene(script=[scripted(match=match, **script)])
    scene.send(Sent())
    scene.acknowledge()
    scene.send(Sent(pcn="PCN2"))
    report = scene.report()
    assert report["totals"]["duplicates_at_payer"] == 0
    assert report["totals"]["accepted_claims"] == 1


def test_a_claim_sent_anew_after_unprocessable_is_no_duplicate() -> None:
    reason = {"group": "CO", "carc": "16", "rarcs": ["MA130"]}
    match = {"member_id": "W1001", "submission": 1}
    scene = Scene(script=[scripted(match=match, adjudication={"kind": "deny", "reason": reason})])
    _paid(scene, Sent())
    assert _one(_paid(scene, Sent(pcn="PCN2"))).paid == 9000
    assert scene.report()["totals"]["duplicates_at_payer"] == 0


OTHER_PAYER = (
    "SBR*P*18*******CI",
    "AMT*D*90",
    "OI***Y***Y",
    "NM1*IL*1*ARMSTRONG*ADA****MI*P900",
    "NM1*PR*2*FIRST PAYER*****PI*FIRST",
)


def test_a_secondary_payer_pays_what_the_first_left_to_the_patient() -> None:
    line = Line(
        extra=("SVD*FIRST*90*HC:99213**1", "CAS*CO*45*40", "CAS*PR*1*20", "DTP*573*D8*20260225")
    )
    scene = Scene(payers=[payer(contract={"allowed_percent_of_charge": 70})])
    file = _paid(scene, Sent(lines=(line,), responsibility="S", before_lines=OTHER_PAYER))
    paid = _one(file)
    # Allowed 105.00, paid before 90.00: 15.00 of the 20.00 left to the patient.
    assert (paid.status, paid.paid, paid.responsibility) == ("2", 1500, 500)
    assert ("OA", "23", 13000) in paid.codes


def test_a_secondary_claim_that_says_the_amounts_at_claim_level_is_paid_too() -> None:
    before = (*OTHER_PAYER[:1], "CAS*PR*1*20", *OTHER_PAYER[1:])
    scene = Scene(payers=[payer(contract={"allowed_percent_of_charge": 100})])
    paid = _one(_paid(scene, Sent(responsibility="S", before_lines=before)))
    assert (paid.paid, paid.responsibility) == (2000, 0)


def test_a_secondary_claim_without_the_first_payers_amounts_is_denied() -> None:
    assert _one(_paid(Scene(), Sent(responsibility="S"))).codes == [("CO", "16", 15000)]


def test_a_dependent_is_paid_under_the_subscriber() -> None:
    child = {"last_name": "ARMSTRONG", "first_name": "BEA", "birth_date": "2015-04-01", "sex": "F"}
    scene = Scene(members=[member(dependents=[child])])
    loop = (
        "HL*3*2*23*0", "PAT*19", "NM1*QC*1*ARMSTRONG*BEA", "N3*5 ELM STREET",
        "N4*BOSTON*MA*021100002", "DMG*D8*20150401*F",
    )  # fmt: skip
    file = _paid(scene, Sent(dependent=loop))
    assert file.one("NM1", "QC")[3:5] == ["ARMSTRONG", "BEA"]
    assert file.one("NM1", "IL")[4] == "ADA"


def test_a_former_identifier_is_paid_and_the_present_one_returned() -> None:
    scene = Scene(members=[member("W2002", former_member_ids=["W1001"])])
    file = _paid(scene, Sent())
    assert file.one("NM1", "74")[8:] == ["C", "W2002"]


def test_an_institutional_claim_is_paid_by_revenue_code() -> None:
    scene = Scene()
    assert scene.send_institutional(InstitutionalSent()).status == 200
    file = scene.remit().only("835")
    assert imbalances(file) == []
    assert [one[1] for one in file.all("SVC")] == ["HC:99283", "NU:0250"]
    assert file.all("SVC")[0][4] == "0450"
    assert file.one("CLP")[8:10] == ["13", "1"]


def test_an_institutional_claim_may_be_denied_at_claim_level_in_mia() -> None:
    reason = {"group": "CO", "carc": "197", "rarcs": ["MA66"]}
    script = scripted(adjudication={"kind": "deny", "reason": reason, "claim_level": True})
    scene = Scene(script=[script])
    scene.send_institutional(InstitutionalSent(place="11"))
    file = scene.remit().only("835")
    assert imbalances(file) == []
    assert file.one("MIA")[5] == "MA66"
    assert not file.all("SVC")


DECISIONS = st.one_of(
    st.just({"kind": "contract"}),
    st.just({"kind": "zero_pay"}),
    st.integers(0, 100).map(lambda n: {"kind": "contract", "allowed_percent_of_charge": n}),
    st.integers(0, 100).map(
        lambda n: {"kind": "partial", "paid_percent": n, "reason": {"group": "CO", "carc": "59"}}
    ),
    st.sampled_from([(), (1,), (2,), (1, 2)]).map(
        lambda lines: {"kind": "deny", "reason": {"group": "CO", "carc": "97"}, "lines": lines}
    ),
    st.integers(0, 100).map(
        lambda n: {"kind": "downcode", "paid_as": "99212", "allowed_percent_of_charge": n}
    ),
    st.tuples(*[st.integers(0, 30000)] * 3).map(
        lambda n: {
            "kind": "patient_share",
            "deductible_cents": n[0],
            "coinsurance_cents": n[1],
            "copay_cents": n[2],
        }
    ),
    st.integers(-5000, 5000).map(
        lambda n: {
            "kind": "claim_level", "amount_cents": n, "reason": {"group": "OA", "carc": "94"},
        }
    ),
)  # fmt: skip


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    first=DECISIONS,
    correction=DECISIONS,
    charges=st.lists(st.integers(1, 99999), min_size=2, max_size=4),
    share=st.fixed_dictionaries(
        {
            "copay_cents": st.integers(0, 9000),
            "deductible_cents": st.integers(0, 50000),
            "coinsurance_percent": st.integers(0, 100),
            "out_of_pocket_cents": st.integers(0, 90000),
        }
    ),
)
def test_every_remittance_balances_whatever_is_decided(
    first: dict[str, Any], correction: dict[str, Any], charges: list[int], share: dict[str, int]
) -> None:
    follow_ups = [
        {"kind": "reversal", "correction": correction},
        {"kind": "takeback", "amount_cents": 7777, "after_waves": 2},
        {"kind": "interest", "amount_cents": 123},
    ]
    scene = Scene(
        payers=[payer(cost_share=share)],
        script=[scripted(adjudication=first, follow_ups=follow_ups)],
    )
    lines = tuple(Line(charge=f"{one // 100}.{one % 100:02d}") for one in charges)
    scene.send(Sent(lines=lines))
    payments = 0
    for _ in range(4):
        delivery = scene.remit()
        for file in delivery.x12("835"):
            assert imbalances(file) == []
            payments += cents(file.one("BPR")[2])
            assert cents(file.one("BPR")[2]) >= 0
    assert payments == scene.report()["totals"]["payment_cents"]
