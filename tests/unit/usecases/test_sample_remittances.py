"""Real and realistic 835 files: posted, or kept aside for the reason that is true; a copy posts nothing."""

import os
from pathlib import Path

import pytest

from functions.billing.domain.ledger.balances import prove
from tests.unit.usecases.world import World

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(os.environ.get("BILLING_SAMPLES", ROOT.parent / "shared" / "samples")) / "x12"

# What a person who reads the file finds: most say T in ISA15, and one has no date where BPR16 should be one.
EXPECTED = {
    "835_b2bi_example.x12": ("quarantined", "test_indicator"),
    "835_lfh_cob_contractual.835": ("quarantined", "test_indicator"),
    "835_lfh_managed_care.835": ("refused", "not_a_date"),
    "835_lfh_medicare_part_a.835": ("quarantined", "test_indicator"),
    "835_pyx12_mult_loops.txt": ("posted", ""),
    "835_uhc_legacy_sample.txt": ("posted", ""),
    "835_x12org_ach_deductible.edi": ("quarantined", "test_indicator"),
    "835_x12org_cob_coinsurance.edi": ("quarantined", "test_indicator"),
    "835_x12org_corrected_subscriber_copay.edi": ("quarantined", "test_indicator"),
    "835_x12org_inpatient_not_authorized_days.edi": ("quarantined", "test_indicator"),
}
HERE = [name for name in EXPECTED if (FOLDER / name).is_file()]

pytestmark = pytest.mark.skipif(not HERE, reason="the X12 samples are not here (BILLING_SAMPLES)")


def production(body: bytes) -> bytes:
    """The file as it would come in earnest: P in ISA15, which stands before the component separator."""
    begin = body.index(b"ISA")
    assert body[begin + 102 : begin + 103] == b"T"
    return body[: begin + 102] + b"P" + body[begin + 103 :]


@pytest.mark.parametrize("name", HERE)
def test_a_sample_is_posted_or_kept_aside_for_the_reason_that_is_true(name: str) -> None:
    world = World()
    outcome, reason = EXPECTED[name]

    assert world.remit((FOLDER / name).read_bytes(), name) == outcome

    stored = [*world.of_kind("REMITTANCE"), *world.of_kind("ERAFILE")]
    reasons = {each for one in stored for each in one.get("reasons", ())}
    assert reasons == ({reason} if reason else set())
    assert bool(world.postings()) == (outcome == "posted")
    assert (outcome == "posted") == (
        not [q for q in world.open_work().values() if q == "engineering"] and not reasons
    )


@pytest.mark.parametrize("name", [one for one in HERE if EXPECTED[one][1] == "test_indicator"])
def test_a_test_sample_would_post_and_reconcile_in_earnest(name: str) -> None:
    world = World()
    body = production((FOLDER / name).read_bytes())

    assert world.remit(body, name) in {"posted", "quarantined"}

    for one in world.of_kind("REMITTANCE"):
        is_posted = one["state"] == "posted"
        assert is_posted or one["reasons"] == ["unbalanced"]
        if is_posted:
            assert one.get("posted_cents", 0) == one["header"]["total_paid_cents"]
    assert prove(world.postings()).holds


@pytest.mark.parametrize("name", HERE)
def test_a_second_copy_of_a_sample_moves_nothing(name: str) -> None:
    world = World()
    body = (FOLDER / name).read_bytes()
    world.remit(body, name)
    postings, payments = world.postings(), world.of_kind("REMITTANCE")

    world.remit(body, f"again-{name}")

    assert (world.postings(), world.of_kind("REMITTANCE")) == (postings, payments)
    assert len(world.of_kind("ERAFILE")) == 2
