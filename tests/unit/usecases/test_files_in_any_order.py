"""Payers' and bank's files in any order, repeated, interrupted: the ledger ends the same, the records with it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.ledger.balances import Balances, balances, prove
from functions.billing.domain.rebuilt import claim_mismatches, payment_mismatches
from functions.billing.domain.remittance.payments import (
    AsideAnswer,
    Deposit,
    PostedAnswer,
    PostedBatch,
    Remittance,
    RemittanceState,
)
from functions.billing.domain.remittance.post import posted_cents_of
from functions.billing.usecases.check_reconciliation import (
    CheckReconciliation,
    check_reconciliation,
)
from functions.billing.usecases.match_deposit import MatchDeposit, match_deposit
from functions.billing.usecases.postings import postings_of
from functions.billing.usecases.read_deposits import BankFilePorts, ReadDeposits, read_deposits
from tests.builders import CAUSE, encounter
from tests.fakes import Crash
from tests.unit.bank.bank_files import Credit, nacha
from tests.unit.usecases.payer_files import (
    PAYER_NUMBER,
    Answered,
    answered,
    file_of,
    payment,
    remittance_file,
    reversed_answer,
)
from tests.unit.usecases.world import CLAIM, PCN, World

OTHER = "CTESTCLAIM02"
PAID = answered({"CO-45": 5_200, "PR-3": 2_500})
CORRECTED = replace(answered({"CO-45": 5_200, "PR-1": 4_000}), pccn="ICN0001C1")
SECOND = answered({"CO-45": 5_200}, pcn=f"{OTHER}01", pccn="ICN0002")
NOBODYS = answered({}, pcn="NOTOURS", pccn="ICN9", charge_cents=1_234)
ZERO = answered({"CO-197": 15_000}, pcn=f"{OTHER}01", pccn="ICN0002", remarks=("M62",))


def era(name: str, *answers: Answered, **of_payment: object) -> tuple[str, bytes]:
    """One payer's file with a payment of its own."""
    return name, remittance_file(*answers, trace=f"TRACE-{name}", **of_payment)  # type: ignore[arg-type]


PAYERS_FILES = dict(
    (
        era("original", PAID),
        era("reversal", reversed_answer(PAID)),
        era("correction", CORRECTED),
        era("denied", ZERO),
        era("paid-after-all", SECOND),
        era("twice", SECOND),
        era("stranger", NOBODYS),
        era("takeback", provider_level={f"WO:{OTHER}01": 9_800, "FB:X": -9_800}),
        era("interest", provider_level={f"L6:{PCN}": -123, "IR:": 23}),
        era("unbalanced", answered({"CO-45": 5_200}, pcn=f"{OTHER}01", short_cents=100)),
        era("test", SECOND, usage="T"),
        (
            "split",
            file_of(
                payment(answered({}, pcn="P1", pccn="I1"), trace="TRACE-S1"),
                payment(answered({}, pcn="P2", pccn="I2"), trace="TRACE-S2"),
            ),
        ),
    )
)
BANKS_FILES = {
    "bank-1": nacha((Credit(7_300, "TRACE-original"), Credit(100, "TRACE-interest"))),
    "bank-2": nacha((Credit(9_800, "TRACE-twice"), Credit(77, "NOBODY"))),
}
# What the bank says a second time, in an event: under a name of its own, and once the other way round.
BANKS_EVENTS = {
    "event-1": ("TRACE-original", 7_300),
    "event-2": ("NOBODY", 77),
    "event-3": ("TRACE-correction", 5_800),
}
BANK_DAY = date(2026, 3, 9)
NAMES = (*PAYERS_FILES, *BANKS_FILES, *BANKS_EVENTS)


def new_world() -> World:
    world = World()
    world.submitted()
    world.submitted(encounter(encounter_id="encounter-2"), claim_id=OTHER)
    return world


def deliver(world: World, name: str) -> None:
    """A file arrives, as often as it is delivered under the same name."""
    if name in BANKS_FILES:
        world.intake.drop(f"deposits/{name}", BANKS_FILES[name].encode())
        ports = BankFilePorts(
            records=world.records, evidence=world.evidence, intake=world.intake, clock=world.clock
        )
        read_deposits(ReadDeposits(file_key=f"deposits/{name}"), CAUSE, ports)
    elif name in BANKS_EVENTS:
        trace, cents = BANKS_EVENTS[name]
        command = MatchDeposit(
            deposit_id=name,
            trace_number=trace,
            payer_identifier=PAYER_NUMBER,
            amount_cents=cents,
            deposited_on=BANK_DAY,
        )
        match_deposit(command, CAUSE, records=world.records, clock=world.clock)
    else:
        world.remit(PAYERS_FILES[name], f"{name}.x12")


