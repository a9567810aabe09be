"""Judge one staged claim by the active rule set; release it, hold it, or ask for approval.

Reads   the claim's content, the newest eligibility answer, rule set, its code tables and payer policies.
Writes  the judgement, the claim's state, work for the owner of each reason; what a version on trial says of it.
Emits   claim.validated and claim.released, or claim.validation.failed.
Fails   StaleRecordError (retry).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.content import ORIGINAL, VOID, fingerprint
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.claims.revisions import Judgement, StoredContent
from functions.billing.domain.codes import CodeTable
from functions.billing.domain.commit import Actor, Cause, Commit, OutboundEvent, Record
from functions.billing.domain.eligibility.coverage import standing
from functions.billing.domain.eligibility.coverages import KnownCoverage
from functions.billing.domain.errors import RecordNotFoundError
from functions.billing.domain.rule_versions.comparison import Observation
from functions.billing.domain.rules import (
    EligibilityFact,
    EligibilityState,
    PayerPolicies,
    PayerPolicy,
    ScrubFacts,
    Verdict,
    failures,
    judge,
)
from functions.billing.domain.rules.automation import Mode, automation_policy
from functions.billing.domain.rules.judgements import judgement_of
from functions.billing.domain.submission.attempt import Pointer
from functions.billing.domain.work_items import Correction, Queue, WorkItem, open_work_item
from functions.billing.ports import Clock, CodeTables, Records, RuleSets
from functions.billing.usecases.events import claim_event, opened, resolved
from functions.billing.usecases.filing import watched
from functions.billing.usecases.sending import BEGUN_WITHIN, RELEASED
from functions.billing.usecases.trying import Bench, judging_version
from functions.billing.usecases.work import open_items_about

STEP = "scrub_claim"
SUBMIT_STEP = "submit_claim"
FAILED = "claim.validation.failed"
FINGERPRINT = "FINGERPRINT"
APPROVAL_REQUIRED, APPROVAL_REFUSED = "approval_required", "approval_refused"

_OUTCOMES = {
    ClaimState.HELD: "held",
    ClaimState.AWAITING_APPROVAL: "awaiting_approval",
    ClaimState.VOID: "void",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrubClaim:
    """Judge this claim."""

    claim_id: str


def scrub_claim(
    command: ScrubClaim,
    cause: Cause,
    *,
    records: Records,
    rule_sets: RuleSets,
    code_tables: CodeTables,
    clock: Clock,
) -> dict[str, object]:
    """`validated`, `held` or `awaiting_approval`."""
    claim = records.get(Claim, Claim.key_of(command.claim_id))
    if claim is None:
        raise RecordNotFoundError("claim_not_found", subject=f"claim:{command.claim_id}")
    if claim.state is not ClaimState.STAGED:
        # Judged before by a run that was interrupted after its commit.
        return {"outcome": _OUTCOMES.get(claim.state, "validated"), "claim_id": claim.claim_id}
    stored = records.get(StoredContent, StoredContent.key_of(claim.claim_id, claim.revision))
    if stored is None:
        raise RecordNotFoundError("content_not_found", subject=claim.subject)
    now = clock.now()
    bench = Bench.of(claim, records=records, rule_sets=rule_sets, code_tables=code_tables)
    rules, policies = bench.rules, bench.policies
    facts = _facts(records, stored, policies, code_tables.opened(rules.code_tables), now)
    verdicts = judge(stored.content, facts, rules)
    judgement = judgement_of(
        stored, facts, verdicts, rules, policies, judging=claim.judging, at=now
    )
    observed = bench.observe(stored, facts, verdicts, at=now)
    followed = watched(claim, stored.content, facts.policy)
    scrubbed = _Scrubbed(followed, judgement, observed, cause, now)
    held_by = failures(verdicts)
    # A void only says that nothing was to be billed: what our rules would say of the service is beside the point.
    if held_by and claim.frequency != VOID:
        records.commit(scrubbed.held(held_by, _superseded(records, claim)))
        return {"outcome": "held", "claim_id": claim.claim_id}
    automation = judging_version(rule_sets, "automation", automation_policy, bench.member)
    mode = automation.mode(SUBMIT_STEP, claim.payer_id, claim.location_id)
    unique = _unique(records, stored)
    policy = facts.policy
    if mode is not Mode.AUTOMATE or (
        policy and claim.charge_cents >= policy.approval_threshold_cents
    ):
        records.commit(scrubbed.awaiting_approval(unique, _superseded(records, claim)))
        return {"outcome": "awaiting_approval", "claim_id": claim.claim_id}
    records.commit(scrubbed.released(unique, open_items_about(records, claim.subject)))
    return {"outcome": "validated", "claim_id": claim.claim_id}


def _facts(
    records: Records,
    stored: StoredContent,
    policies: PayerPolicies,
    tables: Mapping[str, CodeTable],
    now: datetime,
) -> ScrubFacts:
    content = stored.content
    coverage = content.coverage
    known = (
        records.get(KnownCoverage, KnownCoverage.key_of(coverage.coverage_id)) if coverage else None
    )
    policy = policies.of(content.payer_id)
    mark = fingerprint(content)
    twin = records.get(Pointer, Pointer.key_of(FINGERPRINT, mark))
    is_twin = twin is not None and twin.target != content.claim_id
    return ScrubFacts(
        submitted_on=now.date(),
        eligibility=_eligibility(known, policy, content.service_from),
        known_duplicates=frozenset({mark} if is_twin else ()),
        policy=policy,
        unmapped=stored.unmapped,
        problems=stored.problems,
        code_tables=tables,
    )


def _eligibility(
    known: KnownCoverage | None, policy: PayerPolicy | None, service_from: date
) -> EligibilityFact:
    """What is known of the coverage for the month of service, and how far that can be relied on."""
    answer = known.answer_about(service_from) if known else None
    in_grace_period = bool(answer and answer.in_grace_period)
    unanswered_since = known.unavailable_since if known else None
    ttl_hours = policy.freshness_of(in_grace_period=in_grace_period).ttl_hours if policy else 0
    return EligibilityFact(
        state=EligibilityState(answer.state) if answer else EligibilityState.UNKNOWN,
        checked_at=answer.checked_at if answer else None,
        in_grace_period=in_grace_period,
        standing=standing(
            answer,
            ttl_hours=ttl_hours,
            service_date=service_from,
            unanswered_since=unanswered_since,
        ),
    )


def _unique(records: Records, stored: StoredContent) -> tuple[Record, ...]:
    """The pointer that makes a later twin visible; a revision of the same claim finds its own."""
    if stored.content.frequency != ORIGINAL:
        return ()
    mark = fingerprint(stored.content)
    if records.get(Pointer, Pointer.key_of(FINGERPRINT, mark)):
        return ()
    return (Pointer(name=FINGERPRINT, value=mark, target=stored.claim_id),)


def _superseded(records: Records, claim: Claim) -> tuple[WorkItem, ...]:
    """Work that earlier judgements gave: this one says anew what is to be done."""
    if claim.revision == 1 and not claim.rejudged:
        return ()
    judgements = records.under(Judgement, claim.key.partition, "JUDGEMENT#")
    reasons = {rule.reason_code for judgement in judgements for rule in judgement.failed}
    return tuple(
        item
        for item in open_items_about(records, claim.subject)
        if item.reason in reasons | {APPROVAL_REQUIRED, APPROVAL_REFUSED}
    )


@dataclass(frozen=True, slots=True)
class _Scrubbed:
    """A judged claim, and the commits that may follow."""

    claim: Claim
    judgement: Judgement
    observed: tuple[Observation, ...]
    cause: Cause
    now: datetime

    def held(self, failed: Sequence[Verdict], superseded: tuple[WorkItem, ...]) -> Commit:
        reasons = tuple(dict.fromkeys(verdict.reason_code for verdict in failed))
        held = self.claim.moved(ClaimState.HELD, reasons=reasons, ruleset_version=self._rules)
        work = tuple(self._work(failed))
        told = claim_event(
            FAILED,
            held,
            event=FAILED,
            reasons=reasons,
            recommended_action=failed[0].recommended_action,
        )
        done, said = self._done(superseded, "judged_again")
        return self._commit(
            held,
            "held",
            also=(*work, *done),
            events=(told, *map(opened, work), *said),
            reasons=reasons,
        )

    def _work(self, failed: Iterable[Verdict]) -> Iterable[WorkItem]:
        """One item for each owner, holding only the fields that owner must mend."""
        by_owner: dict[str, list[Verdict]] = defaultdict(list)
        for verdict in failed:
            by_owner[verdict.owner].append(verdict)
        for owner, theirs in by_owner.items():
            yield open_work_item(
                queue=Queue(owner),
                reason=theirs[0].reason_code,
                about=self.claim.subject,
                recommended_action=theirs[0].recommended_action,
                at=self.now,
                corrections=tuple(
                    Correction(
                        field_path=verdict.field_path,
                        reason=verdict.reason_code,
                        recommended_action=verdict.recommended_action,
                        expected=verdict.expected,
                    )
                    for verdict in theirs
                ),
                payer_id=self.claim.payer_id,
                amount_cents=self.claim.charge_cents,
                occurrence=self.claim.judging,
            )

    def awaiting_approval(
        self, unique: tuple[Record, ...], superseded: tuple[WorkItem, ...]
    ) -> Commit:
        waiting = self.claim.moved(
            ClaimState.AWAITING_APPROVAL, validated_at=self.now, ruleset_version=self._rules
        )
        work = open_work_item(
            queue=Queue.BILLING,
            reason=APPROVAL_REQUIRED,
            about=self.claim.subject,
            recommended_action="someone who did not change the claim reads it and releases it",
            at=self.now,
            due_days=1,
            payer_id=self.claim.payer_id,
            amount_cents=self.claim.charge_cents,
            occurrence=self.claim.judging,
        )
        validated = claim_event("claim.validated", waiting, ruleset_version=self._rules)
        done, said = self._done(superseded, "judged_again")
        return self._commit(
            waiting,
            "awaiting_approval",
            also=(work, *done),
            new=unique,
            events=(validated, opened(work), *said),
        )

    def released(self, unique: tuple[Record, ...], solved: tuple[WorkItem, ...]) -> Commit:
        released = self.claim.moved(
            ClaimState.VALIDATED,
            validated_at=self.now,
            ruleset_version=self._rules,
            due_kind=RELEASED,
            due_at=self.now + BEGUN_WITHIN,
        )
        done, said = self._done(solved, "claim_passed_validation")
        events = (
            claim_event("claim.validated", released, ruleset_version=self._rules),
            claim_event("claim.released", released, revision=released.revision),
            *said,
        )
        return self._commit(released, "validated", also=done, new=unique, events=events)

    def _done(
        self, items: tuple[WorkItem, ...], resolution: str
    ) -> tuple[tuple[WorkItem, ...], tuple[OutboundEvent, ...]]:
        """The items as resolved, and what the world is told of that."""
        done = tuple(item.resolved(at=self.now, by=STEP, resolution=resolution) for item in items)
        return done, tuple(resolved(item, resolution) for item in done)

    @property
    def _rules(self) -> str:
        return self.judgement.versions["scrub"]

    def _commit(
        self,
        claim: Claim,
        decision: str,
        *,
        also: tuple[WorkItem, ...] = (),
        new: tuple[Record, ...] = (),
        events: tuple[OutboundEvent, ...] = (),
        reasons: tuple[str, ...] = (),
    ) -> Commit:
        return Commit(
            step=STEP,
            cause=self.cause,
            actor=Actor(STEP),
            at=self.now,
            root=claim,
            decision=decision,
            facts={
                **self.judgement.versions,
                "reasons": reasons,
                "revision": claim.revision,
                "judging": claim.judging,
            },
            also=also,
            new=(self.judgement, *self.observed, *new),
            events=events,
        )
