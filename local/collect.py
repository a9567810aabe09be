"""Reading what a run left behind, on every side, into one report. Nothing in it is assumed."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.billing.domain.appeals.case import Appeal
from functions.billing.domain.appeals.states import AppealState
from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import HistoryEntry
from functions.billing.domain.denials.case import DenialCase
from functions.billing.domain.eligibility.coverages import KnownCoverage
from functions.billing.domain.encounters import BillingEncounter, EncounterState
from functions.billing.domain.events.receipts import EventReceipt, RefusedEvent, RepeatedEvent
from functions.billing.domain.intake.transactions import LandedTransaction
from functions.billing.domain.kpis.measures import DEFINITIONS, KpiName
from functions.billing.domain.kpis.snapshot import KpiSnapshot
from functions.billing.domain.money import dollars
from functions.billing.domain.remittance.payments import (
    Deposit,
    Remittance,
    RemittanceFile,
    RemittanceState,
)
from functions.billing.domain.rules import RuleSet, rule_set
from functions.billing.domain.submission.acknowledgement import Acknowledgement
from functions.billing.domain.submission.attempt import Attempt, AttemptState
from functions.billing.domain.work_items import WorkItem, WorkState
from local import checks
from local.accounting import Accounts, accounts_of, outcome_of, payer_lines
from local.bus import Tap
from local.cloud import Cloud
from local.coverage_proofs import (
    forgotten_rechecks,
    lapses_in_words,
    lapses_told_too_late,
    outage_in_words,
)
from local.day.built_in import BUILT_IN
from local.day.money import MONEY
from local.day.records import Day
from local.dead_letters import look_at, said_by
from local.drive import Delivered
from local.expectations import disappointments, misreceived
from local.explain import Evidence, unexplained
from local.judged import held_reasons, missed_by_rules
from local.payments import inexactly_posted, payment_days, payment_shown
from local.proofs import audit_problems, refuses_a_stranger, unpublished
from local.report.words import APPEALS, MEASURES, count_of, sentence
from local.rule_change import RuleChangeDrill, told_of
from local.run_report import (
    Check,
    ClaimStory,
    DenialClass,
    FunnelStage,
    Kpi,
    Money,
    RefusedLine,
    RunReport,
    Unexplained,
    WorkToDo,
)
from local.secrecy import Leaks, find_leaks
from local.seeding import stored_rule_sets
from local.store import Store, audit_entries
from local.story import claim_story
from local.usage import Logs, cost_lines, count_usage, priced

_STORIES_MAX = 6
_RATIO_PLACES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run, as its runner knows it."""

    cloud: Cloud
    day: Day
    delivered: Delivered
    tap: Tap
    started_at: datetime
    seconds: float
    drill: RuleChangeDrill | None = None


