"""What every use case relies on when it reads and commits records."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.adapters.codec import from_item, to_item
from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.claims.revisions import StoredContent
from functions.billing.domain.commit import (
    Actor,
    Aggregate,
    Cause,
    Commit,
    Fact,
    HistoryEntry,
    OutboundEvent,
    OutboxEvent,
    Record,
)
from functions.billing.domain.errors import StaleRecordError
from functions.billing.domain.events.receipts import EventReceipt
from functions.billing.domain.ledger.bookings import charge_posting
from functions.billing.domain.submission.attempt import Attempt, Pointer
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.usecases.events import opened
from functions.billing.usecases.postings import StoredPosting
from local.proofs import audit_problems
from tests.builders import attempt, encounter, history_line, staged_claim
from tests.contract.conftest import AUDIT, RECORDS, Item, Store, plain_items
from tests.fakes import NOON

CLAIM_ID = "CTESTCLAIM01"


def claim(claim_id: str = CLAIM_ID, **changes: Any) -> Claim:
    plain = Claim(
        claim_id=claim_id,
        encounter_id="encounter-1",
        patient_id="patient-1",
        coverage_id="coverage-1",
        payer_id="BLUEPEAK",
        provider_id="doctor-1",
        location_id="office-1",
        department="family",
        service_line="primary_care",
        service_on=NOON.date(),
        charge_cents=15_000,
        signed_at=NOON,
        staged_at=NOON,
    )
    return replace(plain, **changes)


def work(occurrence: str = "") -> WorkItem:
    return open_work_item(
        queue=Queue.CODING,
        reason="diagnosis_missing",
        about=f"claim:{CLAIM_ID}",
        recommended_action="add one",
        at=NOON,
        occurrence=occurrence,
    )


def commit(
    store: Store,
    root: Aggregate,
    *,
    cause_id: str = "evt_1",
    decision: str = "given",
    facts: dict[str, Fact] | None = None,
    new: tuple[Record, ...] = (),
    also: tuple[Aggregate, ...] = (),
    events: tuple[OutboundEvent, ...] = (),
    at: datetime = NOON,
) -> None:
    store.records.commit(
        Commit(
            step="test",
            cause=Cause(cause_id, "encounter.signed", "evt_root"),
            actor=Actor("test"),
            at=at,
            root=root,
            decision=decision,
            facts=facts or {},
            new=new,
            also=also,
            events=events,
        )
    )


def stored(store: Store, claim_id: str = CLAIM_ID) -> Claim:
    found = store.records.get(Claim, Claim.key_of(claim_id))
    assert found is not None
    return found


def wire(items: list[Item]) -> dict[str, Item]:
    return {f"{item['pk']['S']}|{item['sk']['S']}": item for item in items}


def both_tables(store: Store) -> tuple[dict[str, Item], dict[str, Item]]:
    return wire(store.items(RECORDS)), wire(store.items(AUDIT))


# Reading -----------------------------------------------------------------------------------


def test_what_was_never_stored_is_none(store: Store) -> None:
    assert store.records.get(Claim, Claim.key_of("CNOBODY")) is None
    assert store.records.under(Claim, "CLAIM#CNOBODY", "CLAIM") == ()


def test_what_is_read_is_what_was_committed(store: Store) -> None:
    made = claim(reasons=("a", "b"), editors=("kay",), due_kind="SUBMITTING", due_at=NOON)
    commit(store, made)

    found = stored(store)

    assert replace(found, version=0, audit_head="") == made
    assert found.version == 1
    assert found.audit_head


def test_a_claims_whole_content_survives_storage(store: Store) -> None:
    staged = staged_claim(store.records, encounter())

    found = store.records.get(StoredContent, StoredContent.key_of(staged.claim_id, 1))

    assert found is not None
    assert found.content.patient == encounter().patient
    assert found.content.lines == encounter().charges
    assert from_item(StoredContent, to_item(found)) == found


def test_a_partition_is_read_by_prefix_in_order(store: Store) -> None:
    postings = [
        StoredPosting(
            partition=f"CLAIM#{CLAIM_ID}",
            posting=charge_posting(f"C{number}", 100, occurred_on=NOON.date()),
        )
        for number in (3, 1, 2)
    ]
    commit(store, claim(), new=tuple(postings))

    found = store.records.under(StoredPosting, f"CLAIM#{CLAIM_ID}", "POSTING#")

    assert [each.posting.claim_id for each in found] == ["C1", "C2", "C3"]


def test_a_long_partition_is_read_to_its_end(store: Store) -> None:
    entry = history_line(CLAIM_ID, facts={"padding": ("x" * 1_000,) * 90})
    for sequence in range(1, 16):
        store.records.remember(replace(entry, sequence=sequence))

    found = store.records.under(HistoryEntry, f"CLAIM#{CLAIM_ID}", "HISTORY#")

    assert [each.sequence for each in found] == list(range(1, 16))
    assert found[0] == entry


# One transaction ---------------------------------------------------------------------------


def everything(store: Store) -> None:
    """A commit of every part."""
    commit(
        store,
        claim(),
        facts={"why": "test"},
        new=(Pointer(name="PCN", value="P1", target=CLAIM_ID),),
        also=(work(),),
        events=(opened(work()), opened(work("second"))),
    )


def test_state_history_audit_and_events_are_written_together(store: Store) -> None:
    everything(store)

    records, audit = both_tables(store)
    kinds = sorted(item["kind"]["S"] for item in records.values())
    assert kinds == ["CLAIM", "HISTORY", "HISTORY", "POINTER", "WORK"]
    assert sorted(audit) == [
        f"claim:{CLAIM_ID}|AUDIT#000001",
        f"work_item:{work().work_item_id}|AUDIT#000001",
    ]


@pytest.mark.parametrize("rival", ["root", "new", "also"])
def test_when_one_part_may_not_be_written_none_is(store: Store, rival: str) -> None:
    match rival:
        case "root":
            commit(store, claim(), cause_id="evt_0")
        case "new":
            store.records.remember(Pointer(name="PCN", value="P1", target="somebody"))
        case _:
            commit(store, work(), cause_id="evt_0")
    before = both_tables(store)

    with pytest.raises(StaleRecordError):
        everything(store)

    assert both_tables(store) == before


def outbox(store: Store) -> list[tuple[HistoryEntry, OutboxEvent]]:
    """What the table's stream hands to the publisher."""
    lines = [
        from_item(HistoryEntry, item)
        for item in both_tables(store)[0].values()
        if item["kind"]["S"] == "HISTORY"
    ]
    return [(line, event) for line in lines for event in line.events]


