import json

import pytest

from tests.unit.payer_simulator.scenes import X12, Scene, Sent, interchange, payer, scripted


def _statuses(file: X12) -> list[str]:
    """The STC01 of each claim (loop 2200D: after TRN*2 below HL PT)."""
    found, inside = [], False
    for one in file.segments:
        if one[0] == "HL":
            inside = one[3] == "PT"
        if inside and one[0] == "STC":
            found.append(one[1])
    return found


def test_a_clean_claim_gets_a_999_to_its_group_and_set_and_then_a2_with_a_claim_number() -> None:
    scene = Scene()
    scene.send(Sent(control=77))
    delivery = scene.acknowledge()
    assert [one["kind"] for one in delivery.files] == ["999", "277CA"]
    nine = delivery.only("999")
    assert nine.one("AK1") == ["AK1", "HC", "77", "005010X222A1"]
    assert nine.one("AK2")[1:3] == ["837", "0001"]
    assert nine.one("IK5") == ["IK5", "A"]
    assert nine.one("AK9") == ["AK9", "A", "1", "1", "1"]
    front = delivery.only("277CA")
    assert _statuses(front) == ["A2:20"]
    assert front.one("TRN", "2", "PCN1")
    assert front.one("TRN", "2", "B000077")
    assert front.one("REF", "1K")[2] == scene.claim()["payer_claim_control_number"]
    assert scene.claim()["acknowledged"]


def test_a_payer_behind_the_clearinghouse_answers_a1_and_a_wave_later_a2() -> None:
    scene = Scene(payers=[payer(acknowledgements="clearinghouse_then_payer")])
    scene.send(Sent())
    first = scene.acknowledge()
    assert _statuses(first.only("277CA")) == ["A1:19:PR"]
    assert first.only("277CA").one("NM1", "AY")
    assert not first.only("277CA").all("REF", "1K")
    assert first.pending["acknowledgements"] == 1
    second = scene.acknowledge()
    assert _statuses(second.only("277CA")) == ["A2:20"]
    assert second.only("277CA").one("REF", "1K")


def test_a_payer_rejection_follows_a_clearinghouse_acceptance() -> None:
    answers = [
        {"source": "clearinghouse", "category": "A2", "status": "20"},
        {"category": "A7", "status": "562", "entity": "85", "after_waves": 1},
    ]
    scene = Scene(script=[scripted(acknowledgement={"claim_answers": answers})])
    scene.send(Sent())
    assert _statuses(scene.acknowledge().only("277CA")) == ["A2:20"]
    front = scene.acknowledge().only("277CA")
    assert _statuses(front) == ["A7:562:85"]
    assert front.one("STC", "A7:562:85")[3] == "U"
    assert scene.claim()["front_door"] == "rejected_payer"
    assert scene.claim()["fate"] == "rejected"
    assert scene.remit().files == []


def test_a_rejection_above_the_claim_carries_no_claim_detail() -> None:
    for level in ("provider", "receiver"):
        answer = {"category": "A3", "status": "24", "level": level}
        scene = Scene(script=[scripted(acknowledgement={"claim_answers": [answer]})])
        scene.send(Sent())
        front = scene.acknowledge().only("277CA")
        assert front.all("STC", "A3:24")
        assert not front.all("TRN", "2", "PCN1")


@pytest.mark.parametrize(
    ("syntax", "code", "group_code"),
    [("rejected", "R", "R"), ("accepted_with_errors", "E", "E")],
)
def test_a_scripted_999_names_segment_and_element(syntax: str, code: str, group_code: str) -> None:
    finding = {
        "segment": "SV1", "segment_position": 24, "segment_code": "8",
        "element_position": 7, "element_code": "7",
    }  # fmt: skip
    script = scripted(acknowledgement={"syntax": syntax, "syntax_finding": finding})
    scene = Scene(script=[script])
    scene.send(Sent())
    delivery = scene.acknowledge()
    nine = delivery.only("999")
    assert nine.one("IK3") == ["IK3", "SV1", "24", "", "8"]
    assert nine.one("IK4")[1:4] == ["7", "", "7"]
    assert nine.one("IK5")[1] == code
    assert nine.one("AK9")[1] == group_code
    assert scene.claim()["front_door"] == ("rejected_syntax" if code == "R" else "accepted")
    assert bool(delivery.raw("277CA")) is (code == "E")
    assert bool(scene.remit().files) is (code == "E")


def test_lost_acknowledgements_never_come_and_the_claim_is_paid_all_the_same() -> None:
    scene = Scene(script=[scripted(acknowledgement={"lost": ["999", "277CA"]})])
    scene.send(Sent())
    delivery = scene.acknowledge()
    assert delivery.files == []
    assert delivery.pending["acknowledgements"] == 0
    assert scene.report()["totals"]["never_acknowledged"] == 1
    assert len(scene.remit().files) == 1


def test_late_acknowledgements_come_after_the_remittance() -> None:
    scene = Scene(script=[scripted(acknowledgement={"late_by_waves": 2})])
    scene.send(Sent())
    assert scene.acknowledge().files == []
    assert len(scene.remit().files) == 1
    assert scene.acknowledge().files == []
    assert len(scene.acknowledge().files) == 2


