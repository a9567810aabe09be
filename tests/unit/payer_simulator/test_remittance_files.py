from typing import Any

import pytest

from tests.unit.payer_simulator.scenes import (
    X12,
    Scene,
    Sent,
    cents,
    claims_of,
    imbalances,
    payer,
    scripted,
)


def _entry(kind: str, **more: Any) -> dict[str, Any]:
    return {"name": kind, "payer_id": "SIMCO", "kind": kind, "wave": 1, **more}


def _follow(*follow_ups: dict[str, Any]) -> dict[str, Any]:
    return dict(scripted(match={"patient_control_number": "PCN1"}, follow_ups=follow_ups))


def _trace(file: X12) -> str:
    return str(file.all("TRN", "1")[0][2])


def test_a_payment_is_identified_settled_and_deposited() -> None:
    scene = Scene(payers=[payer(payment_lag_days=3, deposit_lag_days=1)])
    scene.send(Sent())
    delivery = scene.remit()
    file = delivery.only("835")
    bpr, trn = file.one("BPR"), file.one("TRN")
    assert bpr[1:5] == ["I", "90", "C", "ACH"]
    assert bpr[16] == "20260305"
    assert trn[3] == "1412345678"
    (deposit,) = delivery.deposits
    assert deposit["trace"] == trn[2]
    assert deposit["originator"] == trn[3]
    assert deposit["amount_cents"] == 9000
    assert deposit["date"] == "2026-03-06"
    assert file.one("N1", "PE")[2:] == ["RIVERSIDE CLINIC", "XX", "1234567893"]


@pytest.mark.parametrize(
    ("method", "handling", "deposits"), [("ACH", "I", 1), ("CHK", "I", 1), ("NON", "H", 0)]
)
def test_money_moves_by_transfer_or_cheque_or_not_at_all(
    method: str, handling: str, deposits: int
) -> None:
    scene = Scene(payers=[payer(payment_method=method)])
    scene.send(Sent())
    delivery = scene.remit()
    bpr = delivery.only("835").one("BPR")
    assert (bpr[1], bpr[4]) == (handling, method)
    assert len(bpr) == 17
    assert len(delivery.deposits) == deposits


def test_traces_are_unique_over_payments_and_waves() -> None:
    scene = Scene(payers=[payer(claims_per_payment=1)])
    traces: list[str] = []
    for wave in range(3):
        for number in range(3):
            scene.send(Sent(pcn=f"P{wave}{number}", day=f"2026-02-1{wave}", npi="1234567893"))
        for file in scene.remit().x12("835"):
            traces += [one[2] for one in file.all("TRN", "1")]
    assert len(traces) == len(set(traces)) == 9


def test_payments_are_grouped_by_payee_and_spread_over_files() -> None:
    scene = Scene(payers=[payer(payments_per_file=1)])
    scene.send(Sent())
    scene.send(Sent(pcn="PCN2", npi="1760854442"))
    files = scene.remit().x12("835")
    assert [len(one.sets) for one in files] == [1, 1]
    assert {one.one("N1", "PE")[4] for one in files} == {"1234567893", "1760854442"}


def test_several_payments_may_share_a_file() -> None:
    scene = Scene()
    scene.send(Sent())
    scene.send(Sent(pcn="PCN2", npi="1760854442"))
    file = scene.remit().only("835")
    assert [one[0][2] for one in file.sets] == ["0001", "0002"]
    assert imbalances(file) == []


@pytest.mark.parametrize(
    "wire",
    [
        {"element": "|", "component": "<", "line_breaks": "\n", "byte_order_mark": True},
        {"component": ">", "repetition": "!", "line_breaks": "\r\n"},
        {"segment": "\n", "component": "^", "repetition": "~"},
    ],
)
def test_the_files_of_a_payer_wear_its_style(wire: dict[str, Any]) -> None:
    scene = Scene(payers=[payer(wire=wire)])
    scene.send(Sent())
    delivery = scene.deliver()
    raw = delivery.raw("835")[0].decode("utf-8")
    assert raw.startswith("\ufeff") is bool(wire.get("byte_order_mark"))
    file = delivery.only("835")
    assert file.element == wire.get("element", "*")
    assert file.component == wire["component"]
    assert file.one("SVC")[1] == f"HC{wire['component']}99213"
    assert imbalances(file) == []
    assert delivery.only("277CA").one("TRN", "2", "PCN1")


def test_a_payer_may_not_echo_line_control_numbers() -> None:
    scene = Scene(payers=[payer(echoes_line_control_number=False)])
    scene.send(Sent())
    assert not scene.remit().only("835").all("REF", "6R")


