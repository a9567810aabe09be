"""The submission of one claim, from its release to an outcome nobody doubts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.ledger.balances import claim_balance
from functions.billing.domain.outages.circuit import CircuitPolicy
from functions.billing.domain.submission.protocol import SENDER_LIVES_SECONDS
from functions.billing.usecases.outages import Breaker
from functions.billing.usecases.postings import postings_of
from functions.billing.usecases.sending import (
    BEGUN_WITHIN,
    CLEARINGHOUSE,
    RELEASED,
    SILENCES_TO_OPEN,
    newest_attempt,
)
from tests.builders import CAUSE, read, released_claim, store
from tests.fakes import SettableClock
from tests.simulation.checks import audit_is_broken, events_are_lost, ledger_is_off, rows
from tests.simulation.cloud import RECORDS, Cloud, execute
from tests.simulation.environments import Environment
from tests.simulation.explorer import Budget, Stage, consult
from tests.simulation.finding import Finding, Kind
from tests.simulation.scenario import Scenario

CLAIM = "CTESTCLAIM01"
PARKED = "submission_outcome_unknown"
# Twenty of its twenty-four hours.
KEY_TRUSTED = timedelta(hours=20)

# A slow call that its function survives, and one that outlives the function and the time everything needs to land.
JUMP_SECONDS = (25, 100)

# The events that each decision about a claim must leave behind, in the order they are told.
TOLD_BY = {
    "submitted": ("claim.submitted",),
    "rejected": ("claim.rejected", "work_item.opened"),
    "outcome_unknown": ("claim.submission.unknown",),
    "parked": ("claim.submission.unknown", "work_item.opened"),
    "swept": ("claim.released",),
    "let_go": ("claim.released",),
}


def released(
    environment: Environment, *, is_cold: bool = True, claim_ids: Sequence[str] = (CLAIM,)
) -> Cloud:
    """A practice with a claim, or several, that were just let go."""
    cloud = Cloud(connector=environment.connector, promises=environment.promises)
    cloud.is_cold = is_cold
    for claim_id in claim_ids:
        claim = released_claim(cloud.records, claim_id=claim_id)
        # As validation leaves it.
        store(cloud.records, replace(claim, due_kind=RELEASED, due_at=cloud.now + BEGUN_WITHIN))
    return cloud


@cache
def delivery(cause_id: str = "evt_released", claim_id: str = CLAIM) -> Callable[[], None]:
    """The message about a claim's release, delivered."""
    data = {"claim_id": claim_id, "payer": "BLUEPEAK", "revision": 1}
    payload = _event("claim.released", cause_id, data)

    def act() -> None:
        execute("submission", payload)

    return act


@cache
def sweep(cause_id: str, cause_type: str = "submissions.due") -> Callable[[], None]:
    """The clock's look at what is stuck, or held while nobody answered; what it wakes is delivered."""

    def act() -> None:
        before = consult(_released_events)
        execute("submission", _event(cause_type, cause_id, {}))
        for event in consult(_released_events):
            if event not in before:
                delivery(*event)()

    return act


def _event(cause_type: str, cause_id: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "cause_id": cause_id,
        "cause_type": cause_type,
        "correlation_id": "evt_root",
        "data": data,
        "event": f"the message {cause_id} as it came",
    }


def _released_events(cloud: Cloud) -> tuple[tuple[str, str], ...]:
    """Their ids, and the claims they tell of."""
    return tuple(
        sorted(
            (event["event_id"], event["data"]["claim_id"])
            for line in rows(cloud, RECORDS, "HISTORY")
            for event in line.get("events", ())
            if event["type"] == "claim.released"
        )
    )


def one_after_the_other() -> Sequence[Stage[Cloud]]:
    """One message, delivered again and again, to day 13."""

    def again(name: str, after: timedelta) -> Stage[Cloud]:
        return Stage(name=name, after=after, processes=[delivery()])

    return (
        again("delivered", timedelta(0)),
        again("delivered again", timedelta(minutes=3)),
        Stage(name="swept", after=timedelta(minutes=10), processes=[sweep("evt_sweep_1")]),
        again("redriven on day 1", timedelta(days=1)),
        again("redriven on day 3", timedelta(days=3)),
        again("redriven on day 13", timedelta(days=13)),
        *quiet(timedelta(days=13, hours=1)),
    )


