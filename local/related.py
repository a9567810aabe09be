"""What belongs to one encounter or appointment: its claims, coverages, denials, appeals, and work."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from functions.billing.domain.appeals.case import Appeal
from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.denials.case import DenialCase
from functions.billing.domain.eligibility.coverages import Visit
from functions.billing.domain.encounters import BillingEncounter
from functions.billing.domain.work_items import WorkItem
from local.store import Store

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """Records that hang together; `subjects` and `partitions` name them all."""

    encounter: BillingEncounter | None
    visit: Visit | None
    claims: tuple[Claim, ...]
    denials: tuple[DenialCase, ...]
    appeals: tuple[Appeal, ...]
    subjects: frozenset[str]
    partitions: frozenset[str]

    @property
    def is_known(self) -> bool:
        """Whether the system has heard of it at all."""
        return self.encounter is not None or self.visit is not None

    def work(self, store: Store) -> list[WorkItem]:
        """Work items about any of them, open or done."""
        return [item for item in store.of(WorkItem) if item.about in self.subjects]

    def event_types(self, store: Store) -> set[str]:
        """Types of the events that were published about any of them."""
        return {
            event.type for line, event in store.outbox() if line.key.partition in self.partitions
        }


def related_to(store: Store, subject_id: str) -> Related:
    """Everything about one encounter or appointment."""
    encounter = _first(one for one in store.of(BillingEncounter) if one.encounter_id == subject_id)
    visit = _first(one for one in store.of(Visit) if one.appointment_id == subject_id)
    claims = tuple(one for one in store.of(Claim) if one.encounter_id == subject_id)
    claim_ids = {one.claim_id for one in claims}
    denials = tuple(one for one in store.of(DenialCase) if one.claim_id in claim_ids)
    appeals = tuple(one for one in store.of(Appeal) if one.claim_id in claim_ids)
    coverage_ids = {one.coverage_id for one in claims if one.coverage_id}
    coverage_ids |= set(visit.coverage_ids) if visit else set()
    records = [one for one in (encounter, visit, *claims, *denials, *appeals) if one is not None]
    return Related(
        encounter=encounter,
        visit=visit,
        claims=claims,
        denials=denials,
        appeals=appeals,
        subjects=frozenset(
            {
                f"encounter:{subject_id}",
                f"visit:{subject_id}",
                *(one.subject for one in records),
                *(f"coverage:{one}" for one in coverage_ids),
            }
        ),
        partitions=frozenset(
            {
                *(one.key.partition for one in records),
                *(f"COVERAGE#{one}" for one in coverage_ids),
            }
        ),
    )


def _first(found: Iterable[T]) -> T | None:
    return next(iter(found), None)
