"""Proofs about eligibility, from what the system itself recorded of its checks."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.eligibility.checks import CheckOutcome, EligibilityCheck
from functions.billing.domain.eligibility.coverage import ChangeKind
from functions.billing.domain.eligibility.coverages import KnownCoverage
from functions.billing.domain.eligibility.records import CoverageState
from functions.billing.domain.work_items import Queue, WorkItem
from functions.billing.usecases.checking import CHANGED
from local.report.words import count_of
from local.store import Store


def checks_by_coverage(store: Store) -> dict[str, list[EligibilityCheck]]:
    """Every check, in order, by its coverage."""
    found: defaultdict[str, list[EligibilityCheck]] = defaultdict(list)
    for check in sorted(store.of(EligibilityCheck), key=lambda one: one.number):
        found[check.coverage_id].append(check)
    return dict(found)


def forgotten_rechecks(store: Store) -> list[str]:
    """Coverages a payer could not be asked about, which were not asked about since and are not due to be."""
    known = {one.coverage_id: one for one in store.of(KnownCoverage)}
    return [
        f"{coverage_id} was not answered for and is forgotten"
        for coverage_id, checks in checks_by_coverage(store).items()
        if checks[-1].outcome is not CheckOutcome.ANSWERED and not known[coverage_id].due_kind
    ]


def outage_in_words(store: Store) -> str:
    """How much an outage cost, and what became of it."""
    silent = [
        checks
        for checks in checks_by_coverage(store).values()
        if any(one.outcome is not CheckOutcome.ANSWERED for one in checks)
    ]
    if not silent:
        return "every payer answered every check"
    asked_since = sum(checks[-1].outcome is CheckOutcome.ANSWERED for checks in silent)
    return f"{count_of(len(silent), 'coverage')} not answered for; {asked_since} asked again since, by itself"


def lapses_told_too_late(store: Store) -> list[str]:
    """Coverages that ended after the booking, of which a desk did not hear before the encounter closed."""
    closed = _closed_at(store.of(Claim))
    return [
        f"{check.coverage_id}: {desk} was not told before the encounter closed"
        for check in _lapses(store)
        for desk in (Queue.FRONT_DESK, Queue.BILLING)
        if not any(
            check.coverage_id not in closed or item.opened_at < closed[check.coverage_id]
            for item in _told(store, check, desk)
        )
    ]


def lapses_in_words(store: Store) -> str:
    """How many, and how they were found."""
    causes = sorted({check.cause_type for check in _lapses(store)})
    found = count_of(len(list(_lapses(store))), "lapse")
    return f"{found}, found by {', '.join(causes)}" if causes else "no coverage lapsed"


def _lapses(store: Store) -> Iterator[EligibilityCheck]:
    for check in store.of(EligibilityCheck):
        if any(
            change.kind is ChangeKind.COVERAGE_STATE and change.after == CoverageState.INACTIVE
            for change in check.changes
        ):
            yield check


def _told(store: Store, check: EligibilityCheck, desk: Queue) -> Iterator[WorkItem]:
    about = f"coverage:{check.coverage_id}"
    for item in store.of(WorkItem):
        if (item.queue, item.reason, item.about) == (desk, CHANGED, about):
            yield item


def _closed_at(claims: Iterable[Claim]) -> dict[str, datetime]:
    """When the first claim of a coverage was made: by then its encounter is closed."""
    newest_first = sorted(claims, key=lambda one: one.staged_at, reverse=True)
    return {claim.coverage_id: claim.staged_at for claim in newest_first}