@pytest.mark.parametrize(
    ("before", "after", "ik3"),
    [
        ("~HI*ABK:E119*ABF:I10", "", ["HI", "3"]),
        ("~SBR*P*18*******CI", "", ["SBR", "3"]),
        ("~REF*EI*043456789", "", ["REF", "3"]),
        ("~DTP*472*D8*20260220", "", ["DTP", "3"]),
        ("CLM*PCN1*150*", "CLM*PCN1*ABC*", ["CLM", "8"]),
        ("*UN*1***1", "*UN*1***3", ["SV1", "8"]),
        ("DMG*D8*19800517", "DMG*D8*19801317", ["DMG", "8"]),
        ("~LX*1", "~ZZ9*1~LX*1", ["ZZ9", "1"]),
        ("NM1*41*2", "NM1*47*2", ["NM1", "3"]),
    ],
)
def test_a_claim_that_is_not_an_837_is_refused_by_999(
    before: str, after: str, ik3: list[str]
) -> None:
    scene = Scene()
    text = Sent().x12()
    assert before in text
    changed = text.replace(before, after, 1)
    body = changed[changed.index("ST*") : changed.index("~SE*")].split("~")
    scene.send(interchange("HC", "005010X222A1", [body[1:]]))
    nine = scene.acknowledge().only("999")
    found = nine.one("IK3")
    assert [found[1], found[4]] == ik3
    assert nine.one("IK5")[1] == "R"
    assert scene.report()["totals"]["accepted_claims"] == 0


def test_a_wrong_segment_count_is_refused_by_999() -> None:
    scene = Scene()
    text = Sent().x12()
    count = text[text.index("~SE*") + 4 :].split("*")[0]
    scene.send(text.replace(f"~SE*{count}*", "~SE*9*"))
    assert scene.acknowledge().only("999").one("IK5") == ["IK5", "R", "4"]


def test_one_bad_set_of_two_makes_the_group_partly_accepted() -> None:
    scene = Scene()
    good, bad = Sent(pcn="GOOD").segments(), Sent(pcn="BAD").segments()
    bad = [one for one in bad if not one.startswith("HI*")]
    scene.send(interchange("HC", "005010X222A1", [good, bad]))
    nine = scene.acknowledge().only("999")
    assert nine.one("AK9") == ["AK9", "P", "2", "2", "1"]
    assert [one[1] for one in nine.all("IK5")] == ["A", "R"]
    assert [one["patient_control_number"] for one in scene.report()["claims"]] == ["GOOD"]


@pytest.mark.parametrize(
    ("claim", "status", "door"),
    [
        (Sent(npi="1234567890"), "A7:562:85", "rejected_clearinghouse"),
        (Sent(total="151"), "A7:178", "rejected_clearinghouse"),
        (Sent(member_id="NOBODY"), "A3:33:IL", "rejected_payer"),
        (Sent(frequency="7"), "A6:464", "rejected_payer"),
        (Sent(frequency="7", claim_extra=("REF*F8*UNKNOWN",)), "A7:464", "rejected_payer"),
    ],
)
def test_the_edits_of_the_front_door(claim: Sent, status: str, door: str) -> None:
    scene = Scene()
    scene.send(claim)
    assert _statuses(scene.acknowledge().only("277CA")) == [status]
    assert scene.claim()["front_door"] == door
    assert scene.claim()["front_door_status"] == status


def test_medicare_takes_no_replacement_claim() -> None:
    scene = Scene(payers=[payer(kind="medicare")])
    scene.send(Sent(frequency="7", claim_extra=("REF*F8*1",)))
    assert scene.claim()["front_door_status"] == "A7:535"


def test_a_payer_has_edits_of_its_own() -> None:
    edit = {
        "name": "telehealth needs 95", "stage": "payer",
        "when": {"places_of_service": ["10"], "modifier_missing": "95"},
        "reject": {"category": "A7", "status": "453"},
    }  # fmt: skip
    scene = Scene(payers=[payer(edits=[edit])])
    scene.send(Sent(place="10"))
    scene.send(Sent(pcn="PCN2"))
    assert scene.claim("PCN1")["front_door_status"] == "A7:453"
    assert scene.claim("PCN2")["front_door"] == "accepted"


def test_acknowledgements_are_batched_and_each_answers_one_submission() -> None:
    scene = Scene(clearinghouse={"transactions_per_file": 3})
    for number in range(7):
        scene.send(Sent(pcn=f"P{number}", day=f"2026-02-1{number}", control=number + 1))
    delivery = scene.acknowledge()
    assert [len(one.sets) for one in delivery.x12("999")] == [3, 3, 1]
    assert [len(one.sets) for one in delivery.x12("277CA")] == [3, 3, 1]
    answered = [one[2] for file in delivery.x12("999") for one in file.all("AK1")]
    assert answered == [str(number + 1) for number in range(7)]


def test_a_payer_the_clearinghouse_does_not_have_is_a_400() -> None:
    reply = Scene().send(Sent(payer_id="NOPAY"))
    assert reply.status == 400
    assert json.loads(reply.body)["error"] == "UNKNOWN_PAYER"


def test_a_version_other_than_the_endpoints_is_a_400() -> None:
    text = interchange("HC", "005010X223A2", [Sent().segments()])
    assert Scene().send(text).status == 400
