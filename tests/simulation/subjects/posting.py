"""The posting of one payment, from its file to its totals: every line once, whatever goes wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.balances import balances, prove
from functions.billing.domain.ledger.bookings import charge_posting
from functions.billing.domain.ledger.postings import Posting
from functions.billing.domain.rebuilt import claim_mismatches, payment_mismatches
from functions.billing.domain.remittance.payments import (
    Deposit,
    PostedAnswer,
    PostedBatch,
    Remittance,
    RemittanceState,
)
from functions.billing.domain.submission.attempt import Pointer
from functions.billing.domain.work_items import WorkItem, WorkState
from functions.billing.usecases.postings import StoredPosting
from functions.billing.usecases.read_remittance import (
    ReadRemittance,
    RemittanceFilePorts,
    read_remittance,
)
from tests.builders import CAUSE, read, staged_claim, store
from tests.fakes import NOON
from tests.simulation.checks import audit_is_broken, rows
from tests.simulation.cloud import INTAKE, RECORDS, Cloud, invoke
from tests.simulation.environments import ENVIRONMENTS
from tests.simulation.explorer import Budget, Stage, consult
from tests.simulation.explorer.workflow import TaskFailedError
from tests.simulation.finding import Finding, Kind
from tests.simulation.scenario import Scenario
from tests.unit.usecases.payer_files import Answered, answered, remittance_file
from tests.unit.usecases.world import World, batches_of

CLAIM = "CTESTCLAIM01"
FILE = "remittances/era.x12"
PAID = answered({"CO-45": 5_200, "PR-3": 2_500})
SPOILT_FILE = "remittances/spoilt.x12"
SPOILT = answered({"CO-45": 5_200, "PR-3": 2_500}, short_cents=100)
NOBODYS = answered({}, pcn="NOTOURS", pccn="ICN9", charge_cents=1_234)
TAKEN_BACK_CENTS = 700
CASH_CENTS = 7_300 + 1_234 - TAKEN_BACK_CENTS


def payment_arrived() -> Cloud:
    """A claim that is with its payer, and a file in the intake: an answer for it, one for nobody, a takeback.

    The payment came before in a copy that does not add up, and waits for people.
    """
    cloud = Cloud(connector=ENVIRONMENTS[0].connector, promises=ENVIRONMENTS[0].promises)
    cloud.is_cold = False
    staged = staged_claim(cloud.records)
    released = store(cloud.records, staged.moved(ClaimState.VALIDATED))
    sent = store(cloud.records, released.moved(ClaimState.SUBMITTING))
    store(
        cloud.records,
        sent.moved(ClaimState.SUBMITTED, submitted_at=NOON),
        StoredPosting.of_claim(charge_posting(CLAIM, 15_000, occurred_on=NOON.date())),
        Pointer(name="PCN", value=PAID.pcn, target=CLAIM),
    )
    cloud.s3.documents[INTAKE, FILE] = _file(PAID)
    world = World()
    world.intake.drop(SPOILT_FILE, _file(SPOILT))
    ports = RemittanceFilePorts(
        records=cloud.records, evidence=world.evidence, intake=world.intake, clock=world.clock
    )
    read_remittance(ReadRemittance(file_key=SPOILT_FILE), CAUSE, ports)
    return cloud


def _file(answer: Answered) -> bytes:
    return remittance_file(
        answer,
        NOBODYS,
        provider_level={"WO:ICN0001": TAKEN_BACK_CENTS},
        payment_cents=CASH_CENTS,
    )


def delivery() -> None:
    """The file's event, delivered: read, post each batch, reconcile, as the workflow does."""
    with suppress(TaskFailedError):
        file = invoke("read_remittance", _event({"file_key": FILE}))
        for batch in batches_of(file):
            invoke("post_remittance", _event(batch))
        if file["outcome"] == "ready":
            invoke("reconcile_remittance", _event({"remittances": file["remittances"]}))


def _event(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "cause_id": "evt_file",
        "cause_type": "remittance.received",
        "correlation_id": "evt_root",
        "data": data,
    }


def one_after_the_other() -> Sequence[Stage[Cloud]]:
    """The file's event, delivered again and again; the last time everything works."""
    return (
        Stage(name="delivered", processes=[delivery]),
        Stage(name="redriven", after=timedelta(days=1), processes=[delivery]),
        _in_peace(timedelta(days=3)),
    )


def both_at_once() -> Sequence[Stage[Cloud]]:
    """The file is read; its batch is posted twice side by side; then everything works again."""
    return (
        Stage(name="read", processes=[reading], is_undisturbed=True),
        Stage(
            name="posted twice at once",
            after=timedelta(minutes=1),
            processes=[batch, batch],
        ),
        _in_peace(timedelta(days=1)),
    )