# --- follow-ups -----------------------------------------------------------------------------


def test_a_reversal_negates_with_the_original_groups_and_the_correction_follows() -> None:
    correction = {"kind": "deny", "reason": {"group": "CO", "carc": "50", "rarcs": ["N115"]}}
    scene = Scene(script=[_follow({"kind": "reversal", "correction": correction})])
    scene.send(Sent())
    first = claims_of(scene.remit().only("835").sets[0])[0]
    scene.send(Sent(pcn="PCN2", day="2026-02-21"))
    file = scene.remit().only("835")
    assert imbalances(file) == []
    reversal, corrected, _other = claims_of(file.sets[0])
    assert reversal.status == "22"
    assert (reversal.charge, reversal.paid) == (-first.charge, -first.paid)
    assert reversal.codes == [(group, carc, -value) for group, carc, value in first.codes]
    assert (corrected.pcn, corrected.status, corrected.paid) == ("PCN1", "1", 0)
    numbers = [one[7] for one in file.all("CLP")]
    assert numbers[0] == scene.claim()["payer_claim_control_number"]
    assert numbers[1] != numbers[0]
    assert file.one("REF", "F8")[2] == numbers[0]
    assert scene.claim()["fate"] == "denied"
    assert scene.claim()["paid_cents"] == 0


def test_a_correction_may_come_in_the_file_after_the_reversal() -> None:
    scene = Scene(script=[_follow({"kind": "reversal", "correction_in_next_wave": True})])
    scene.send(Sent())
    scene.remit()
    assert [one.status for one in claims_of(scene.remit().only("835").sets[0])] == ["22"]
    file = scene.remit().only("835")
    assert [one.status for one in claims_of(file.sets[0])] == ["1"]
    # What the reversal could not take back then is taken now.
    assert file.one("PLB")[4] == "90"
    assert cents(file.one("BPR")[2]) == 0


def test_a_reversal_without_a_correction_leaves_the_claim_reversed() -> None:
    scene = Scene(script=[_follow({"kind": "reversal", "correction": None})])
    scene.send(Sent())
    scene.remit()
    scene.remit()
    assert scene.claim()["fate"] == "reversed"
    assert scene.remit().pending["remittances"] == 0


def test_a_takeback_reduces_a_later_payment_and_names_the_claim() -> None:
    scene = Scene(script=[_follow({"kind": "takeback", "amount_cents": 4000})])
    scene.send(Sent())
    scene.remit()
    scene.send(Sent(pcn="PCN2", day="2026-02-21"))
    delivery = scene.remit()
    file = delivery.only("835")
    number = scene.claim()["payer_claim_control_number"]
    assert file.one("PLB")[1:] == ["1234567893", "20261231", f"WO:{number}", "40"]
    assert cents(file.one("BPR")[2]) == 9000 - 4000
    assert delivery.deposits[0]["amount_cents"] == 5000


def test_a_takeback_a_payment_cannot_bear_is_carried_forward() -> None:
    scene = Scene(script=[_follow({"kind": "takeback", "amount_cents": 4000})])
    scene.send(Sent())
    scene.remit()
    alone = scene.remit()
    file = alone.only("835")
    assert file.all("CLP") == []
    assert file.one("BPR")[1:5] == ["H", "0", "C", "NON"]
    assert [file.one("PLB")[at] for at in (4, 6)] == ["40", "-40"]
    assert alone.deposits == []
    scene.send(Sent(pcn="PCN2", day="2026-02-21"))
    later = scene.remit().only("835")
    assert later.one("PLB")[3:] == [f"FB:{_trace(file)}", "40"]
    assert cents(later.one("BPR")[2]) == 5000


def test_interest_raises_the_payment_by_a_negative_plb() -> None:
    scene = Scene(script=[_follow({"kind": "interest", "amount_cents": 321})])
    scene.send(Sent())
    file = scene.remit().only("835")
    assert file.one("PLB")[4] == "-3.21"
    assert file.one("BPR")[2] == "93.21"
    assert file.one("AMT", "I")[2] == "3.21"
    assert imbalances(file) == []


# --- scripted files -------------------------------------------------------------------------


def test_a_file_may_come_twice_under_another_name() -> None:
    scene = Scene(remittance_script=[_entry("duplicate_file")])
    scene.send(Sent())
    delivery = scene.remit()
    first, again = delivery.files
    assert first["name"] != again["name"]
    assert first["sha256"] == again["sha256"]
    assert len(delivery.deposits) == 1