def test_the_line_of_the_root_carries_the_events_of_its_step(store: Store) -> None:
    everything(store)

    (line, first), (again, second) = outbox(store)
    assert line == again
    assert line.subject_key == claim().key
    assert first.event_id != second.event_id
    assert {first.type, second.type} == {"work_item.opened"}
    assert first.data["queue"] == "coding"
    assert (line.correlation_id, line.at) == ("evt_root", NOON)


def test_a_step_marks_the_cause_it_handled(store: Store) -> None:
    everything(store)

    lines = plain_items(store, RECORDS, "HISTORY")
    assert {(line["step"], line["cause_id"]) for line in lines} == {("test", "evt_1")}


def test_the_same_step_of_the_same_version_names_its_events_the_same(store: Store) -> None:
    everything(store)
    first = {event.event_id for _, event in outbox(store)}
    for table in (RECORDS, AUDIT):
        for item in store.items(table):
            store.delete(table, item)

    everything(store)

    assert {event.event_id for _, event in outbox(store)} == first


def test_history_tells_step_cause_and_decision_in_order(store: Store) -> None:
    commit(store, claim(), decision="staged", facts={"lines": 2})
    commit(store, stored(store).moved(ClaimState.HELD), cause_id="evt_2", decision="held")

    told = sorted(plain_items(store, RECORDS, "HISTORY"), key=lambda item: item["sk"])
    assert [(each["decision"], each["cause_id"]) for each in told] == [
        ("staged", "evt_1"),
        ("held", "evt_2"),
    ]
    assert told[0]["facts"] == {"lines": 2}


def test_an_aggregate_beside_the_root_needs_no_story_of_its_own(store: Store) -> None:
    sent = attempt(CLAIM_ID)

    commit(store, claim(), also=(sent,))

    assert len(plain_items(store, RECORDS, "HISTORY")) == 1
    assert store.records.get(Attempt, sent.key) is not None


# Versions ----------------------------------------------------------------------------------


def test_each_commit_raises_the_version(store: Store) -> None:
    commit(store, claim())
    for version in (2, 3, 4):
        commit(store, stored(store), cause_id=f"evt_{version}")
        assert stored(store).version == version


def test_a_writer_who_read_an_older_version_is_refused(store: Store) -> None:
    commit(store, claim())
    mine, theirs = stored(store), stored(store)
    commit(store, theirs.moved(ClaimState.HELD), cause_id="evt_2")

    with pytest.raises(StaleRecordError) as caught:
        commit(store, mine.moved(ClaimState.VOID), cause_id="evt_3")

    assert caught.value.subject == f"claim:{CLAIM_ID}"
    assert stored(store).state is ClaimState.HELD


