"""Several claims on their way out in one file: bound one by one, frozen once, sent once, and told apart at the end.

Each step is stored before the next, so whoever takes the file up where another died goes on from there:

1. *gathering*: who is asked to go in it is written down, with its control number. Nobody is bound yet.
2. each claim is bound to it by compare-and-set on the version it was asked at. Who moved meanwhile stays away for good.
3. *submitting*: the bytes of those who are bound are frozen. Whoever wins this write may send them.
4. *submitted*, *rejected*, *parked*: one answer, one look-up, one decision for the file.
5. each claim still waiting is told. Only then is the file due for nothing more.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import Actor, Commit, Record
from functions.billing.domain.errors import (
    ClearinghouseUnavailableError,
    IdempotencyKeyReusedError,
    RecordNotFoundError,
    RetryLaterError,
    StaleRecordError,
    UsageIndicatorError,
)
from functions.billing.domain.keys import derived_id
from functions.billing.domain.rules.policy import payer_policies
from functions.billing.domain.submission.attempt import Attempt, AttemptState, Pointer
from functions.billing.domain.submission.claim_file import OPEN_FILE, ClaimFile, Member
from functions.billing.domain.submission.protocol import (
    Decision,
    Move,
    decide,
    key_is_live,
)
from functions.billing.domain.work_items import Queue
from functions.billing.edi.claim_837 import WireNumbers, write_claims
from functions.billing.ports import SubmissionAnswer
from functions.billing.usecases.sending import (
    FILE_CONTROL_NUMBER,
    Facts,
    Sending,
    newest_attempt,
)

# Why a file is parked that no person who bills could mend: its bytes or its connection are not what they were.
_FOR_ENGINEERING = frozenset({"idempotency_key_reused", "usage_indicator_differs"})


@dataclass(frozen=True, slots=True)
class FileSending:
    """One file on its way; `one` is how a single claim of it would go."""

    one: Sending

    def gather(self, claims: Sequence[Claim], *, is_institutional: bool) -> ClaimFile:
        """Write down who is asked to go together."""
        now = self._now()
        number = self.one.ports.control_numbers.next()
        name = self.one.connection.connector.name
        file = ClaimFile(
            file_id=derived_id("F", name, str(number), now.isoformat()),
            connector=name,
            control_number=number,
            is_institutional=is_institutional,
            members=tuple(
                Member(
                    claim_id=claim.claim_id,
                    version=claim.version,
                    revision=claim.revision,
                    transaction=place,
                )
                for place, claim in enumerate(claims, start=1)
            ),
            first_intended_at=now,
            intended_at=now,
            due_kind=OPEN_FILE,
            due_at=self.one.lease_end(now),
        )
        pointer = Pointer(name=FILE_CONTROL_NUMBER, value=str(number), target=file.file_id)
        return self._committed(file, "gathering", new=(pointer,))

    def go_on(self, file: ClaimFile) -> str:
        """Take the file one step further, or to its end; the word says how far it came."""
        if file.state is AttemptState.GATHERING:
            return self._close_and_send(file)
        if file.state is AttemptState.SUBMITTING:
            return self._resolve(file)
        return self._tell(file)

    def _close_and_send(self, file: ClaimFile) -> str:
        bound = tuple(member for member in file.members if self._bind(file, member))
        if not bound:
            nobody = replace(file, state=AttemptState.ABANDONED, due_kind="", due_at=None)
            return self._committed(nobody, "abandoned").state
        return self._send(self._freeze(file, bound))

    def _bind(self, file: ClaimFile, member: Member) -> bool:
        """Whether the claim goes in this file: it is bound now, or was before whoever did it died."""
        claim = self._claim(member)
        if claim.version == member.version and claim.state is ClaimState.VALIDATED:
            attempt = Attempt(
                claim_id=claim.claim_id,
                number=claim.attempt + 1,
                patient_control_number=claim.patient_control_number,
                connector=file.connector,
                interchange_control_number=f"{file.control_number:09d}",
                group_control_number=str(file.control_number),
                transaction_control_number=f"{member.transaction:04d}",
                first_intended_at=self._now(),
                intended_at=self._now(),
                file_id=file.file_id,
            )
            content = self.one.content_of(member.claim_id, member.revision)
            try:
                # The file alone is looked after: a claim in it is due for nothing by itself.
                self.one.intend(claim, attempt, content, facts={"file_id": file.file_id})
            except RetryLaterError:
                claim = self._claim(member)
            else:
                return True
        newest = newest_attempt(self.one.ports.records, claim)
        return newest is not None and newest.file_id == file.file_id

    def _freeze(self, file: ClaimFile, bound: tuple[Member, ...]) -> ClaimFile:
        now = self._now()
        ports = self.one.ports
        body = write_claims(
            (
                (self.one.content_of(member.claim_id, member.revision), _numbers(file, member))
                for member in bound
            ),
            policies=ports.rule_sets.active("payer_policies", payer_policies),
            partner=self.one.connection.partner,
            at=now,
        )
        digest = hashlib.sha256(body).hexdigest()
        kept = ports.evidence.keep(
            f"submissions/{file.file_id}/{digest[:16]}.x12",
            body,
            content_type="application/edi-x12",
        )
        frozen = replace(
            file,
            members=bound,
            state=AttemptState.SUBMITTING,
            idempotency_key=f"{file.file_id}-{digest[:32]}",
            body_key=kept.key,
            body_sha256=digest,
            first_intended_at=now,
            intended_at=now,
            due_at=self.one.lease_end(now),
        )
        return self._committed(frozen, "intent", facts={"body_sha256": digest})

    def _send(self, file: ClaimFile) -> str:
        body = self.one.ports.evidence.fetch(file.body_key)
        try:
            answer = self.one.connection.submit(
                body,
                idempotency_key=file.idempotency_key,
                institutional=file.is_institutional,
            )
        except ClearinghouseUnavailableError as silence:
            self._note_unknown(file, silence.detail, silence.retry_after_seconds)
            self.one.breaker.failed(silence.detail)
            return "unknown"
        except (IdempotencyKeyReusedError, UsageIndicatorError) as conflict:
            return self._tell(self._park(file, conflict.code))
        known = self._record(file, answer)
        self.one.breaker.succeeded()
        return self._tell(known)

    def _resolve(self, file: ClaimFile) -> str:
        """Find out what became of a file nobody answered for."""
        waiting = len(tuple(self._waiting(file)))
        if not waiting:
            return self._tell(self._park(file, "every_claim_was_answered_for"))
        decision = self._decided(file, is_untouched=waiting == len(file.members))
        match decision.move:
            case Move.NOTHING:
                found = SubmissionAnswer(accepted=True, code="found_by_lookup")
                return self._tell(self._record(file, found))
            case Move.SEND_AGAIN:
                return self._send(self._take_up(file))
            case Move.PARK:
                return self._tell(self._park(file, decision.why))
            case _:
                return self._note_unknown(file, decision.why, decision.wait_seconds)

    def _decided(self, file: ClaimFile, *, is_untouched: bool) -> Decision:
        """The protocol's decision, with one look-up whatever the number of claims.

        A claim that was answered for may have been mended and sent anew: then only a live key lets the file go again.
        """
        connector = self.one.connection.connector
        decision = decide(file, connector, self._now())
        if decision.move is not Move.LOOK_UP:
            return decision
        lookup = self.one.connection.look_up_file(
            file.control_number, idempotency_key=file.idempotency_key
        )
        decision = decide(file, connector, self._now(), lookup=lookup)
        is_safe = is_untouched or key_is_live(file, connector, self._now())
        if decision.move is Move.SEND_AGAIN and not is_safe:
            return Decision(Move.PARK, "some_claims_were_answered_for")
        return decision

    def _take_up(self, file: ClaimFile) -> ClaimFile:
        """Win the right to send the file again."""
        now = self._now()
        taken = replace(file, tries=file.tries + 1, intended_at=now, due_at=self.one.lease_end(now))
        return self._committed(taken, "taken_up", facts={"tries": taken.tries})

    def _record(self, file: ClaimFile, answer: SubmissionAnswer) -> ClaimFile:
        state = AttemptState.SUBMITTED if answer.accepted else AttemptState.REJECTED
        known = replace(
            file,
            state=state,
            answer_code=answer.code,
            clearinghouse_id=answer.clearinghouse_id,
            due_at=self.one.lease_end(self._now()),
        )
        return self._committed(known, state, facts={"answer": answer.code})

    def _park(self, file: ClaimFile, why: str) -> ClaimFile:
        parked = replace(file, state=AttemptState.PARKED, answer_code=why)
        return self._committed(parked, "parked", facts={"why": why})

    def _note_unknown(self, file: ClaimFile, why: str, wait_seconds: int) -> str:
        """Nobody knows yet: the file is looked at again when its lease has run out, or when it was asked to be."""
        now = self._now()
        due_at = max(self.one.lease_end(now), now + timedelta(seconds=wait_seconds))
        self._committed(replace(file, due_at=due_at), "outcome_unknown", facts={"why": why})
        return "unknown"

    def _tell(self, file: ClaimFile) -> str:
        """Give the file's fate to each claim that still waits for it."""
        try:
            for claim, attempt in self._waiting(file):
                self._tell_one(file, claim, attempt)
        except RetryLaterError:
            # An answer about the claim came at the same moment: the next look sees who still waits.
            return file.state
        return self._committed(replace(file, due_kind="", due_at=None), "told").state

    def _tell_one(self, file: ClaimFile, claim: Claim, attempt: Attempt) -> None:
        answer = SubmissionAnswer(
            accepted=file.state is AttemptState.SUBMITTED,
            code=file.answer_code,
            clearinghouse_id=file.clearinghouse_id,
        )
        if file.state is AttemptState.PARKED:
            engineering = file.answer_code in _FOR_ENGINEERING
            queue = Queue.ENGINEERING if engineering else Queue.BILLING
            self.one.park(claim, attempt, file.answer_code, queue)
        elif answer.accepted or len(file.members) == 1:
            self.one.record(claim, attempt, answer)
        else:
            self.one.leave_alone(claim, attempt)

    def _waiting(self, file: ClaimFile) -> Iterator[tuple[Claim, Attempt]]:
        """Claims whose fate is still the file's: no acknowledgement or remittance came before its answer."""
        for member in file.members:
            claim = self._claim(member)
            attempt = newest_attempt(self.one.ports.records, claim)
            if attempt is None or attempt.file_id != file.file_id:
                continue
            if attempt.is_with_others and claim.state is ClaimState.SUBMITTING:
                yield claim, attempt

    def _claim(self, member: Member) -> Claim:
        claim = self.one.ports.records.get(Claim, Claim.key_of(member.claim_id))
        if claim is None:
            raise RecordNotFoundError("claim_not_found", subject=f"claim:{member.claim_id}")
        return claim

    def _now(self) -> datetime:
        return self.one.ports.clock.now()

    def _committed(
        self,
        file: ClaimFile,
        decision: str,
        *,
        new: tuple[Record, ...] = (),
        facts: Facts | None = None,
    ) -> ClaimFile:
        """The file as stored: the store raises its version and chains its audit."""
        records = self.one.ports.records
        commit = Commit(
            step=self.one.step,
            cause=self.one.cause,
            actor=Actor(self.one.step),
            at=self._now(),
            root=file,
            decision=decision,
            facts={"claims": len(file.members), **(facts or {})},
            new=new,
        )
        try:
            records.commit(commit)
        except StaleRecordError as stale:
            # Another is at work on the file: whoever comes back reads how far it came.
            raise RetryLaterError(stale.code, subject=stale.subject, detail=stale.detail) from None
        stored = records.get(ClaimFile, file.key)
        if stored is None:
            raise RecordNotFoundError("claim_file_not_found", subject=file.subject)
        return stored


def _numbers(file: ClaimFile, member: Member) -> WireNumbers:
    return WireNumbers(
        interchange=file.control_number,
        group=file.control_number,
        transaction=member.transaction,
        is_shared=True,
    )
