"""What a run may have left behind, in memory."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from local.accounting import accounts_of
from local.day.records import Day, EhrEvent, Phase
from local.drive import Delivered
from local.explain import Evidence
from local.store import Store
from tests.fakes import InMemoryRecords

NOTHING_AT_PAYERS: Mapping[str, Any] = {"claims": [], "totals": {"duplicates_at_payer": 0}}


def signed(encounter_id: str = "encounter-1", **changes: Any) -> EhrEvent:
    """An encounter's signing."""
    return EhrEvent(
        phase=Phase.SIGN,
        type="encounter.signed",
        version=1,
        id=changes.pop("id", f"evt-{encounter_id}"),
        occurred_at=datetime(2026, 2, 27, 9, tzinfo=UTC),
        data={"encounter_id": encounter_id},
        **changes,
    )


def day(*events: EhrEvent, **changes: Any) -> Day:
    """A day of these events."""
    return Day(
        name="made up",
        seed=1,
        today=date(2026, 3, 2),
        documents={},
        events=events,
        world={},
        mapping={},
        **changes,
    )


def stored(records: InMemoryRecords) -> Store:
    """What the tables hold."""
    return Store(tuple(records.tables.tables["records"].values()))


def evidence(
    records: InMemoryRecords,
    *events: EhrEvent,
    delivered: Delivered | None = None,
    payers: Mapping[str, Any] = NOTHING_AT_PAYERS,
    **changes: Any,
) -> Evidence:
    """Everything a run left behind."""
    store = stored(records)
    return Evidence(
        day=day(*events, **changes),
        store=store,
        accounts=accounts_of(store),
        delivered=delivered or Delivered(published=list(events)),
        payers=payers,
    )
