"""What submitting and resolving share: freezing the bytes, sending them, recording what came of it.

The order is the promise: the attempt with its frozen bytes is stored before anything leaves, and only an answer that
settles the matter moves the claim on. An exception leaves the claim in `submitting`, where the protocol finds it.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.claims.revisions import StoredContent
from functions.billing.domain.claims.weak_key import WeakKey
from functions.billing.domain.commit import (
    Actor,
    Aggregate,
    Cause,
    Commit,
    Fact,
    OutboundEvent,
    Record,
)
from functions.billing.domain.errors import (
    ClearinghouseUnavailableError,
    IdempotencyKeyReusedError,
    RecordNotFoundError,
    RetryLaterError,
    StaleRecordError,
    UsageIndicatorError,
)
from functions.billing.domain.outages.circuit import CircuitPolicy, held_kind
from functions.billing.domain.rules.policy import PayerPolicies, payer_policies
from functions.billing.domain.submission.attempt import Attempt, AttemptState, Pointer
from functions.billing.domain.submission.inquiry import Silence
from functions.billing.domain.work_items import Queue, open_work_item
from functions.billing.edi.claim_837 import WireNumbers, claim_body, write_claim
from functions.billing.ports import (
    ClaimConnection,
    Clock,
    Connections,
    ControlNumbers,
    Evidence,
    Records,
    RuleSets,
    SubmissionAnswer,
)
from functions.billing.usecases.charging import charge_due
from functions.billing.usecases.events import claim_event, opened
from functions.billing.usecases.filing import filing_due
from functions.billing.usecases.following_up import awaiting, follow_up_of
from functions.billing.usecases.outages import Breaker
from functions.billing.x12 import InstitutionalClaims, ProfessionalClaims

CLEARINGHOUSE = "clearinghouse"
"""The family of circuits claims are held for."""

# Single claims time out now and then, and several at once are not yet an outage.
SILENCES_TO_OPEN = 5

# A claim whose payer has no filing limit is the last in line.
FAR_AWAY = date(9999, 1, 1)

PATIENT_CONTROL_NUMBER = "PCN"
GROUP_CONTROL_NUMBER = "GROUP"
"""GS06 of a claim sent alone."""
FILE_CONTROL_NUMBER = "FILE"
"""GS06 of several sent together; one counter gives both."""

# What a claim is due for: to be begun, though nobody came for it; to be looked at, though nobody came back.
RELEASED = "RELEASED"
SUBMITTING = "SUBMITTING"

# A claim that was let go is on its way by then.
BEGUN_WITHIN = timedelta(minutes=10)

Facts = dict[str, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingPorts:
    """What sending needs of the world."""

    records: Records
    evidence: Evidence
    connections: Connections
    control_numbers: ControlNumbers
    rule_sets: RuleSets
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One claim on its way out through one connection, for one cause."""

    step: str
    cause: Cause
    ports: SendingPorts
    connection: ClaimConnection

    def begin(self, claim: Claim) -> tuple[Claim, Attempt]:
        """Freeze the bytes and record the intent. Nothing has left when this returns."""
        now = self.ports.clock.now()
        content = self.content_of(claim.claim_id, claim.revision)
        numbers = self._numbers(claim)
        body = write_claim(
            content,
            policies=self._policies,
            numbers=numbers,
            partner=self.connection.partner,
            at=now,
        )
        digest = hashlib.sha256(body).hexdigest()
        number = claim.attempt + 1
        kept = self.ports.evidence.keep(
            f"submissions/{claim.claim_id}/{number:03d}-{digest[:16]}.x12",
            body,
            content_type="application/edi-x12",
        )
        connector = self.connection.connector
        attempt = Attempt(
            claim_id=claim.claim_id,
            number=number,
            patient_control_number=claim.patient_control_number,
            idempotency_key=f"{claim.claim_id}-{number}-{digest[:32]}",
            body_key=kept.key,
            body_sha256=digest,
            connector=connector.name,
            interchange_control_number=f"{numbers.interchange:09d}",
            group_control_number=str(numbers.group),
            transaction_control_number=f"{numbers.transaction:04d}",
            first_intended_at=now,
            intended_at=now,
        )
        group = Pointer(
            name=GROUP_CONTROL_NUMBER, value=attempt.group_control_number, target=claim.claim_id
        )
        self.intend(
            claim,
            attempt,
            content,
            new=(group,),
            facts={"body_sha256": digest},
            due_kind=SUBMITTING,
            due_at=self.lease_end(now),
        )
        return self._again(claim, attempt)

    def intend(
        self,
        claim: Claim,
        attempt: Attempt,
        content: ClaimContent,
        *,
        new: tuple[Record, ...] = (),
        facts: Facts,
        due_kind: str = "",
        due_at: datetime | None = None,
    ) -> None:
        """Bind the claim to an attempt, with the numbers by which any answer finds it."""
        submitting = claim.moved(
            ClaimState.SUBMITTING, attempt=attempt.number, due_kind=due_kind, due_at=due_at
        )
        pointers = (*new, *self._own_number(attempt), *self._weak_keys(content))
        self._commit(
            submitting, "intent", attempt.intended_at, also=(attempt,), new=pointers, facts=facts
        )

    def take_up(self, claim: Claim, attempt: Attempt) -> tuple[Claim, Attempt]:
        """Win the right to send an interrupted attempt again; a rival that comes second must retry later."""
        now = self.ports.clock.now()
        taken = replace(attempt, tries=attempt.tries + 1, intended_at=now)
        held = claim.moved(ClaimState.SUBMITTING, due_kind=SUBMITTING, due_at=self.lease_end(now))
        self._commit(held, "taken_up", now, also=(taken,), facts={"tries": taken.tries})
        return self._again(held, taken)

    def send(self, claim: Claim, attempt: Attempt) -> dict[str, object]:
        """Send the frozen bytes under their key; `submitted`, `rejected`, `parked` or `unknown`."""
        body = self.ports.evidence.fetch(attempt.body_key)
        try:
            answer = self.connection.submit(
                body,
                idempotency_key=attempt.idempotency_key,
                institutional=self.content_of(claim.claim_id, claim.revision).is_institutional,
            )
        except ClearinghouseUnavailableError as silence:
            unknown = self.note_unknown(
                claim, attempt, silence.detail, retry_after_seconds=silence.retry_after_seconds
            )
            self.breaker.failed(silence.detail)
            return unknown
        except (IdempotencyKeyReusedError, UsageIndicatorError) as conflict:
            return self.park(claim, attempt, conflict.code, Queue.ENGINEERING)
        known = self.record(claim, attempt, answer)
        self.breaker.succeeded()
        return known

    @property
    def breaker(self) -> Breaker:
        """The circuit of this connection, which every function that sends through it shares."""
        return Breaker(
            dependency=f"{CLEARINGHOUSE}:{self.connection.connector.name}",
            step=self.step,
            cause=self.cause,
            records=self.ports.records,
            clock=self.ports.clock,
            policy=CircuitPolicy(failures_to_open=SILENCES_TO_OPEN),
        )

    def hold(self, claim: Claim) -> dict[str, object]:
        """Nobody answers: the claim waits in line, the one that must be filed first at its head."""
        held = held_kind(self.breaker.dependency)
        if claim.due_kind != held:
            now = self.ports.clock.now()
            file_by = claim.file_by or FAR_AWAY
            waiting = replace(
                claim, due_kind=held, due_at=datetime.combine(file_by, time(), now.tzinfo)
            )
            self._commit(waiting, "held_for_outage", now)
        return self._outcome("held", claim)

    def wait_for_company(self, claim: Claim) -> dict[str, object]:
        """The claim goes with others. A released claim waits in line as it is; one that was held joins now.

        It is proven here that it can be written: a claim that can't would be passed over in line.
        """
        self.transaction_of(claim)
        if claim.due_kind != RELEASED:
            now = self.ports.clock.now()
            waiting = replace(claim, due_kind=RELEASED, due_at=now + BEGUN_WITHIN)
            self._commit(waiting, "waits_for_company", now)
        return self._outcome("awaits_file", claim)

    def leave_alone(self, claim: Claim, attempt: Attempt) -> None:
        """The file was refused for one of several: each is sent alone, and the clearinghouse says which it meant."""
        now = self.ports.clock.now()
        alone = claim.moved(ClaimState.SUBMITTING, due_kind=SUBMITTING, due_at=now)
        refused = replace(attempt, state=AttemptState.REJECTED)
        self._commit(alone, "goes_alone", now, also=(refused,))

    def record(self, claim: Claim, attempt: Attempt, answer: SubmissionAnswer) -> dict[str, object]:
        """The outcome is known: write it down, with the charge on the ledger when it was taken."""
        if answer.accepted:
            return self._submitted(claim, attempt, answer)
        return self._rejected(claim, attempt, answer)

    def note_unknown(
        self, claim: Claim, attempt: Attempt, why: str, *, retry_after_seconds: int = 0
    ) -> dict[str, object]:
        """Say that nobody knows, and stay where the protocol looks."""
        now = self.ports.clock.now()
        connector = self.connection.connector
        held = claim.moved(ClaimState.SUBMITTING, due_kind=SUBMITTING, due_at=self.lease_end(now))
        unknown = claim_event(
            "claim.submission.unknown", held, attempt=attempt.number, parked=False
        )
        self._commit(held, "outcome_unknown", now, events=(unknown,), facts={"why": why})
        wait_seconds = max(connector.settle_seconds + 1, retry_after_seconds)
        return self._outcome("unknown", claim, wait_seconds=wait_seconds)

    def park(
        self, claim: Claim, attempt: Attempt, why: str, queue: Queue = Queue.BILLING
    ) -> dict[str, object]:
        """Nothing proves that the claim did not arrive: a person finds out."""
        now = self.ports.clock.now()
        parked = claim.moved(
            ClaimState.OUTCOME_UNKNOWN,
            **awaiting(follow_up_of(self.ports.rule_sets, claim.payer_id), Silence.STATUS, now),
        )
        work = open_work_item(
            queue=queue,
            reason="submission_outcome_unknown",
            about=claim.subject,
            recommended_action="ask the clearinghouse for this patient control number; never resend",
            at=now,
            due_days=0,
            payer_id=claim.payer_id,
            amount_cents=claim.charge_cents,
            occurrence=str(attempt.number),
        )
        unknown = claim_event(
            "claim.submission.unknown", parked, attempt=attempt.number, parked=True
        )
        self._commit(
            parked,
            "parked",
            now,
            also=(replace(attempt, state=AttemptState.PARKED), work),
            events=(unknown, opened(work)),
            facts={"why": why},
        )
        return self._outcome("parked", claim)

    def _submitted(
        self, claim: Claim, attempt: Attempt, answer: SubmissionAnswer
    ) -> dict[str, object]:
        now = self.ports.clock.now()
        submitted = claim.moved(
            ClaimState.SUBMITTED,
            submitted_at=claim.submitted_at or now,
            **awaiting(follow_up_of(self.ports.rule_sets, claim.payer_id), Silence.SYNTAX, now),
        )
        done = replace(
            attempt,
            state=AttemptState.SUBMITTED,
            answer_code=answer.code,
            clearinghouse_id=answer.clearinghouse_id,
        )
        charge = charge_due(self.ports.records, claim, at=now)
        new = (charge,) if charge else ()
        event = claim_event("claim.submitted", submitted, attempt=attempt.number)
        self._commit(
            submitted,
            "submitted",
            now,
            also=(done,),
            new=new,
            events=(event,),
            facts={"answer": answer.code},
        )
        return self._outcome("submitted", claim)

    def _rejected(
        self, claim: Claim, attempt: Attempt, answer: SubmissionAnswer
    ) -> dict[str, object]:
        now = self.ports.clock.now()
        rejected = claim.moved(
            ClaimState.REJECTED,
            reasons=(answer.code,),
            rejections=claim.rejections + 1,
            **filing_due(self.ports.rule_sets, claim),
        )
        done = replace(attempt, state=AttemptState.REJECTED, answer_code=answer.code)
        work = open_work_item(
            queue=Queue.BILLING,
            reason="clearinghouse_refused",
            about=claim.subject,
            recommended_action="mend what the code names; the claim never existed for the payer and goes out as new",
            at=now,
            payer_id=claim.payer_id,
            amount_cents=claim.charge_cents,
            fields=(answer.code,),
            occurrence=str(attempt.number),
        )
        event = claim_event(
            "claim.rejected", rejected, level="clearinghouse", reasons=(answer.code,)
        )
        self._commit(
            rejected,
            "rejected",
            now,
            also=(done, work),
            events=(event, opened(work)),
            facts={"answer": answer.code},
        )
        return self._outcome("rejected", claim)

    def transaction_of(self, claim: Claim) -> ProfessionalClaims | InstitutionalClaims:
        """The claim as it would stand in a file; raises as `claim_body` does."""
        return claim_body(
            self.content_of(claim.claim_id, claim.revision),
            policies=self._policies,
            numbers=WireNumbers(interchange=1, group=1, transaction=1),
            partner=self.connection.partner,
            at=self.ports.clock.now(),
        )

    @property
    def _policies(self) -> PayerPolicies:
        return self.ports.rule_sets.active("payer_policies", payer_policies)

    def content_of(self, claim_id: str, revision: int) -> ClaimContent:
        """What this revision of the claim bills; it never changes."""
        stored = self.ports.records.get(StoredContent, StoredContent.key_of(claim_id, revision))
        if stored is None:
            raise RecordNotFoundError("content_not_found", subject=f"claim:{claim_id}")
        return stored.content

    def _own_number(self, attempt: Attempt) -> tuple[Pointer, ...]:
        """A claim that goes alone after others spoilt its file has its number already."""
        number = attempt.patient_control_number
        key = Pointer.key_of(PATIENT_CONTROL_NUMBER, number)
        if attempt.number > 1 and self.ports.records.get(Pointer, key):
            return ()
        return (Pointer(name=PATIENT_CONTROL_NUMBER, value=number, target=attempt.claim_id),)

    def _weak_keys(self, content: ClaimContent) -> tuple[WeakKey, ...]:
        """What an answer without any of our numbers is found by; written once, whatever is sent again."""
        if content.coverage is None:
            return ()
        made = WeakKey.of(
            content.claim_id,
            content.coverage.member_id,
            content.service_from,
            content.total_charge_cents,
        )
        return () if self.ports.records.get(WeakKey, made.key) else (made,)

    def _numbers(self, claim: Claim) -> WireNumbers:
        # One number for the interchange and its only group: whatever level an answer names, it leads here.
        number = self.ports.control_numbers.next()
        return WireNumbers(
            interchange=number,
            group=number,
            # One claim a transaction: the group number already makes it unique.
            transaction=claim.attempt + 1,
        )

    def lease_end(self, now: datetime) -> datetime:
        """Until when whoever is at work may be: nobody looks before."""
        return now + timedelta(seconds=2 * self.connection.connector.settle_seconds + 60)

    def _again(self, claim: Claim, attempt: Attempt) -> tuple[Claim, Attempt]:
        """Both as just committed: the store raised their versions and chained their audits."""
        records = self.ports.records
        fresh_claim, fresh_attempt = (
            records.get(Claim, claim.key),
            records.get(Attempt, attempt.key),
        )
        if fresh_claim is None or fresh_attempt is None:
            raise RecordNotFoundError("attempt_not_found", subject=attempt.subject)
        return fresh_claim, fresh_attempt

    def _outcome(self, word: str, claim: Claim, **facts: object) -> dict[str, object]:
        return {"outcome": word, "claim_id": claim.claim_id, **facts}

    def _commit(
        self,
        claim: Claim,
        decision: str,
        at: datetime,
        *,
        also: tuple[Aggregate, ...] = (),
        new: tuple[Record, ...] = (),
        events: tuple[OutboundEvent, ...] = (),
        facts: Facts | None = None,
    ) -> None:
        commit = Commit(
            step=self.step,
            cause=self.cause,
            actor=Actor(self.step),
            at=at,
            root=claim,
            decision=decision,
            facts={"attempt": claim.attempt, **(facts or {})},
            also=also,
            new=new,
            events=events,
        )
        try:
            self.ports.records.commit(commit)
        except StaleRecordError as stale:
            # The only error a submitting state retries: whoever comes back reads what is known first.
            raise RetryLaterError(stale.code, subject=stale.subject, detail=stale.detail) from None


def payers_connection(ports: SendingPorts, claim: Claim) -> ClaimConnection:
    """The connection the claim's payer is reached by now."""
    return ports.connections.named(connector_of(ports.rule_sets, claim))


def connector_of(rule_sets: RuleSets, claim: Claim) -> str:
    """Its name, as the payer's policy gives it; empty for the deployment's first."""
    policy = rule_sets.active("payer_policies", payer_policies).of(claim.payer_id)
    return policy.connector if policy else ""


def newest_attempt(records: Records, claim: Claim) -> Attempt | None:
    """The attempt the claim's counter names."""
    attempts = records.under(Attempt, claim.key.partition, f"ATTEMPT#{claim.attempt:03d}")
    return attempts[0] if attempts else None
