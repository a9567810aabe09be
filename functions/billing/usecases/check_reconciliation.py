"""Look for what got stuck or does not add up, and give each finding an owner.

Reads   what is overdue, by each payer's patience; the postings of recent claims.
Writes  a report of the run; work for each finding.
Emits   claim.status.due, work_item.opened.
Fails   StaleRecordError is passed over: whoever moved the record meanwhile did what was needed.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.filing import FILING_DUE, LAST_DAYS, filing_decision
from functions.billing.domain.commit import Actor, Aggregate, Cause, Commit, OutboundEvent
from functions.billing.domain.errors import StaleRecordError
from functions.billing.domain.ledger.balances import LedgerProof, prove_entries
from functions.billing.domain.ledger.postings import Entry
from functions.billing.domain.outages.circuit import ALL_CIRCUITS, Circuit, held_kind
from functions.billing.domain.reconciliation import ReconciliationReport
from functions.billing.domain.remittance.payments import Deposit, Remittance
from functions.billing.domain.submission.inquiry import Silence
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.ports import Clock, Records, RuleSets
from functions.billing.usecases.events import claim_event, opened
from functions.billing.usecases.following_up import awaiting, follow_up_of
from functions.billing.usecases.match_deposit import (
    DEPOSIT_OVERDUE,
    DEPOSIT_WAITING,
    MatchDeposit,
    match_deposit,
)
from functions.billing.usecases.postings import entries_of
from functions.billing.usecases.work import not_yet_known

A = TypeVar("A")

STEP = "check_reconciliation"
_SILENCES = {
    Silence.SYNTAX: (
        "syntax_acknowledgement_overdue",
        "ask the clearinghouse for the 999 of this claim's file: it may never have been read",
    ),
    Silence.FRONT_DOOR: (
        "acknowledgement_overdue",
        "ask the clearinghouse for the 277CA of this claim; the payer is being asked (276)",
    ),
    Silence.REMITTANCE: (
        "remittance_overdue",
        "the payer is being asked (276); look for its remittance at the clearinghouse",
    ),
}
"""Work for each kind of silence: its reason, and what to do."""

FAR = timedelta(days=3650)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReconciliation:
    """Look now."""


def check_reconciliation(
    command: CheckReconciliation,  # noqa: ARG001 the schedule says nothing but when
    cause: Cause,
    *,
    records: Records,
    rule_sets: RuleSets,
    clock: Clock,
) -> dict[str, object]:
    """`checked`, with the counts of the report."""
    check = _Check(records, rule_sets, cause, clock.now(), clock)
    report, proof = check.run()
    known = records.get(ReconciliationReport, report.key)
    if known is None:
        (work,) = not_yet_known(records, *check.works_of(proof)) or (None,)
        records.commit(check.commit(report, "checked", work=work))
    return {
        "outcome": "checked",
        "imbalance_cents": report.imbalance_cents,
        "acknowledgements_overdue": report.acknowledgements_overdue,
        "claims_silent": report.acknowledgements_overdue + report.remittances_overdue,
    }


@dataclass(frozen=True, slots=True)
class _Check:
    records: Records
    rule_sets: RuleSets
    cause: Cause
    now: datetime
    clock: Clock

    def run(self) -> tuple[ReconciliationReport, LedgerProof]:
        """Every search, each finding handled as it is found."""
        matched = self._match_waiting_deposits()
        claims_proved, proof = self._prove_ledger()
        report = ReconciliationReport(
            checked_at=self.now,
            cause_id=self.cause.cause_id,
            claims_proved=claims_proved,
            postings_proved=proof.posting_count,
            imbalance_cents=proof.imbalance_cents,
            acknowledgements_overdue=self._report_silence(Silence.SYNTAX)
            + self._report_silence(Silence.FRONT_DOOR),
            remittances_overdue=self._report_silence(Silence.REMITTANCE),
            filings_due=self._each(self._overdue_claims(FILING_DUE), self._force_filing_decision)
            + self._each(self._held_too_long(), self._force_filing_decision),
            statuses_due=self._each(self._overdue_claims(Silence.STATUS), self._ask_again),
            remittances_unposted=self._each(
                self._overdue_payments("REMITTANCE"), self._report_unposted
            ),
            deposits_waiting=matched,
            deposits_missing=self._each(
                self._overdue_payments("AWAITING_DEPOSIT"), self._report_missing_deposit
            ),
        )
        return report, proof

    def works_of(self, proof: LedgerProof) -> tuple[WorkItem, ...]:
        """A ledger that does not hold stops being trusted until somebody knows why; told once."""
        broken = (*proof.unbalanced_postings, *proof.conflicting_keys)
        if not broken:
            return ()
        work = open_work_item(
            queue=Queue.ENGINEERING,
            reason="ledger_out_of_balance",
            about="ledger",
            recommended_action="compare these postings with their audit entries; nothing may edit a posting",
            at=self.now,
            due_days=0,
            fields=broken[:10],
            amount_cents=proof.imbalance_cents,
            occurrence="|".join(sorted(broken)),
        )
        return (work,)

    def commit(
        self,
        root: Aggregate,
        decision: str,
        *,
        work: WorkItem | None = None,
        event: OutboundEvent | None = None,
    ) -> Commit:
        """One finding, with the work it makes."""
        return Commit(
            step=STEP,
            cause=self.cause,
            actor=Actor(STEP),
            at=self.now,
            root=root,
            decision=decision,
            also=(work,) if work else (),
            events=(*((event,) if event else ()), *((opened(work),) if work else ())),
        )

    def _each(self, found: Iterable[A], handle: Callable[[A], Commit]) -> int:
        handled = 0
        for one in found:
            try:
                self.records.commit(handle(one))
            except StaleRecordError:
                continue
            handled += 1
        return handled

    def _overdue_claims(self, due_kind: str) -> Iterator[Claim]:
        for listed in self.records.due(Claim, due_kind, self.now):
            claim = self.records.get(Claim, listed.key)
            if claim and claim.due_kind == due_kind:
                yield claim

    def _overdue_payments(self, due_kind: str) -> Iterator[Remittance]:
        for listed in self.records.due(Remittance, due_kind, self.now):
            remittance = self.records.get(Remittance, listed.key)
            if remittance and remittance.due_kind == due_kind:
                yield remittance

    def _report_silence(self, silence: Silence) -> int:
        return self._each(
            self._overdue_claims(silence), lambda claim: self._break_silence(claim, silence)
        )

    def _break_silence(self, claim: Claim, silence: Silence) -> Commit:
        """Work for a person at once; the payer is asked too, unless a 999 is all that is missing."""
        reason, action = _SILENCES[silence]
        work = self._claim_work(claim, reason, action)
        follow_up = follow_up_of(self.rule_sets, claim.payer_id)
        reported = replace(claim, silences=claim.silences + 1)
        if silence is Silence.SYNTAX:
            since = claim.submitted_at or self.now
            waiting = replace(reported, **awaiting(follow_up, Silence.FRONT_DOOR, since))
            return self.commit(waiting, reason, work=work)
        asked = replace(reported, **awaiting(follow_up, Silence.STATUS, self.now))
        return self.commit(asked, reason, work=work, event=claim_event("claim.status.due", asked))

    def _ask_again(self, claim: Claim) -> Commit:
        follow_up = follow_up_of(self.rule_sets, claim.payer_id)
        asked = replace(claim, **awaiting(follow_up, Silence.STATUS, self.now))
        return self.commit(asked, "status_due", event=claim_event("claim.status.due", asked))

    def _held_too_long(self) -> Iterator[Claim]:
        """Claims an outage holds while their last days to file pass."""
        until = self.now + timedelta(days=LAST_DAYS)
        for circuit in self.records.listed(Circuit, ALL_CIRCUITS):
            for listed in self.records.due(Claim, held_kind(circuit.dependency), until):
                claim = self.records.get(Claim, listed.key)
                if claim and claim.due_kind == held_kind(circuit.dependency):
                    yield claim

    def _force_filing_decision(self, claim: Claim) -> Commit:
        """Somebody decides before the payer's limit, whatever holds the claim; each step of it is told once."""
        decision = filing_decision(claim.file_by or self.now.date(), self.now.date())
        work = open_work_item(
            queue=decision.queue,
            reason=decision.reason,
            about=claim.subject,
            recommended_action=decision.recommended_action,
            at=self.now,
            due_days=decision.due_days,
            fields=claim.reasons,
            payer_id=claim.payer_id,
            amount_cents=claim.charge_cents,
            occurrence=str(claim.revision),
        )
        new = next(iter(not_yet_known(self.records, work)), None)
        watched = replace(
            claim,
            # What ends the silence of a sent claim ends this work too.
            silences=claim.silences + 1,
        )
        if claim.due_kind == FILING_DUE:
            next_kind = FILING_DUE if decision.next_look else ""
            watched = replace(watched, due_kind=next_kind, due_at=decision.next_look)
        return self.commit(watched, decision.reason, work=new)

    def _claim_work(self, claim: Claim, reason: str, action: str) -> WorkItem:
        return open_work_item(
            queue=Queue.BILLING,
            reason=reason,
            about=claim.subject,
            recommended_action=action,
            at=self.now,
            payer_id=claim.payer_id,
            amount_cents=claim.charge_cents,
            occurrence=str(claim.version),
        )

    def _report_unposted(self, remittance: Remittance) -> Commit:
        work = open_work_item(
            queue=Queue.ENGINEERING,
            reason="remittance_not_posted",
            about=remittance.subject,
            recommended_action="look for the remittance workflow's dead letter and redrive it; posting repeats nothing",
            at=self.now,
            amount_cents=remittance.header.total_paid_cents,
            occurrence=str(remittance.version),
        )
        return self.commit(replace(remittance, due_kind="", due_at=None), "not_posted", work=work)

    def _report_missing_deposit(self, remittance: Remittance) -> Commit:
        work = open_work_item(
            queue=Queue.FINANCE,
            reason="deposit_missing",
            about=remittance.subject,
            recommended_action="ask the bank and the payer for the deposit of this trace number",
            at=self.now,
            amount_cents=remittance.header.total_paid_cents,
            occurrence=str(remittance.version),
        )
        return self.commit(
            replace(remittance, due_kind="", due_at=None), "deposit_missing", work=work
        )

    def _match_waiting_deposits(self) -> int:
        """A deposit that was quicker than its remittance is matched here; the rest still wait, or are reported."""
        waiting = 0
        kinds = (DEPOSIT_WAITING, DEPOSIT_OVERDUE)
        listed = (
            each for kind in kinds for each in self.records.due(Deposit, kind, self.now + FAR)
        )
        for deposit in listed:
            command = MatchDeposit(
                deposit_id=deposit.deposit_id,
                trace_number=deposit.trace_number,
                payer_identifier=deposit.payer_identifier,
                amount_cents=deposit.amount_cents,
                deposited_on=datetime.fromisoformat(deposit.deposited_on).date(),
                source="",
            )
            try:
                outcome = match_deposit(command, self.cause, records=self.records, clock=self.clock)
            except StaleRecordError:
                continue
            waiting += outcome["outcome"] == "waiting"
        self._each(self._overdue_deposits(), self._report_stray)
        return waiting

    def _overdue_deposits(self) -> Iterator[Deposit]:
        for listed in self.records.due(Deposit, DEPOSIT_WAITING, self.now):
            deposit = self.records.get(Deposit, listed.key)
            if deposit and deposit.due_kind == DEPOSIT_WAITING:
                yield deposit

    def _report_stray(self, deposit: Deposit) -> Commit:
        work = open_work_item(
            queue=Queue.FINANCE,
            reason="deposit_without_remittance",
            about=deposit.subject,
            recommended_action="ask the payer for the remittance of this trace number",
            at=self.now,
            amount_cents=deposit.amount_cents,
        )
        # It is told once, and still matched when its remittance comes after all.
        return self.commit(
            replace(deposit, due_kind=DEPOSIT_OVERDUE), "remittance_missing", work=work
        )

    def _prove_ledger(self) -> tuple[int, LedgerProof]:
        """Sum the postings of this month's claims and the last's, entry by entry, as they rest."""
        claims = 0
        postings: list[tuple[str, tuple[Entry, ...]]] = []
        for month in _months(self.now):
            for claim in self.records.listed(Claim, f"CLAIMS#{month}"):
                claims += 1
                postings += entries_of(self.records, claim.claim_id)
        return claims, prove_entries(postings)


def _months(now: datetime) -> tuple[str, str]:
    last = now.replace(day=1) - timedelta(days=1)
    return f"{now:%Y-%m}", f"{last:%Y-%m}"
