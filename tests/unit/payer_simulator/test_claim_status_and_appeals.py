import json
from typing import Any

from tests.unit.payer_simulator.scenes import (
    CLAIM_STATUS,
    Scene,
    Sent,
    claims_of,
    imbalances,
    inquiry_276,
    payer,
    scripted,
)


def _stc(scene: Scene, **asked: Any) -> list[str]:
    return [one[1] for one in scene.ask_status(inquiry_276(**asked)).all("STC")]


def test_a_claim_is_followed_from_unknown_to_paid() -> None:
    scene = Scene()
    assert _stc(scene) == ["D0:35"]
    scene.send(Sent())
    assert _stc(scene) == ["P1:20"]
    scene.remit()
    file = scene.ask_status(inquiry_276(pcn="PCN1", charge="150"))
    stc = file.one("STC")
    assert stc[1] == "F1:65"
    assert stc[4:6] == ["150", "90"]
    assert file.one("REF", "1K")[2] == scene.claim()["payer_claim_control_number"]
    assert file.one("REF", "EJ")[2] == "PCN1"
    assert file.one("TRN", "2")[2] == "TRACE-2"


def test_an_inquiry_that_is_too_narrow_misses_the_claim() -> None:
    scene = Scene()
    scene.send(Sent())
    assert _stc(scene, pcn="PCN9") == ["D0:35"]
    assert _stc(scene, charge="151") == ["D0:35"]
    assert _stc(scene, days="20260221-20260227") == ["D0:35"]
    assert _stc(scene, days="20260220-20260220") == ["P1:20"]
    assert _stc(scene, member_id="W2") == ["D0:35"]


def test_several_claims_of_a_member_are_all_answered() -> None:
    scene = Scene()
    scene.send(Sent())
    scene.send(Sent(pcn="PCN2", day="2026-02-21"))
    assert _stc(scene) == ["P1:20", "P1:20"]


def test_denied_pended_rejected_and_voided_claims_say_so() -> None:
    deny = {"kind": "deny", "reason": {"group": "CO", "carc": "50"}}
    pend = {"kind": "pend", "category": "P3", "status": "317"}
    scene = Scene(
        script=[
            scripted("deny", match={"patient_control_number": "D"}, adjudication=deny),
            scripted("pend", match={"patient_control_number": "P"}, adjudication=pend),
        ]
    )
    scene.send(Sent(pcn="D"))
    scene.send(Sent(pcn="P", day="2026-02-21"))
    scene.send(Sent(pcn="R", day="2026-02-22", npi="1234567890"))
    scene.send(Sent(pcn="Z", day="2026-02-23"))
    scene.remit()
    number = scene.claim("Z")["payer_claim_control_number"]
    scene.send(Sent(pcn="V", day="2026-02-23", frequency="8", claim_extra=(f"REF*F8*{number}",)))
    scene.remit()
    assert _stc(scene, pcn="D") == ["F2:585"]
    assert _stc(scene, pcn="P") == ["P3:317"]
    assert _stc(scene, pcn="R") == ["D0:35"]
    assert _stc(scene, pcn="Z") == ["F3:104"]


def test_a_payer_may_know_its_claims_only_waves_later() -> None:
    scene = Scene(payers=[payer(status_lag_waves=1)])
    scene.send(Sent())
    assert _stc(scene) == ["D0:35"]
    scene.acknowledge()
    assert _stc(scene) == ["P1:20"]


def test_a_payer_that_is_out_answers_no_status() -> None:
    scene = Scene()
    scene.call("POST", "/_sim/outage", {"payer_id": "SIMCO", "claims": "http"})
    assert scene.call("POST", CLAIM_STATUS, {"x12": inquiry_276()}).status == 503


# --- appeals --------------------------------------------------------------------------------

DENIED = {"kind": "deny", "reason": {"group": "CO", "carc": "50", "rarcs": ["N115"]}}


def _denied(*appeals: dict[str, Any]) -> tuple[Scene, str]:
    scene = Scene(script=[scripted(adjudication=DENIED, appeals=list(appeals))])
    scene.send(Sent())
    scene.remit()
    return scene, str(scene.claim()["payer_claim_control_number"])


def test_an_appeal_is_received_once_and_decided_in_a_later_wave() -> None:
    scene, number = _denied()
    first = scene.appeal(number)
    assert first.status == 200
    assert json.loads(first.body)["status"] == "received"
    assert scene.appeal(number).body == first.body
    assert scene.appeal(number, packet_sha256="2" * 64).status == 422
    (decision,) = scene.deliver("appeals").decisions
    assert decision["appeal_id"] == "A1"
    assert decision["decision"] == "upheld"
    assert decision["patient_control_number"] == "PCN1"
    assert decision["decided_on"] == "2026-03-02"
    assert scene.deliver("appeals").decisions == []
    assert scene.remit().files == []


def test_an_overturned_appeal_pays_by_reversal_and_correction() -> None:
    scene, number = _denied(
        {"level": 1, "decision": "upheld"}, {"level": 2, "decision": "overturned", "after_waves": 1}
    )
    scene.appeal(number, 1, "A1")
    assert scene.deliver("appeals").decisions[0]["decision"] == "upheld"
    scene.appeal(number, 2, "A1")
    assert scene.deliver("appeals").decisions == []
    assert scene.deliver("appeals").decisions[0]["decision"] == "overturned"
    delivery = scene.remit()
    file = delivery.only("835")
    assert imbalances(file) == []
    reversal, corrected = claims_of(file.sets[0])
    assert (reversal.status, reversal.paid) == ("22", 0)
    assert (corrected.status, corrected.paid) == ("1", 9000)
    assert delivery.deposits[0]["amount_cents"] == 9000
    assert scene.claim()["fate"] == "paid"
    assert scene.report()["appeals"][1]["decision"] == "overturned"


def test_an_appeal_of_an_unknown_claim_is_not_found() -> None:
    scene, _number = _denied()
    assert scene.appeal("000").status == 404
    assert scene.appeal("000", level=0).status == 400