def looked_at_a_day_later() -> Sequence[Stage[Cloud]]:
    """One message; what it left open is first looked at when no key is trusted any more."""
    return (
        Stage(name="delivered", processes=[delivery()]),
        *(
            Stage(name=f"redriven on day {day}", after=timedelta(days=day), processes=[delivery()])
            for day in (1, 3, 13)
        ),
        *quiet(timedelta(days=13, hours=1)),
    )


def both_at_once() -> Sequence[Stage[Cloud]]:
    """Two deliveries side by side, then one more."""
    return (
        Stage(
            name="delivered twice at once",
            processes=[delivery(), delivery()],
            time_matters=_is_on_its_way,
        ),
        Stage(
            name="delivered again",
            after=timedelta(minutes=10),
            processes=[delivery()],
            is_undisturbed=True,
        ),
        *quiet(timedelta(hours=1)),
    )


def _is_on_its_way(cloud: Cloud) -> bool:
    state: str = cloud.dynamodb.tables[RECORDS][f"CLAIM#{CLAIM}", "CLAIM"]["state"]["S"]
    return state == ClaimState.SUBMITTING


def quiet(begin: timedelta) -> Iterator[Stage[Cloud]]:
    """Everything works again: whatever is still open must come to its end by itself."""
    for number in range(3):
        yield Stage(
            name="swept in peace",
            after=begin + timedelta(minutes=10 * number),
            processes=[sweep(f"evt_quiet_{number}")],
            is_undisturbed=True,
        )


def wrongs(
    cloud: Cloud, environment: Environment, *, may_have_lost: bool = True, claim_id: str = CLAIM
) -> Iterator[Finding]:
    """All that is wrong with a claim in a state in which everything has come to its end."""
    claim = read(cloud.records, claim_id)
    taken = cloud.clearinghouse.taken.count(claim.patient_control_number)
    if taken > 1:
        yield Finding(Kind.DUPLICATE, f"the clearinghouse took the claim {taken} times")
    match claim.state:
        case ClaimState.VALIDATED | ClaimState.SUBMITTING:
            yield Finding(Kind.STUCK, f"the claim is {claim.state}")
        case ClaimState.SUBMITTED if not taken:
            yield Finding(Kind.LOST, "the claim is called submitted, and nobody has it")
        case ClaimState.REJECTED if taken:
            yield Finding(Kind.LOST, "the claim is called rejected, and the clearinghouse has it")
        case ClaimState.OUTCOME_UNKNOWN:
            yield from _wrongs_of_parking(claim, cloud, environment, may_have_lost=may_have_lost)
    if cloud.clearinghouse.mismatches:
        yield Finding(Kind.KEY_REUSED, "one key came with other bytes")
    charged = claim_balance(claim_id, postings_of(cloud.records, claim_id)).charged_cents
    if charged != (claim.charge_cents if claim.state is ClaimState.SUBMITTED else 0):
        yield Finding(Kind.UNBALANCED, f"{charged} cents are charged to a claim {claim.state}")
    yield from ledger_is_off(cloud, claim_id)
    yield from audit_is_broken(cloud)
    yield from events_are_lost(cloud, claim.subject, claim.key.partition, TOLD_BY)


def _wrongs_of_parking(
    claim: Claim, cloud: Cloud, environment: Environment, *, may_have_lost: bool
) -> Iterator[Finding]:
    """A claim may be parked only where nothing else could be known, and then at once."""
    attempt = newest_attempt(cloud.records, claim)
    works = [
        work
        for work in rows(cloud, RECORDS, "WORK")
        if (work["reason"], work["about"]) == (PARKED, claim.subject)
    ]
    if attempt is None or len(works) != 1:
        yield Finding(Kind.LOST, "the claim is parked, and nobody has the work")
        return
    waited = datetime.fromisoformat(works[0]["opened_at"]) - attempt.first_intended_at
    if not may_have_lost:
        yield Finding(Kind.NEEDLESSLY_PARKED, "no answer was lost")
    elif environment.has_list:
        yield Finding(Kind.NEEDLESSLY_PARKED, "the clearinghouse's list would have known")
    elif environment.has_key and waited < KEY_TRUSTED:
        yield Finding(Kind.NEEDLESSLY_PARKED, "the key was still live")