def collect(run: Run) -> RunReport:
    """Read everything and put it into one report, checks included."""
    store = Store.scanned(run.cloud.aws, run.cloud.deployment)
    accounts = accounts_of(store)
    payers = run.cloud.simulator.report()
    evidence = Evidence(
        day=run.day, store=store, accounts=accounts, delivered=run.delivered, payers=payers
    )
    logs = Logs.read(run.cloud)
    counts = count_usage(run.cloud, logs, run.tap)
    cost = priced(counts, len(accounts.claims))
    usd_per_1000 = None if cost.usd_per_1000 is None else round(float(cost.usd_per_1000), 4)
    missing = unexplained(evidence)
    letters = _dead_letters(run.cloud)
    duplicates = int(payers["totals"]["duplicates_at_payer"])
    attempts = store.of(Attempt)
    kpis = kpi_table(store)
    trial = told_of(run.drill, store) if run.drill else None
    return RunReport(
        name=run.day.name,
        seed=run.day.seed,
        today=run.day.today,
        started_at=run.started_at,
        seconds=round(run.seconds, 1),
        patients=run.day.patient_count,
        encounters=len(store.of(BillingEncounter)),
        claims=_in_life_order(Counter(one.state.value for one in store.of(Claim))),
        submissions=len(attempts),
        duplicates_at_payer=duplicates,
        remittances=len(store.of(Remittance)),
        ledger_imbalance_cents=accounts.proof.imbalance_cents,
        unexplained=len(missing),
        work_items=_sorted(
            Counter(item.queue.value for item in store.of(WorkItem) if item.state is WorkState.OPEN)
        ),
        dead_letters=sum(len(some) for some in letters.values()),
        kpis={one.name: one.value for one in kpis},
        events_published=_sorted(
            Counter(one.type for one in run.tap.heard if one.source == "billing")
        ),
        encounters_by_state=_sorted(Counter(one.state.value for one in store.of(BillingEncounter))),
        encounters_not_billed=_not_billed(store),
        claims_by_outcome=_sorted(Counter(outcome_of(one) for one in accounts.claims)),
        money=accounts.money,
        funnel=_funnel(store, accounts),
        payers=payer_lines(accounts, store.of(DenialCase)),
        denials=_denial_classes(store),
        held=held_reasons(store),
        missed=missed_by_rules(store, _rules_by_version(run.cloud)),
        appeals=_appeals(store),
        acknowledgements=_sorted(
            Counter(f"{one.transaction_set} {one.verdict}" for one in store.of(Acknowledgement))
        ),
        eligibility=_eligibility(store),
        submission_outcomes=_submission_outcomes(store, attempts),
        remittances_by_state=_sorted(Counter(one.state.value for one in store.of(Remittance))),
        remittance_files=_sorted(Counter(one.outcome for one in store.of(RemittanceFile))),
        deposits=_sorted(Counter(one.state for one in store.of(Deposit))),
        payment_days=payment_days(store),
        payment_shown=payment_shown(store),
        work=_work(store),
        work_resolved=sum(item.state is WorkState.RESOLVED for item in store.of(WorkItem)),
        dead_letters_by_queue={name: len(some) for name, some in letters.items() if some},
        unexplained_details=missing,
        kpi_table=kpis,
        events_received=_sorted(Counter(one.event_type for one in store.of(EventReceipt))),
        events_absorbed=_sorted(Counter(one.event_type for one in store.of(RepeatedEvent))),
        events_refused=_refused(store),
        rule_trial=trial,
        unreadable_files={one.file_name: one.reason for one in run.day.unreadable},
        usage={line.name: line.count for line in cost_lines(cost)},
        cost=cost_lines(cost),
        cost_usd_per_1000_claims=usd_per_1000,
        stories=_stories(store),
        checks=(
            *_checks(run, evidence, missing, _leaks(run, logs, letters), letters, usd_per_1000),
            *((checks.bad_rules_taken_back(trial),) if trial else ()),
            *_money_as_known(run.day, accounts.money),
        ),
    )


def _money_as_known(day: Day, money: Money) -> Iterator[Check]:
    if day.name == BUILT_IN:
        yield checks.money_as_known(money, Money(**MONEY), faults_seed=day.faults_seed)


def _rules_by_version(cloud: Cloud) -> Callable[[str], RuleSet]:
    rule_sets = stored_rule_sets(cloud.aws, cloud.deployment)
    return lambda version: rule_sets.at("scrub", version, rule_set)


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _in_life_order(counts: Mapping[str, int]) -> dict[str, int]:
    return {state.value: counts[state.value] for state in ClaimState if counts.get(state.value)}