def interrupted(world: World, name: str, *, after_commits: int) -> None:
    """The process that takes the file up dies at one of its commits; the event is delivered again."""
    world.records.dies_at = after_commits
    try:
        deliver(world, name)
    except Crash:
        deliver(world, name)
    world.records.dies_at = 0


def finished(world: World) -> World:
    """Deposits that were quicker than their remittance are matched by the hourly check."""
    check_reconciliation(
        CheckReconciliation(),
        CAUSE,
        records=world.records,
        rule_sets=world.rule_sets,
        clock=world.clock,
    )
    return world


def in_order() -> World:
    world = new_world()
    for name in NAMES:
        deliver(world, name)
    return finished(world)


@cache
def wanted() -> Balances:
    """What every order must end in."""
    return balances(in_order().postings())


@settings(max_examples=15)
@given(
    order=st.permutations(NAMES),
    repeats=st.lists(st.sampled_from(NAMES), max_size=4),
    dies=st.dictionaries(st.sampled_from(NAMES), st.integers(1, 5), max_size=3),
)
def test_any_order_repetition_and_interruption_ends_in_the_same_ledger(
    order: list[str], repeats: list[str], dies: dict[str, int]
) -> None:
    world = new_world()

    for name in (*order, *repeats):
        if name in dies:
            interrupted(world, name, after_commits=dies[name])
        else:
            deliver(world, name)
    finished(world)

    postings = world.postings()
    assert prove(postings).holds
    ledger = balances(postings)
    assert ledger.by_account == wanted().by_account
    assert ledger.by_claim == wanted().by_claim
    assert payments_are_exact(world)
    assert list(mismatches(world)) == []


def payments_are_exact(world: World) -> bool:
    """Σ posted = Σ CLP04 - Σ PLB = BPR02, payment by payment; of what is kept aside not a cent is posted."""
    postings = world.postings()
    return all(
        (one.header.total_paid_cents if one.state is RemittanceState.POSTED else 0)
        == one.posted_cents
        == posted_cents_of(one.header.identity, postings)
        for one in every(world, Remittance, "REMITTANCE")
    )


def every(world: World, kind: Any, prefix: str) -> list[Any]:
    """All records of a kind, typed."""
    partitions = dict.fromkeys(item["pk"] for item in world.of_kind(kind.kind))
    return [found for one in partitions for found in world.records.under(kind, one, prefix)]


def mismatches(world: World):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Where a record differs from what the entries give."""
    for claim in every(world, Claim, "CLAIM"):
        yield from claim_mismatches(claim, postings_of(world.records, claim.claim_id))
    batches = every(world, PostedBatch, "BATCH#")
    answers = every(world, PostedAnswer, "ANSWER#")
    deposits = every(world, Deposit, "DEPOSIT")
    postings = world.postings()
    for remittance in every(world, Remittance, "REMITTANCE"):
        own: Callable[[object], bool] = lambda one: one.remittance_id == remittance.remittance_id  # type: ignore[attr-defined]  # noqa: E731, B023
        yield from payment_mismatches(
            remittance,
            postings,
            batches=[one for one in batches if own(one)],
            answers=[one for one in answers if own(one)],
            deposits=deposits,
        )


def test_what_was_delivered_holds_every_kind_of_trouble() -> None:
    world = in_order()

    assert {one.cause for one in every(world, AsideAnswer, "ASIDE")} >= {"no_claim_found"}
    assert world.balance(OTHER).credit_cents == 9_800
    assert world.balance(CLAIM).paid_by_payer_cents == 5_800
    assert sorted(one.state for one in every(world, Deposit, "DEPOSIT")) == [
        "matched",
        "matched",
        "matched",
        "matched",
        "waiting",
    ]
    assert {reason for one in every(world, Remittance, "REMITTANCE") for reason in one.reasons} == {
        "unbalanced",
        "test_indicator",
    }
