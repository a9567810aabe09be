"""What a clearinghouse says of two claims in one file, taken down: each knows its own fate, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.ledger.balances import claim_balance
from functions.billing.domain.submission.attempt import Attempt, AttemptState, Pointer
from functions.billing.domain.submission.claim_file import ClaimFile, Member
from functions.billing.usecases.postings import postings_of
from functions.billing.usecases.sending import FILE_CONTROL_NUMBER, PATIENT_CONTROL_NUMBER
from tests.builders import read, released_claim, store
from tests.fakes import NOON
from tests.simulation.checks import audit_is_broken, events_are_lost, ledger_is_off, rows
from tests.simulation.cloud import INTAKE, RECORDS, Cloud, invoke
from tests.simulation.environments import ENVIRONMENTS
from tests.simulation.explorer import Budget, Stage
from tests.simulation.explorer.workflow import TaskFailedError
from tests.simulation.finding import Finding, Kind
from tests.simulation.scenario import Scenario
from tests.unit.usecases.payer_files import Said, front_door_file, syntax_file_of

TAKEN, REJECTED = "CTESTCLAIM01", "CTESTCLAIM02"
GROUP = "7"
FILES = {
    "acknowledgements/999.x12": syntax_file_of(GROUP, {"0001": "A", "0002": "R"}),
    "acknowledgements/277.x12": front_door_file(Said(f"{TAKEN}01", "A2:20", "ICN1")),
}
TOLD_BY = {
    "999_received": ("claim.acknowledged",),
    "999_rejected": ("claim.rejected", "work_item.opened"),
    "277CA_accepted": ("claim.acknowledged",),
}


def unanswered_file() -> Cloud:
    """A file of two claims whose answer was lost, and what the clearinghouse drops about it."""
    environment = ENVIRONMENTS[0]
    cloud = Cloud(connector=environment.connector, promises=environment.promises)
    cloud.is_cold = False
    claims = (TAKEN, REJECTED)
    for place, claim_id in enumerate(claims, start=1):
        claim = released_claim(cloud.records, claim_id=claim_id)
        attempt = Attempt(
            claim_id=claim_id,
            number=1,
            patient_control_number=claim.patient_control_number,
            connector="simulated",
            interchange_control_number=GROUP.zfill(9),
            group_control_number=GROUP,
            transaction_control_number=f"{place:04d}",
            first_intended_at=NOON,
            intended_at=NOON,
            file_id="F1",
            version=1,
        )
        number = Pointer(
            name=PATIENT_CONTROL_NUMBER, value=claim.patient_control_number, target=claim_id
        )
        store(cloud.records, claim.moved(ClaimState.SUBMITTING, attempt=1), attempt, number)
    members = tuple(
        Member(claim_id=claim_id, version=1, revision=1, transaction=place)
        for place, claim_id in enumerate(claims, start=1)
    )
    file = ClaimFile(
        file_id="F1",
        connector="simulated",
        control_number=int(GROUP),
        is_institutional=False,
        members=members,
        first_intended_at=NOON,
        intended_at=NOON,
        state=AttemptState.SUBMITTING,
    )
    cloud.records.remember(replace(file, version=1))
    cloud.records.remember(Pointer(name=FILE_CONTROL_NUMBER, value=GROUP, target="F1"))
    for key, body in FILES.items():
        cloud.s3.documents[INTAKE, key] = body
    return cloud


def delivery() -> None:
    """Both files' events, delivered."""
    for key in FILES:
        event = {
            "cause_id": f"evt_{key}",
            "cause_type": "acknowledgement.received",
            "correlation_id": "evt_root",
            "data": {"file_key": key},
        }
        with suppress(TaskFailedError):
            invoke("record_acknowledgement", event)


def taken_down(*, faults: int) -> Scenario:
    """The files' events, delivered again and again; the last time everything works."""

    def delivered(name: str, days: int, *, in_peace: bool = False) -> Stage[Cloud]:
        after = timedelta(days=days)
        return Stage(name=name, after=after, processes=[delivery], is_undisturbed=in_peace)

    return Scenario(
        name="acknowledgement of a file of claims",
        begin=unanswered_file,
        stages=(
            delivered("delivered", 0),
            delivered("redriven", 1),
            delivered("redriven in peace", 3, in_peace=True),
        ),
        budget=Budget(faults=faults),
        judge=wrongs,
    )


def wrongs(cloud: Cloud, _faults: int) -> Iterator[Finding]:
    """All that is wrong once everything has come to its end."""
    for claim_id, state, charged_cents in (
        (TAKEN, ClaimState.ACCEPTED, 15_000),
        (REJECTED, ClaimState.REJECTED, 0),
    ):
        claim = read(cloud.records, claim_id)
        if claim.state is not state:
            yield Finding(Kind.STUCK, f"the claim that should be {state} is {claim.state}")
        balance = claim_balance(claim_id, postings_of(cloud.records, claim_id))
        if balance.charged_cents not in {charged_cents, claim.charge_cents}:
            yield Finding(Kind.UNBALANCED, f"{balance.charged_cents} cents are charged")
        yield from ledger_is_off(cloud, claim_id)
        yield from events_are_lost(cloud, claim.subject, claim.key.partition, TOLD_BY)
    said = [row["sk"] for row in rows(cloud, RECORDS, "ACK")]
    works = list(rows(cloud, RECORDS, "WORK"))
    if (len(said), len(works)) != (3, 1):
        yield Finding(Kind.LOST, f"{len(said)} answers stand, and {len(works)} works")
    yield from audit_is_broken(cloud)


def scenarios(*, faults: int) -> tuple[Scenario, ...]:
    """All that is explored of acknowledgements."""
    return (taken_down(faults=faults),)