def _checks(
    run: Run,
    evidence: Evidence,
    missing: Sequence[Unexplained],
    leaks: Leaks,
    letters: Mapping[str, list[dict[str, Any]]],
    usd_per_1000: float | None,
) -> tuple[Check, ...]:
    store = evidence.store
    entries = audit_entries(run.cloud.aws, run.cloud.deployment)
    lost, twice = unpublished(store, run.tap.published_ids, since=run.tap.opened_at)
    duplicates = int(evidence.payers["totals"]["duplicates_at_payer"])
    stranger = [] if refuses_a_stranger(run.cloud) else ["a stranger could read the records"]
    given_up = [
        f"{name}: {one.get('reason_code', 'no reason')} at {one.get('stage', '?')}"
        for name, some in letters.items()
        for one in some
    ]
    found = [
        checks.no_duplicates(duplicates, len(store.of(Attempt))),
        checks.ledger_balances(evidence.accounts.proof),
        checks.money_adds_up(evidence.accounts.money),
        checks.all_of(
            "Each payment is in the ledger once: announced, posted and ledger are one figure",
            inexactly_posted(store),
            _payments_posted(store),
        ),
        checks.everything_explained(missing),
        checks.outages_drained(*_held_in_outages(store)),
        checks.all_of(
            "Every event was acted upon, absorbed or refused as it should be",
            misreceived(evidence),
            count_of(len(run.delivered.published), "event"),
        ),
        checks.all_of(
            "Every event that was to be published was",
            [f"{len(lost)} never came over the bus"] if lost else [],
            f"{count_of(sum(1 for _ in store.outbox()), 'event')}, {twice} more than once",
        ),
        checks.listed_files_landed(
            store.of(LandedTransaction),
            wanted={file["file_id"] for file in run.delivered.files.values()},
            traffic=run.delivered.webhooks,
        ),
        checks.all_of("Nothing was given up: no dead letters", given_up),
        checks.all_of("Each part of the day came to rest", run.delivered.restless),
        checks.all_of(
            "The audit trail is whole: every change, no entry altered",
            audit_problems(store, entries),
            f"{count_of(len(entries), 'entry', 'entries')}, every hash computed anew",
        ),
        checks.all_of(
            "An outage of a payer left no visit without a recheck",
            forgotten_rechecks(store),
            outage_in_words(store),
        ),
        checks.all_of(
            "Both desks knew of a lapsed coverage before the encounter closed",
            lapses_told_too_late(store),
            lapses_in_words(store),
        ),
        checks.no_leaks(leaks),
        checks.all_of("Permissions are enforced: a stranger is refused", stranger),
        checks.cheap_enough(usd_per_1000),
    ]
    if run.day.expectations:
        found.insert(
            4,
            checks.all_of(
                "Every visit ended as its scenario says",
                disappointments(evidence),
                count_of(len(run.day.expectations), "scenario"),
            ),
        )
    return tuple(found)


def _leaks(run: Run, logs: Logs, letters: Mapping[str, list[dict[str, Any]]]) -> Leaks:
    def texts() -> Iterator[tuple[str, str]]:
        for name, lines in logs.lines.items():
            for line in lines:
                yield f"log of {name}", line
        for heard in run.tap.heard:
            yield f"event {heard.type}", json.dumps(heard.detail)
        for name, some in letters.items():
            for one in some:
                yield f"dead letter of {name}", json.dumps(one)

    return find_leaks(run.day.documents, texts())


def _held_in_outages(store: Store) -> tuple[int, int]:
    """How many claims were held while the clearinghouse answered nobody, and how many still are."""
    held = {
        entry.subject_key.partition
        for entry in store.of(HistoryEntry)
        if entry.decision == "held_for_outage"
    }
    still_held = sum(claim.due_kind.startswith("HELD#") for claim in store.of(Claim))
    return len(held), still_held


def _dead_letters(cloud: Cloud) -> dict[str, list[dict[str, str]]]:
    """Every dead letter with the reason it bears; reading leaves it where it is."""
    deployment = cloud.deployment
    queues = {
        **deployment.dead_letters,
        "FailedInvocations": deployment.failed_invocations_url,
        "UnpublishedOutbox": deployment.unpublished_outbox_url,
    }
    client = cloud.aws.client("sqs")
    return {
        name: [said_by(message) for message in look_at(client, url)] for name, url in queues.items()
    }