def in_an_outage(environment: Environment) -> Cloud:
    """The same practice while its clearinghouse answers nobody."""
    cloud = released(environment, is_cold=False)
    breaker = Breaker(
        dependency=f"{CLEARINGHOUSE}:{cloud.connector['name']}",
        step="test",
        cause=CAUSE,
        records=cloud.records,
        clock=SettableClock(cloud.now),
        policy=CircuitPolicy(failures_to_open=SILENCES_TO_OPEN),
    )
    for _ in range(SILENCES_TO_OPEN):
        breaker.failed("timed_out")
    return cloud


def in_turn(environment: Environment, *, faults: int) -> Scenario:
    """One message, delivered again and again."""
    return Scenario(
        name=f"submission, {environment.name}, in turn",
        begin=lambda: released(environment),
        stages=one_after_the_other(),
        budget=Budget(faults=faults),
        judge=_judge_of(environment),
    )


def neglected(environment: Environment, *, faults: int) -> Scenario:
    """One message, and nobody looks again before the next day."""
    return Scenario(
        name=f"submission, {environment.name}, neglected",
        begin=lambda: released(environment),
        stages=looked_at_a_day_later(),
        budget=Budget(faults=faults),
        judge=_judge_of(environment),
    )


def forgotten(environment: Environment, *, faults: int) -> Scenario:
    """One message, delivered once: what it left open is found by the sweep alone."""
    return Scenario(
        name=f"submission, {environment.name}, forgotten",
        begin=lambda: released(environment),
        stages=(
            Stage(name="delivered", processes=[delivery()]),
            Stage(name="swept", after=timedelta(minutes=10), processes=[sweep("evt_sweep_1")]),
            *quiet(timedelta(minutes=20)),
        ),
        budget=Budget(faults=faults),
        judge=_judge_of(environment),
    )


def held(environment: Environment, *, faults: int) -> Scenario:
    """One message in an outage: the claim waits in line, probes when its turn comes, and is sent."""
    looks: Iterator[Stage[Cloud]] = (
        Stage(
            name="held claims looked after",
            after=timedelta(minutes=20 * number + 2),
            processes=[sweep(f"evt_outage_{number}", "outage.due")],
            is_undisturbed=number > 1,
        )
        for number in range(3)
    )
    return Scenario(
        name=f"submission, {environment.name}, held",
        begin=lambda: in_an_outage(environment),
        stages=(
            Stage(name="delivered", processes=[delivery()]),
            *looks,
            *quiet(timedelta(hours=1)),
        ),
        budget=Budget(faults=faults),
        judge=_judge_of(environment),
    )


def at_once(environment: Environment, *, faults: int, jumps: tuple[int, ...] = ()) -> Scenario:
    """The same message, delivered twice at the same time; the clock jumps once, by one of these seconds."""
    return Scenario(
        name=f"submission, {environment.name}, at once",
        begin=lambda: released(environment, is_cold=False),
        stages=both_at_once(),
        budget=Budget(faults=faults, jumps=bool(jumps), jump_seconds=jumps),
        judge=_judge_of(environment, outlives=max(jumps, default=0) > SENDER_LIVES_SECONDS),
    )


def _judge_of(
    environment: Environment, *, outlives: bool = False
) -> Callable[[Cloud, int], Iterator[Finding]]:
    """`outlives`: a jump of the clock may end a function before it hears its answer, as a fault does."""
    return lambda cloud, faults: wrongs(cloud, environment, may_have_lost=bool(faults) or outlives)


def scripts(
    environment: Environment,
    *,
    faults: int,
    faults_elsewhere: int,
    faults_at_once: int,
    jumps: tuple[int, ...] = (),
) -> tuple[Scenario, ...]:
    """All that is explored of a submission in one environment; the longest script first."""
    return (
        in_turn(environment, faults=faults),
        at_once(environment, faults=faults_at_once, jumps=jumps),
        held(environment, faults=faults_elsewhere),
        forgotten(environment, faults=faults_elsewhere),
        neglected(environment, faults=faults_elsewhere),
    )