def test_a_file_may_come_again_later_in_another_wrapping_with_the_same_payment() -> None:
    scene = Scene(
        payers=[payer(wire={"component": ">"})],
        remittance_script=[_entry("duplicate_file", rewrapped=True, after_waves=1)],
    )
    scene.send(Sent())
    first = scene.remit()
    assert first.pending["remittances"] == 1
    second = scene.remit()
    assert first.files[0]["sha256"] != second.files[0]["sha256"]
    one, two = first.only("835"), second.only("835")
    assert (one.one("TRN"), one.one("BPR")) == (two.one("TRN"), two.one("BPR"))
    assert one.segments[0][13] != two.segments[0][13]
    assert second.deposits == []


@pytest.mark.parametrize(
    ("level", "trouble"),
    [
        ("line", ["line of PCN1"]),
        ("claim", ["claim PCN1", "transaction"]),
        ("transaction", ["transaction"]),
    ],
)
def test_an_unbalanced_file_is_wrong_at_its_level_and_repaired_later(
    level: str, trouble: list[str]
) -> None:
    scene = Scene(
        remittance_script=[_entry("unbalanced", level=level, by_cents=250, after_waves=2)]
    )
    scene.send(Sent())
    delivery = scene.remit()
    assert imbalances(delivery.only("835")) == trouble
    assert delivery.deposits[0]["amount_cents"] == 9000
    assert scene.remit().files == []
    repaired = scene.remit().only("835")
    assert imbalances(repaired) == []
    assert _trace(repaired) == delivery.deposits[0]["trace"]


def test_only_the_named_members_are_in_an_unbalanced_file() -> None:
    scene = Scene(remittance_script=[_entry("unbalanced", member_ids=["W1001"])],
                  payers=[payer(unknown_member="accept")])  # fmt: skip
    scene.send(Sent())
    scene.send(Sent(pcn="PCN2", member_id="W2"))
    good, bad = scene.remit().x12("835")
    assert imbalances(good) == []
    assert [one.pcn for one in claims_of(good.sets[0])] == ["PCN2"]
    assert imbalances(bad) != []
    assert [one.pcn for one in claims_of(bad.sets[0])] == ["PCN1"]


def test_a_test_file_comes_beside_the_real_one() -> None:
    scene = Scene(remittance_script=[_entry("test_indicator")])
    scene.send(Sent())
    delivery = scene.remit()
    real, test = delivery.x12("835")
    assert (real.usage, test.usage) == ("P", "T")
    assert _trace(real) != _trace(test)
    assert len(delivery.deposits) == 1


def test_a_deposit_may_differ_be_missing_or_come_alone() -> None:
    scene = Scene(remittance_script=[_entry("deposit_mismatch", by_cents=-500)])
    scene.send(Sent())
    assert scene.remit().deposits[0]["amount_cents"] == 8500

    scene = Scene(remittance_script=[_entry("deposit_missing")])
    scene.send(Sent())
    delivery = scene.remit()
    assert (len(delivery.files), delivery.deposits) == (1, [])

    scene = Scene(remittance_script=[_entry("deposit_without_remittance", after_waves=1)])
    scene.send(Sent())
    delivery = scene.remit()
    assert (delivery.files, len(delivery.deposits)) == ([], 1)
    assert _trace(scene.remit().only("835")) == delivery.deposits[0]["trace"]

    scene = Scene(remittance_script=[_entry("stray_deposit", by_cents=4242)])
    scene.send(Sent())
    assert sorted(one["amount_cents"] for one in scene.remit().deposits) == [4242, 9000]


def test_a_remittance_script_is_for_its_wave_only() -> None:
    scene = Scene(remittance_script=[_entry("duplicate_file", wave=2)])
    counts = []
    for wave in range(3):
        scene.send(Sent(pcn=f"P{wave}", day=f"2026-02-1{wave}"))
        counts.append(len(scene.remit().files))
    assert counts == [1, 2, 1]


def test_the_report_has_the_payers_own_books() -> None:
    scene = Scene(remittance_script=[_entry("duplicate_file")])
    scene.send(Sent())
    delivery = scene.remit()
    report = scene.report()
    (record,) = report["payers"][0]["remittances"]
    assert record["file_ids"] == [one["file_id"] for one in delivery.files]
    assert (record["charged_cents"], record["paid_cents"]) == (15000, 9000)
    assert record["payment_cents"] == record["deposit_cents"] == 9000
    assert report["deposits_cents"] == 9000
    claim = scene.claim()
    assert claim["remittances"] == [record["trace"]]
    assert claim["adjustments"] == [{"group": "CO", "carc": "45", "cents": 6000}]