def _not_billed(store: Store) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for one in store.of(BillingEncounter):
        if one.state is not EncounterState.BILLED:
            counts.update((one.reasons or one.not_billed or ("no reason",))[:1])
    return _sorted(counts)


def _funnel(store: Store, accounts: Accounts) -> tuple[FunnelStage, ...]:
    """How many got how far; each note says where the others stopped."""
    encounters = [one for one in store.of(BillingEncounter) if one.signed_at or one.claim_ids]
    claims = [one.claim for one in accounts.claims]
    passed = [one for one in claims if one.validated_at or one.submitted_at]
    sent = [one for one in claims if one.submitted_at or one.attempt]
    accepted = [one for one in sent if one.accepted_at or one.first_remitted_at]
    answered = [one for one in claims if one.first_remitted_at]
    paid = [one for one in accounts.claims if one.standing.paid_cents > 0]
    states = Counter(one.state for one in claims)
    outcomes = Counter(outcome_of(one) for one in accounts.claims)
    not_billed = sum(_not_billed(store).values())
    return (
        FunnelStage(
            label="Visits signed",
            count=len(encounters),
            note=_note(((not_billed, "not billed, with a reason"),)),
        ),
        FunnelStage(label="Claims assembled", count=len(claims)),
        FunnelStage(
            label="Passed our checks",
            count=len(passed),
            note=_note(
                (
                    (states[ClaimState.HELD], "held"),
                    (states[ClaimState.AWAITING_APPROVAL], "waiting for approval"),
                )
            ),
        ),
        FunnelStage(
            label="Sent",
            count=len(sent),
            note=_note(((states[ClaimState.OUTCOME_UNKNOWN], "with unknown outcome"),)),
        ),
        FunnelStage(
            label="Accepted at the front door",
            count=len(accepted),
            note=_note(((states[ClaimState.REJECTED], "rejected"),)),
        ),
        FunnelStage(
            label="Answered by the payer",
            count=len(answered),
            note=_note(((outcomes["waiting_for_the_payer"], "not answered yet"),)),
        ),
        FunnelStage(
            label="Paid, in full or in part",
            count=len(paid),
            note=_note(
                (
                    (outcomes["denied"], "denied"),
                    (outcomes["patient_pays_all"], "for the patient alone"),
                )
            ),
        ),
    )


def _note(parts: Iterable[tuple[int, str]]) -> str:
    return ", ".join(f"{count} {words}" for count, words in parts if count)


def _denial_classes(store: Store) -> tuple[DenialClass, ...]:
    by_bucket: defaultdict[str, list[DenialCase]] = defaultdict(list)
    for case in store.of(DenialCase):
        by_bucket[case.bucket or "unmapped"].append(case)
    classes = [
        DenialClass(
            bucket=bucket,
            count=len(cases),
            cents=sum(case.amount_cents for case in cases),
            recovered_cents=sum(case.recovered_cents for case in cases),
            responses=_sorted(Counter(_response(case) for case in cases)),
        )
        for bucket, cases in by_bucket.items()
    ]
    return tuple(sorted(classes, key=lambda one: -one.cents))


def _response(case: DenialCase) -> str:
    action = case.action or "none"
    return f"only observed: {action}" if case.mode == "observe" else action


def _appeals(store: Store) -> dict[str, int]:
    states = {AppealState.SUBMITTED: "with_the_payer", AppealState.UPHELD: "upheld"}
    ends = (
        one.decisions[-1]
        if one.decisions and one.state is not AppealState.SUBMITTED
        else states.get(one.state, one.state.value)
        for one in store.of(Appeal)
    )
    return _sorted(Counter(APPEALS.get(end, end) for end in ends))


def _eligibility(store: Store) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for one in store.of(KnownCoverage):
        if one.unavailable_since:
            counts["payer_out_of_reach"] += 1
        counts[str(one.result.state) if one.result else "not_answered"] += 1
    return _sorted(counts)


