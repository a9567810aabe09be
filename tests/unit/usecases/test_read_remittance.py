"""A payment is posted once, whatever file it comes in; what does not balance is kept aside, never posted."""

from typing import Any

import pytest

from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.remittance.batches import Batch, batch_of, line_range
from functions.billing.domain.remittance.payments import Remittance
from tests.fakes import Crash
from tests.unit.usecases.payer_files import (
    Answered,
    Paid,
    answered,
    file_of,
    front_door_file,
    payment,
    remittance_file,
)
from tests.unit.usecases.world import World

PAID = answered({"CO-45": 5_200, "PR-3": 2_500})


@pytest.fixture
def world() -> World:
    return World()


def cut(world: World, reading: dict[str, Any]) -> list[Batch]:
    """The batches of a reading, as its manifest names them."""
    manifest = world.evidence.fetch(reading["manifest_key"])
    lines = (line_range(each["batch"]) for each in reading["batches"])
    return [batch_of(manifest[start:end]) for start, end in lines]


def test_a_balanced_payment_is_ready_and_cut_into_batches(world: World) -> None:
    reading = world.receive(remittance_file(PAID))

    assert reading["outcome"] == "ready"
    (batch,) = cut(world, reading)
    assert [batch.remittance_id] == reading["remittances"]
    body = world.intake.fetch("remittances/era.x12")
    assert body[batch.start_byte : batch.end_byte].startswith(b"CLP*")
    stored = world.only("REMITTANCE")
    assert (stored["claims"], stored["claims_paid_cents"]) == (1, 7_300)


def test_a_large_payment_is_cut_into_batches_that_hold_every_claim_once(world: World) -> None:
    claims = [answered({}, pcn=f"P{number}") for number in range(250)]

    reading = world.receive(remittance_file(*claims))

    body = world.intake.fetch("remittances/era.x12")
    batches = cut(world, reading)
    parts = [body[batch.start_byte : batch.end_byte] for batch in batches]
    assert [part.count(b"CLP*") for part in parts] == [100, 100, 50]
    assert [batch.first_ordinal for batch in batches] == [1, 101, 201]
    assert world.only("REMITTANCE")["batches"] == 3


def test_the_raw_file_is_evidence_before_anything_else(world: World) -> None:
    world.records.dies_before = "REMITTANCE"
    body = remittance_file(PAID)

    with pytest.raises(Crash):
        world.receive(body)

    assert list(world.evidence.kept.values()) == [body]


def test_what_is_posted_is_the_file_as_it_was_kept(world: World) -> None:
    world.submitted()
    reading = world.receive(remittance_file(PAID))
    world.intake.drop("remittances/era.x12", b"something else by now")

    world.post(reading["batches"][0])

    assert world.reconcile(reading["remittances"]) == "posted"
    assert world.balance().paid_by_payer_cents == 7_300


def test_the_same_file_under_another_name_is_a_duplicate_and_both_arrivals_are_seen(
    world: World,
) -> None:
    body = remittance_file(PAID)
    world.receive(body, "monday.x12")

    assert world.receive(body, "tuesday.x12")["outcome"] == "duplicate"
    assert len(world.of_kind("REMITTANCE")) == 1
    assert [file["outcome"] for file in world.of_kind("ERAFILE")] == ["ready", "duplicate"]
    assert world.open_work() == {}


def test_the_same_payment_in_another_envelope_is_a_duplicate(world: World) -> None:
    world.receive(remittance_file(PAID), "first.x12")

    again = world.receive(remittance_file(PAID, interchange=977), "second.x12")

    assert again["outcome"] == "duplicate"
    assert again["batches"] == []


def test_a_redelivered_file_goes_on_where_its_workflow_stopped(world: World) -> None:
    first = world.receive(remittance_file(PAID))

    assert world.receive(remittance_file(PAID)) == first


def test_a_redelivered_file_that_was_posted_is_a_duplicate(world: World) -> None:
    world.submitted()
    world.pay(PAID)

    assert world.receive(remittance_file(PAID))["outcome"] == "duplicate"


def test_a_run_that_died_in_mid_file_is_taken_up_without_losing_a_payment(world: World) -> None:
    body = file_of(payment(PAID, trace="EFT1"), payment(PAID, trace="EFT2"))
    world.records.dies_before = "ERAFILE"
    with pytest.raises(Crash):
        world.receive(body)

    reading = world.receive(body)

    assert reading["outcome"] == "ready"
    assert len(reading["remittances"]) == 2