def reading() -> None:
    """The file, read."""
    invoke("read_remittance", _event({"file_key": FILE}))


def batch() -> None:
    """The payment's only batch, posted, as a redelivered event would."""
    with suppress(TaskFailedError):
        # What the reading before handed to the workflow's Map.
        manifest = consult(_manifest)
        invoke("post_remittance", _event({"manifest_key": manifest, "batch": 0}))


def _manifest(cloud: Cloud) -> str:
    (manifest,) = (key for _, key in cloud.s3.documents if key.startswith("manifests/"))
    return manifest


def _in_peace(after: timedelta) -> Stage[Cloud]:
    return Stage(name="redriven in peace", after=after, processes=[delivery], is_undisturbed=True)


def wrongs(cloud: Cloud, _faults: int) -> Iterator[Finding]:
    """All that is wrong once everything has come to its end."""
    postings = _postings(cloud)
    copies = {one.state: one for one in _all(cloud, Remittance)}
    remittance = copies.get(RemittanceState.POSTED)
    if remittance is None or set(copies) != {RemittanceState.POSTED, RemittanceState.REPLACED}:
        yield Finding(Kind.STUCK, f"the payment's copies are {', '.join(sorted(copies))}")
        return
    for item in _all(cloud, WorkItem):
        if item.state is WorkState.OPEN and item.reason == "remittance_unbalanced":
            yield Finding(
                Kind.NEEDLESSLY_PARKED, "a person is asked about the copy that was replaced"
            )
    if not prove(postings).holds:
        yield Finding(Kind.UNBALANCED, "the ledger does not sum to zero")
    ledger = balances(postings)
    wanted = {
        Account.REMITTANCE_CLEARING: CASH_CENTS,
        Account.UNAPPLIED_REMITTANCE: -1_234,
        Account.PAYER_RECOUPMENT: TAKEN_BACK_CENTS,
        Account.PATIENT_RECEIVABLE: 2_500,
        Account.CONTRACTUAL_ADJUSTMENT: 5_200,
        Account.INSURANCE_RECEIVABLE: 0,
    }
    for account, cents in wanted.items():
        if ledger.account_cents(account) != cents:
            kind = Kind.DUPLICATE if abs(ledger.account_cents(account)) > abs(cents) else Kind.LOST
            yield Finding(kind, f"{account} holds {ledger.account_cents(account)}, not {cents}")
    if read(cloud.records, CLAIM).state is not ClaimState.ADJUDICATED:
        yield Finding(Kind.STUCK, f"the claim is {read(cloud.records, CLAIM).state}")
    yield from _records_differ(cloud, remittance, postings)
    yield from audit_is_broken(cloud)


def _records_differ(
    cloud: Cloud, remittance: Remittance, postings: Sequence[Posting]
) -> Iterator[Finding]:
    """The state worked out anew from the entries is the one in the table."""
    claims = [one for one in postings if one.claim_id == CLAIM]
    mismatches = [
        *claim_mismatches(read(cloud.records, CLAIM), claims),
        *payment_mismatches(
            remittance,
            postings,
            batches=_all(cloud, PostedBatch),
            answers=_all(cloud, PostedAnswer),
            deposits=_all(cloud, Deposit),
        ),
    ]
    for one in mismatches:
        yield Finding(Kind.LOST, f"{one.field} is {one.stored}, the entries say {one.rebuilt}")


def _postings(cloud: Cloud) -> tuple[Posting, ...]:
    return tuple(posting for stored in _all(cloud, StoredPosting) for posting in stored.all)


def _all(cloud: Cloud, kind: Any) -> list[Any]:
    """Every record of a kind."""
    partitions = dict.fromkeys(row["pk"] for row in rows(cloud, RECORDS, kind.kind))
    return [
        found
        for partition in partitions
        for found in cloud.records.under(kind, partition, _PREFIXES.get(kind.kind, kind.kind))
    ]


_PREFIXES = {"POSTING": "POSTING#", "BATCH": "BATCH#", "ANSWER": "ANSWER#"}


def scenarios(*, faults: int, faults_at_once: int) -> tuple[Scenario, Scenario]:
    """All that is explored of a payment's posting."""
    return (
        Scenario(
            name="posting, one after the other",
            begin=payment_arrived,
            stages=one_after_the_other(),
            budget=Budget(faults=faults),
            judge=wrongs,
        ),
        Scenario(
            name="posting, both at once",
            begin=payment_arrived,
            stages=both_at_once(),
            budget=Budget(faults=faults_at_once),
            judge=wrongs,
        ),
    )