def test_of_two_writers_exactly_one_wins_whatever_their_order(store: Store) -> None:
    for number, order in enumerate(itertools.permutations(("first", "second"))):
        claim_id = f"CRACE{number}"
        commit(store, claim(claim_id))
        seen = stored(store, claim_id)
        outcomes = []
        for name in order:
            try:
                commit(store, replace(seen, department=name), cause_id=name)
                outcomes.append("won")
            except StaleRecordError:
                outcomes.append("lost")
        assert outcomes == ["won", "lost"]
        assert stored(store, claim_id).department == order[0]


def test_a_new_record_that_exists_is_refused(store: Store) -> None:
    commit(store, claim())

    with pytest.raises(StaleRecordError):
        commit(store, claim(), cause_id="evt_2")


def test_a_posting_cannot_be_booked_twice(store: Store) -> None:
    posting = StoredPosting.of_claim(charge_posting(CLAIM_ID, 100, occurred_on=NOON.date()))
    commit(store, claim(), new=(posting,))

    with pytest.raises(StaleRecordError):
        commit(store, stored(store), cause_id="evt_2", new=(posting,))


def test_something_remembered_is_remembered_once(store: Store) -> None:
    receipt = EventReceipt(
        workflow="claim",
        event_id="evt_1",
        event_type="encounter.signed",
        content_sha256="a",
        received_at=NOON,
    )

    assert store.records.remember(receipt)
    assert not store.records.remember(replace(receipt, content_sha256="b"))
    found = store.records.get(EventReceipt, receipt.key)
    assert found == receipt


def test_a_commit_of_a_hundred_items_holds(store: Store) -> None:
    """A root, its history, marker and audit entry leave room for 96 more."""
    pointers = tuple(Pointer(name="P", value=str(number), target="t") for number in range(96))

    commit(store, claim(), new=pointers)

    assert len(plain_items(store, RECORDS, "POINTER")) == 96


# Indexes -----------------------------------------------------------------------------------


def test_what_is_due_is_listed_oldest_first_and_no_sooner(store: Store) -> None:
    for hours in (3, 1, 2, 5):
        due_at = NOON + timedelta(hours=hours)
        commit(store, claim(f"C{hours}", due_kind="SUBMITTING", due_at=due_at))
    commit(store, claim("COTHER", due_kind="AWAITING_REMITTANCE", due_at=NOON))

    found = list(store.records.due(Claim, "SUBMITTING", NOON + timedelta(hours=3)))

    assert [each.claim_id for each in found] == ["C1", "C2", "C3"]


def test_a_due_time_is_compared_as_a_time_whatever_its_zone(store: Store) -> None:
    commit(store, claim(due_kind="SUBMITTING", due_at=NOON))

    east = NOON.astimezone(timezone(timedelta(hours=9)))
    assert len(list(store.records.due(Claim, "SUBMITTING", east))) == 1
    west = (NOON - timedelta(seconds=1)).astimezone(timezone(timedelta(hours=-9)))
    assert list(store.records.due(Claim, "SUBMITTING", west)) == []


def test_what_is_done_leaves_the_index(store: Store) -> None:
    commit(store, claim(due_kind="SUBMITTING", due_at=NOON))
    commit(store, replace(stored(store), due_kind="", due_at=None), cause_id="evt_2")

    assert list(store.records.due(Claim, "SUBMITTING", NOON)) == []


def test_records_are_found_by_reference(store: Store) -> None:
    for number in range(3):
        commit(store, claim(f"C{number}"))
    commit(store, claim("COLD", staged_at=datetime(2026, 1, 5, tzinfo=UTC)))

    found = {each.claim_id for each in store.records.listed(Claim, "CLAIMS#2026-03")}

    assert found == {"C0", "C1", "C2"}


def test_a_resolved_item_is_found_by_reference_no_more(store: Store) -> None:
    commit(store, work())
    (item,) = store.records.listed(WorkItem, f"WORK#claim:{CLAIM_ID}")
    done = item.resolved(at=NOON, by="test", resolution="done")
    commit(store, done, cause_id="evt_2")

    assert list(store.records.listed(WorkItem, f"WORK#claim:{CLAIM_ID}")) == []
    found = store.records.get(WorkItem, item.key)
    assert found is not None
    assert found.resolution == "done"


def test_an_index_of_many_is_read_to_its_end(store: Store) -> None:
    for number in range(120):
        store.put(RECORDS, to_item(claim(f"C{number:03d}", reasons=("x" * 12_000,))))

    assert len(list(store.records.listed(Claim, "CLAIMS#2026-03"))) == 120


# The audit trail ---------------------------------------------------------------------------


