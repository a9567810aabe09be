import json
from typing import Any

import pytest

from tests.unit.payer_simulator.scenes import ELIGIBILITY, X12, Scene, inquiry_270, member, payer

SHARE = {
    "copay_cents": 2500,
    "coinsurance_percent": 20,
    "deductible_cents": 150000,
    "out_of_pocket_cents": 600000,
}


def _benefits(file: X12, code: str) -> list[list[str]]:
    return [(one + [""] * 13)[:13] for one in file.all("EB", code)]


def test_an_active_member_is_answered_in_and_out_of_network_and_with_what_remains() -> None:
    scene = Scene(
        payers=[payer(cost_share=SHARE, plan_name="GOLD PPO")],
        members=[member(accumulators={"deductible_met_cents": 40000})],
    )
    file = scene.ask(inquiry_270())
    assert file.one("TRN", "2")[2:] == ["TRACE-1", "9CLINIC001"]
    assert file.one("EB", "1")[5] == "GOLD PPO"
    deductible = {(one[6], one[12]): one[7] for one in _benefits(file, "C")}
    assert deductible["23", "Y"] == "1500"
    assert deductible["29", "Y"] == "1100"
    assert deductible["29", "N"] == "3000"
    assert {one[12]: one[7] for one in _benefits(file, "B")} == {"Y": "25", "N": "60"}
    assert {one[12]: one[8] for one in _benefits(file, "A")} == {"Y": ".2", "N": ".4"}
    assert {one[6] for one in _benefits(file, "G")} == {"23", "29"}


def test_paid_claims_reduce_what_remains() -> None:
    from tests.unit.payer_simulator.scenes import Sent  # noqa: PLC0415

    scene = Scene(payers=[payer(cost_share=SHARE)])
    scene.send(Sent())
    scene.remit()
    file = scene.ask(inquiry_270())
    remaining = [one for one in _benefits(file, "C") if (one[6], one[12]) == ("29", "Y")]
    # Allowed 90.00 less the copay of 25.00 fell on the deductible.
    assert remaining[0][7] == "1435"


@pytest.mark.parametrize(
    ("coverage", "day", "eb01"),
    [
        ([{"begins_on": "2025-01-01"}], "20260302", "1"),
        ([{"begins_on": "2025-01-01", "ends_on": "2026-02-28"}], "20260302", "6"),
        ([{"begins_on": "2026-04-01"}], "20260302", "6"),
        ([{"begins_on": "2025-01-01", "eb01": "5"}], "20260302", "5"),
        ([{"begins_on": "2025-01-01", "eb01": "V"}], "20260302", "V"),
        (
            [
                {"begins_on": "2025-01-01", "ends_on": "2025-12-31"},
                {"begins_on": "2026-01-01", "plan_name": "NEW PLAN"},
            ],
            "20260302",
            "1",
        ),
    ],
)
def test_coverage_is_answered_for_the_day_asked(
    coverage: list[dict[str, Any]], day: str, eb01: str
) -> None:
    file = Scene(members=[member(coverage=coverage)]).ask(inquiry_270(day=day))
    assert file.all("EB")[0][1] == eb01
    assert file.all("DTP", "346")
    if eb01 in {"6", "V"}:
        assert len(file.all("EB")) == 1


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"member_id": "NOBODY"}, "75"),
        ({"member_id": ""}, "72"),
        ({"born": "19800518"}, "71"),
        ({"last": "ARMSTONG"}, "73"),
        ({"dependent": ("ARMSTRONG", "NOBODY", "20150401")}, "67"),
    ],
)
def test_a_member_that_does_not_match_is_refused(asked: dict[str, Any], code: str) -> None:
    file = Scene().ask(inquiry_270(**asked))
    assert file.one("AAA")[3] == code
    assert not file.all("EB")


def test_a_lenient_payer_answers_its_own_data_and_says_that_it_did() -> None:
    scene = Scene(payers=[payer(member_match="member_id")])
    file = scene.ask(inquiry_270(last="ARMSTONG"))
    assert file.one("NM1", "IL")[3] == "ARMSTRONG"
    assert file.one("INS") == ["INS", "Y", "18", "001", "25"]