def test_several_payments_in_one_file_are_payments_of_their_own(world: World) -> None:
    unbalanced = payment(PAID, trace="EFT2", payment_cents=1)
    reading = world.receive(file_of(payment(PAID, trace="EFT1"), unbalanced))

    assert reading["outcome"] == "ready"
    assert len(reading["remittances"]) == 1
    assert sorted(each.get("state", "received") for each in world.of_kind("REMITTANCE")) == [
        "quarantined",
        "received",
    ]


UNBALANCED: dict[str, Any] = {
    "line": remittance_file(answered({"CO-45": 5_200}, short_cents=100)),
    "claim": remittance_file(
        Answered(lines=(Paid(), Paid(line_id="LINE-0002", charge_cents=1_000)))
    ).replace(b"*160*160*", b"*170*160*"),
    "transaction": remittance_file(PAID, payment_cents=7_400),
}


@pytest.mark.parametrize("level", UNBALANCED)
def test_a_payment_that_does_not_balance_is_kept_aside_with_its_differences(
    world: World, level: str
) -> None:
    assert world.receive(UNBALANCED[level])["outcome"] == "quarantined"

    quarantined = world.only("REMITTANCE")
    assert (quarantined["state"], quarantined["reasons"]) == ("quarantined", ["unbalanced"])
    assert level in {difference["level"] for difference in quarantined["differences"]}
    assert world.event("remittance.exception")["reasons"] == ["unbalanced"]
    assert world.open_work() == {"remittance_unbalanced": "finance"}
    assert world.postings() == []


def test_a_quarantined_file_read_again_is_quarantined_once(world: World) -> None:
    world.receive(UNBALANCED["transaction"], "a.x12")

    assert world.receive(UNBALANCED["transaction"], "a.x12")["outcome"] == "quarantined"
    assert world.receive(UNBALANCED["transaction"], "b.x12")["outcome"] == "quarantined"
    assert len(world.of_kind("REMITTANCE")) == 1
    assert len(world.of_kind("WORK")) == 1


def test_a_repaired_file_is_posted_after_its_unbalanced_copy(world: World) -> None:
    world.submitted()
    world.remit(UNBALANCED["line"], "broken.x12")

    assert world.pay(PAID, name="repaired.x12") == "posted"
    assert world.balance().paid_by_payer_cents == 7_300


def test_a_test_file_is_never_posted(world: World) -> None:
    world.submitted()

    assert world.remit(remittance_file(PAID, usage="T")) == "quarantined"
    assert world.only("REMITTANCE")["reasons"] == ["test_indicator"]
    assert world.balance().paid_by_payer_cents == 0
    assert world.open_work() == {"remittance_test_indicator": "finance"}


def test_a_production_file_after_its_test_copy_is_posted(world: World) -> None:
    world.submitted()
    world.remit(remittance_file(PAID, usage="T"), "test.x12")

    assert world.pay(PAID, name="production.x12") == "posted"


def test_the_same_payment_with_other_content_is_kept_aside(world: World) -> None:
    world.receive(remittance_file(PAID), "first.x12")
    other = answered({"CO-45": 5_000, "PR-3": 2_700})

    assert world.receive(remittance_file(other), "second.x12")["outcome"] == "quarantined"
    assert world.open_work() == {"remittance_same_payment_other_content": "finance"}


def test_the_same_payment_with_another_provider_adjustment_is_kept_aside(world: World) -> None:
    kept = {"WO:ICN1": 500, "L6:ICN1": -500}
    world.receive(remittance_file(PAID), "first.x12")

    second = world.receive(remittance_file(PAID, provider_level=kept), "second.x12")

    assert second["outcome"] == "quarantined"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\n \n", id="blank"),
        pytest.param(b"this is no X12 at all", id="garbage"),
        pytest.param(remittance_file(PAID)[:150], id="cut off in its header"),
        pytest.param(
            remittance_file(PAID).replace(b"TRN*1*EFT0000001*", b"TRN*1**"), id="no trace"
        ),
        pytest.param(
            remittance_file(PAID).replace(b"BPR*I*73*", b"BPR*I*73.005*"), id="half cents"
        ),
        pytest.param(front_door_file(), id="another kind of file"),
    ],
)
def test_a_file_that_cannot_be_read_is_kept_refused_and_work_for_engineering(
    world: World, body: bytes
) -> None:
    assert world.receive(body)["outcome"] == "refused"

    assert world.evidence.fetch(world.only("ERAFILE")["evidence_key"]) == body
    assert world.open_work() == {"remittance_file_unreadable": "engineering"}
    assert world.of_kind("REMITTANCE") == []