def problems(store: Store) -> list[str]:
    proof_store = cast("Any", SimpleNamespace(items=store.items(RECORDS)))
    return audit_problems(proof_store, plain_items(store, AUDIT))


def audited(store: Store) -> None:
    """Three changes of a claim, one of a work item."""
    commit(
        store, claim(), decision="staged", facts={"codes": ("A", "B"), "cents": 5}, also=(work(),)
    )
    for number, decision in enumerate(("held", "staged"), start=2):
        commit(store, stored(store), cause_id=f"evt_{number}", decision=decision)


def test_an_untouched_trail_verifies(store: Store) -> None:
    audited(store)

    assert problems(store) == []


def entry(store: Store, sequence: int) -> Item:
    found = [
        item
        for item in store.items(AUDIT)
        if item["pk"]["S"] == f"claim:{CLAIM_ID}" and item["sk"]["S"].endswith(str(sequence))
    ]
    return dict(found[0])


def edit_decision(store: Store) -> None:
    changed = entry(store, 2)
    body = {**changed["body"]["M"], "decision": {"S": "validated"}}
    store.put(AUDIT, {**changed, "body": {"M": body}})


def edit_actor(store: Store) -> None:
    changed = entry(store, 1)
    body = {**changed["body"]["M"], "actor": {"S": "somebody else"}}
    store.put(AUDIT, {**changed, "body": {"M": body}})


def edit_time(store: Store) -> None:
    changed = entry(store, 3)
    body = {**changed["body"]["M"], "at": {"S": "2026-03-01T12:00:00Z"}}
    store.put(AUDIT, {**changed, "body": {"M": body}})


def drop_a_fact(store: Store) -> None:
    changed = entry(store, 1)
    body = {name: value for name, value in changed["body"]["M"].items() if name != "cents"}
    store.put(AUDIT, {**changed, "body": {"M": body}})


def delete_first(store: Store) -> None:
    store.delete(AUDIT, entry(store, 1))


def delete_middle(store: Store) -> None:
    store.delete(AUDIT, entry(store, 2))


def delete_last(store: Store) -> None:
    store.delete(AUDIT, entry(store, 3))


def delete_all(store: Store) -> None:
    for sequence in (1, 2, 3):
        store.delete(AUDIT, entry(store, sequence))


def insert(store: Store) -> None:
    store.put(AUDIT, {**entry(store, 3), "sk": {"S": "AUDIT#000004"}})


def reorder(store: Store) -> None:
    second, third = entry(store, 2), entry(store, 3)
    store.put(AUDIT, {**second, "sk": third["sk"]})
    store.put(AUDIT, {**third, "sk": second["sk"]})


def move_to_another_subject(store: Store) -> None:
    for sequence in (1, 2, 3):
        moved = entry(store, sequence)
        store.delete(AUDIT, moved)
        store.put(AUDIT, {**moved, "pk": {"S": "claim:CSOMEONEELSE"}})


@pytest.mark.parametrize(
    "tamper",
    [
        edit_decision, edit_actor, edit_time, drop_a_fact, delete_first, delete_middle,
        delete_last, delete_all, insert, reorder, move_to_another_subject,
    ],
)  # fmt: skip
def test_whoever_tampers_with_the_trail_is_found_out(
    store: Store, tamper: Callable[[Store], None]
) -> None:
    audited(store)

    tamper(store)

    assert problems(store)


def test_a_fact_cannot_pose_as_the_actor(store: Store) -> None:
    commit(store, claim(), facts={"actor": "the auditor", "decision": "approved"})

    (written,) = plain_items(store, AUDIT)
    assert (written["body"]["actor"], written["body"]["decision"]) == ("test", "given")


def test_an_audit_entry_cannot_be_written_over(store: Store) -> None:
    commit(store, claim())
    for item in store.items(RECORDS):
        store.delete(RECORDS, item)

    with pytest.raises(StaleRecordError):
        commit(store, claim(), cause_id="evt_2")


# The wire form -----------------------------------------------------------------------------


@given(
    reasons=st.lists(st.text(max_size=8), max_size=4),
    cents=st.integers(min_value=-(10**15), max_value=10**15),
    at=st.datetimes(timezones=st.just(UTC)),
)
def test_any_record_is_read_as_it_was_written(reasons: list[str], cents: int, at: datetime) -> None:
    made = claim(reasons=tuple(reasons), charge_cents=cents, due_at=at, due_kind="D")

    assert from_item(Claim, to_item(made)) == made


def test_no_float_reaches_the_table() -> None:
    with pytest.raises(TypeError, match="float"):
        to_item(claim(charge_cents=cast("int", 1.5)))