def test_an_old_identifier_is_answered_with_the_present_one() -> None:
    scene = Scene(members=[member("W2002", former_member_ids=["W1001"])])
    file = scene.ask(inquiry_270("W1001"))
    assert file.one("NM1", "IL")[9] == "W2002"
    assert file.all("INS")
    assert not scene.ask(inquiry_270("W2002")).all("INS")


def test_corrections_are_answered_in_place_of_what_was_asked() -> None:
    fixes = {"first_name": "ADELE", "birth_date": "1980-05-18"}
    file = Scene(members=[member(corrections=fixes)]).ask(inquiry_270())
    assert file.one("NM1", "IL")[4] == "ADELE"
    assert file.one("DMG")[2] == "19800518"


def test_a_dependent_is_answered_in_a_loop_of_its_own() -> None:
    child = {"last_name": "ARMSTRONG", "first_name": "BEA", "birth_date": "2015-04-01", "sex": "F"}
    scene = Scene(members=[member(dependents=[child])])
    file = scene.ask(inquiry_270(dependent=("ARMSTRONG", "BEA", "20150401")))
    assert [one[3] for one in file.all("HL")] == ["20", "21", "22", "23"]
    assert file.one("INS") == ["INS", "N", "19"]
    assert file.all("EB")[0][1] == "1"


def test_another_payer_and_needed_authorizations_are_told() -> None:
    other = {"payer_id": "OTHER", "name": "OTHER PAYER", "member_id": "Z9", "comes_first": True}
    scene = Scene(
        payers=[payer(authorization_service_types=["MH"])], members=[member(other_payers=[other])]
    )
    file = scene.ask(inquiry_270())
    assert file.all("EB", "R")
    assert file.one("NM1", "PRP")[9] == "OTHER"
    assert [one[3] for one in _benefits(file, "1") if one[11] == "Y"] == ["MH"]


def test_scripted_refusals_are_used_up() -> None:
    scene = Scene(members=[member(aaa=[{"code": "42", "follow_up": "R", "level": "source",
                                        "times": 2}])])  # fmt: skip
    codes = [[one[3] for one in scene.ask(inquiry_270()).all("AAA")] for _ in range(3)]
    assert codes == [["42"], ["42"], []]


def test_an_outage_is_a_271_a_503_or_silence() -> None:
    scene = Scene()
    for mode, status in (("aaa", 200), ("http", 503), ("timeout", 504), ("off", 200)):
        scene.call("POST", "/_sim/outage", {"payer_id": "SIMCO", "eligibility": mode})
        reply = scene.call("POST", ELIGIBILITY, {"x12": inquiry_270()})
        assert reply.status == status
        if mode == "aaa":
            file = X12(json.loads(reply.body)["x12"])
            assert file.one("AAA")[3:] == ["42", "R"]
            assert [one[3] for one in file.all("HL")] == ["20"]
        if mode == "timeout":
            assert reply.seconds > 0


def test_coverage_may_change_before_the_visit() -> None:
    scene = Scene()
    assert scene.ask(inquiry_270()).all("EB")[0][1] == "1"
    ended = member(coverage=[{"begins_on": "2025-01-01", "ends_on": "2026-02-28"}])
    assert scene.call("POST", "/_sim/members", {"members": [ended]}).status == 200
    assert scene.ask(inquiry_270()).all("EB")[0][1] == "6"


def test_a_service_type_the_payer_does_not_support_is_answered_in_general() -> None:
    assert Scene().ask(inquiry_270(service_type="98")).one("EB", "1")[3] == "30^98"
    assert Scene().ask(inquiry_270(service_type="ZZ")).one("EB", "1")[3] == "30"


@pytest.mark.parametrize(
    "text",
    [
        inquiry_270(usage="T"),
        inquiry_270(payer_id="NOPAY"),
        inquiry_270().replace("ST*270", "ST*271"),
        "not x12",
    ],
)
def test_what_is_no_inquiry_is_refused(text: str) -> None:
    assert Scene().call("POST", ELIGIBILITY, {"x12": text}).status == 400


def test_an_online_answer_has_the_payers_separators_and_no_byte_order_mark() -> None:
    wire = {"element": "|", "component": "<", "byte_order_mark": True}
    reply = Scene(payers=[payer(wire=wire)]).call("POST", ELIGIBILITY, {"x12": inquiry_270()})
    assert json.loads(reply.body)["x12"].startswith("ISA|00|")