@pytest.mark.parametrize("outcome", ["refused", "quarantined"])
def test_a_broken_amount_spoils_its_payment_and_no_other(world: World, outcome: str) -> None:
    spoilt = {"refused": (b"BPR*I*99*", b"BPR*I*x*"), "quarantined": (b"*99*99*", b"*99*x*")}
    broken = file_of(payment(answered({}, charge_cents=9_900), trace="EFT2"), interchange=901)
    assert spoilt[outcome][0] in broken

    reading = world.receive(remittance_file(PAID) + broken.replace(*spoilt[outcome]))

    assert reading["outcome"] == "ready"
    assert len(reading["remittances"]) == 1
    assert len(world.of_kind("WORK")) == 1


MALFORMED = {
    "cut off among its claims": (remittance_file(PAID)[:-90], "engineering"),
    "wrong segment count": (remittance_file(PAID).replace(b"SE*", b"SE*9"), "engineering"),
    "amount that is none": (remittance_file(PAID).replace(b"*150*73*", b"*150*x*"), "engineering"),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_payment_that_breaks_after_its_header_is_quarantined_whole_under_its_own_name(
    world: World, what: str
) -> None:
    world.submitted()
    body, queue = MALFORMED[what]

    assert world.receive(body + remittance_file(PAID, trace="EFT2", interchange=901))[
        "outcome"
    ] == ("ready")

    (broken,) = (each for each in world.of_kind("REMITTANCE") if each.get("state"))
    assert broken["state"] == "quarantined"
    assert broken["header"]["trace_number"] == "EFT0000001"
    assert queue in world.open_work().values()
    assert world.postings() == [] or world.account(Account.REMITTANCE_CLEARING) == 0


def test_a_broken_payment_says_where_and_what_was_expected_and_not_what_stood_there(
    world: World,
) -> None:
    body, _ = MALFORMED["amount that is none"]
    world.receive(body.replace(b"*150*x*", b"*150*SECRET*"))

    (work,) = world.of_kind("WORK")
    (fault,) = world.only("REMITTANCE")["faults"]
    assert work["fields"][0] == fault
    assert fault.startswith("ST 0001, segment 12, SVC03: expected ")
    assert "SECRET" not in str(world.of_kind("WORK"))


def test_a_file_that_breaks_in_its_header_names_the_field(world: World) -> None:
    world.receive(remittance_file(PAID).replace(b"BPR*I*73*", b"BPR*I*73.005*"))

    (work,) = world.of_kind("WORK")
    assert "BPR02: expected " in work["fields"][0]


def test_the_differences_of_all_three_levels_are_shown(world: World) -> None:
    short = answered({"CO-45": 5_200}, short_cents=100)
    world.receive(remittance_file(short, short, payment_cents=19_000))

    imbalance = world.only("REMITTANCE")["imbalance"]
    assert (imbalance["lines"], imbalance["line_cents"]) == (2, 200)
    assert (imbalance["claims"], imbalance["claim_cents"]) == (2, 200)
    assert (imbalance["transactions"], imbalance["transaction_cents"]) == (1, 400)
    (work,) = world.of_kind("WORK")
    assert work["fields"][:3] == [
        "line: 2 places, 200 cents",
        "claim: 2 places, 200 cents",
        "transaction: 1 place, 400 cents",
    ]


def test_the_same_payment_twice_in_one_file_is_posted_once(world: World) -> None:
    world.submitted()
    body = remittance_file(PAID)
    again = remittance_file(PAID, interchange=901)

    assert world.remit(body + again) == "posted"
    assert world.balance().paid_by_payer_cents == 7_300
    assert len(world.only("ERAFILE")["duplicates"]) == 1


def test_an_unposted_payment_can_be_found_when_its_time_has_passed(world: World) -> None:
    (remittance_id,) = world.receive(remittance_file(PAID))["remittances"]
    world.clock.advance(hours=2)

    overdue = world.records.due(Remittance, "REMITTANCE", world.clock.now())
    assert [remittance.remittance_id for remittance in overdue] == [remittance_id]