def _submission_outcomes(store: Store, attempts: Sequence[Attempt]) -> dict[str, int]:
    """How sending went; a claim whose outcome was unknown for a while counts apart."""
    unknown = {
        entry.subject_key.partition
        for entry in store.of(HistoryEntry)
        if entry.decision == "outcome_unknown"
    }
    counts: Counter[str] = Counter()
    for attempt in attempts:
        was_unknown = attempt.key.partition in unknown
        is_sent = attempt.state is AttemptState.SUBMITTED
        counts["submitted_after_doubt" if was_unknown and is_sent else attempt.state.value] += 1
    return _sorted(counts)


def _work(store: Store) -> tuple[WorkToDo, ...]:
    grouped: defaultdict[tuple[str, str, str], list[WorkItem]] = defaultdict(list)
    for item in store.of(WorkItem):
        if item.state is WorkState.OPEN:
            grouped[item.queue.value, item.reason, item.recommended_action].append(item)
    lines = [
        WorkToDo(
            queue=queue,
            reason=reason,
            count=len(items),
            amount_cents=sum(item.amount_cents for item in items),
            recommended_action=action,
            due_on=min((item.due_at.date() for item in items if item.due_at), default=None),
            example=items[0].about,
        )
        for (queue, reason, action), items in grouped.items()
    ]
    return tuple(sorted(lines, key=lambda one: (one.queue, -one.amount_cents, one.reason)))


def kpi_table(store: Store) -> tuple[Kpi, ...]:
    """The newest measurement of every KPI, whole and not by segment."""
    snapshots = store.of(KpiSnapshot)
    if not snapshots:
        return ()
    latest = max(snapshots, key=lambda one: one.measured_at)
    return tuple(
        Kpi(
            name=one.name,
            label=MEASURES.get(one.name, sentence(one.name)),
            value=round(one.numerator / one.denominator, _RATIO_PLACES)
            if one.denominator
            else None,
            unit=DEFINITIONS[KpiName(one.name)].unit.value,
            definition=f"{DEFINITIONS[KpiName(one.name)].numerator} ÷ "
            f"{DEFINITIONS[KpiName(one.name)].denominator}",
            numerator=one.numerator,
            denominator=one.denominator,
            is_better_when_higher=DEFINITIONS[KpiName(one.name)].is_better_when_higher,
            is_leading=DEFINITIONS[KpiName(one.name)].is_leading,
        )
        for one in latest.measures
        if not one.dimension
    )


def _refused(store: Store) -> tuple[RefusedLine, ...]:
    counts = Counter((one.event_type, one.reason, one.field_path) for one in store.of(RefusedEvent))
    return tuple(
        RefusedLine(type=type_, reason=reason, field_path=where, count=count)
        for (type_, reason, where), count in sorted(counts.items())
    )


def _stories(store: Store) -> tuple[ClaimStory, ...]:
    """The denied claims with most to tell: one of each class, appealed ones first."""
    by_claim = {one.claim_id: one for one in store.of(Claim)}
    cases = sorted(
        store.of(DenialCase),
        key=lambda case: (not case.appeal_id, -case.amount_cents, case.denial_id),
    )
    chosen: dict[str, Claim] = {}
    for case in cases:
        claim = by_claim.get(case.claim_id)
        if claim and claim not in chosen.values():
            chosen.setdefault(case.bucket, claim)
    return tuple(claim_story(store, claim) for claim in list(chosen.values())[:_STORIES_MAX])


def _payments_posted(store: Store) -> str:
    days = payment_days(store)
    return (
        f"{count_of(sum(one.payments for one in days), 'payment')} on {count_of(len(days), 'day')}, "
        f"{dollars(sum(one.ledger_cents for one in days))} in the ledger"
    )


def not_posted(store: Store) -> list[Remittance]:
    """Payments that are not on the ledger yet."""
    return [one for one in store.of(Remittance) if one.state is not RemittanceState.POSTED]
