"""Appeals: their states, deadlines, packets and levels."""

import copy
import itertools
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.appeals.deadlines import appeal_deadline, is_open, work_by
from functions.billing.domain.appeals.decisions import Consequence, Decision, next_step
from functions.billing.domain.appeals.packet import (
    DocumentRole,
    Manifest,
    PacketDocument,
    appeal_documents,
    packet_manifest,
)
from functions.billing.domain.appeals.states import ALLOWED, AppealState, require_move
from functions.billing.domain.denials import Bucket
from functions.billing.domain.errors import ForbiddenTransitionError, RuleSetError
from functions.billing.domain.rules.policy import AppealLevel
from tests.unit.denials.tables import documents, parsed

S = AppealState
LEVELS = (AppealLevel(1, "first", 180), AppealLevel(2, "second", 60))

EXPECTED_MOVES = {
    (S.OPENED, S.OPENED),
    (S.OPENED, S.READY),
    (S.OPENED, S.CLOSED),
    (S.READY, S.OPENED),
    (S.READY, S.SUBMITTED),
    (S.READY, S.CLOSED),
    (S.SUBMITTED, S.OVERTURNED),
    (S.SUBMITTED, S.UPHELD),
    (S.OVERTURNED, S.CLOSED),
    (S.UPHELD, S.OPENED),
    (S.UPHELD, S.CLOSED),
}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(AppealState, repeat=2)))
def test_every_move_is_either_in_the_table_or_refused(
    before: AppealState, after: AppealState
) -> None:
    if (before, after) in EXPECTED_MOVES:
        require_move("A1", before, after)
    else:
        with pytest.raises(ForbiddenTransitionError, match="appeal:A1"):
            require_move("A1", before, after)


def test_every_state_stands_in_the_table() -> None:
    assert set(ALLOWED) == set(AppealState)


def test_a_window_counts_calendar_days_and_includes_the_last() -> None:
    deadline = appeal_deadline(date(2026, 3, 2), LEVELS[1])

    assert deadline == date(2026, 5, 1)
    assert is_open(deadline, deadline)
    assert not is_open(deadline, deadline + timedelta(days=1))


days = st.dates(date(2020, 1, 1), date(2040, 1, 1))


@given(days, st.integers(0, 60), days)
def test_work_is_due_on_a_weekday_before_the_lead_or_at_once(
    deadline: date, lead_days: int, today: date
) -> None:
    due = work_by(deadline, lead_days, today=today)

    assert due >= today
    if due != today:
        assert due.weekday() < 5
        assert due <= deadline - timedelta(days=lead_days)


def test_an_overturned_appeal_ends() -> None:
    step = next_step(Decision.OVERTURNED, level=1, decided_on=date(2026, 3, 2), levels=LEVELS)

    assert (step.consequence, step.level, step.deadline) == (Consequence.OVERTURNED, None, None)


def test_an_upheld_denial_opens_the_next_level_with_its_own_deadline() -> None:
    step = next_step(Decision.UPHELD, level=1, decided_on=date(2026, 3, 2), levels=LEVELS)

    assert step.consequence is Consequence.UPHELD_NEXT_LEVEL
    assert (step.level, step.deadline) == (LEVELS[1], date(2026, 5, 1))


def test_the_last_level_upheld_is_final() -> None:
    for levels, level in ((LEVELS, 2), ((), 1)):
        step = next_step(Decision.UPHELD, level=level, decided_on=date(2026, 3, 2), levels=levels)

        assert step.consequence is Consequence.UPHELD_FINAL


def document(role: DocumentRole, **changes: Any) -> PacketDocument:
    facts = {"key": f"evidence/{role}", "sha256": "ab" * 32, "size_bytes": 10, **changes}
    return PacketDocument(role=role, **facts)


def manifest(*papers: PacketDocument, bucket: Bucket | None = Bucket.AUTHORIZATION) -> Manifest:
    return packet_manifest(
        appeal_id="A1",
        claim_id="C1",
        payer_id="BLUEPEAK",
        payer_claim_number="P1",
        level=1,
        deadline=date(2026, 8, 29),
        documents=papers,
        needed=documents().needed(bucket),
    )


NEEDED = [document(role) for role in documents().needed(Bucket.AUTHORIZATION)]


def test_a_packet_is_complete_with_all_its_class_needs() -> None:
    assert manifest(*NEEDED).is_complete
    assert manifest(*NEEDED[:-1]).missing == (DocumentRole.AUTHORIZATION,)
    assert manifest(bucket=None).missing == documents().default


def test_late_filing_needs_proof_of_filing() -> None:
    assert DocumentRole.PROOF_OF_FILING in documents().needed(Bucket.TIMELY_FILING)


def test_the_order_documents_came_in_does_not_matter_to_the_packet() -> None:
    assert manifest(*NEEDED) == manifest(*reversed(NEEDED))


def test_a_changed_document_is_another_packet() -> None:
    changed = [document(NEEDED[0].role, sha256="cd" * 32), *NEEDED[1:]]

    assert manifest(*changed).sha256 != manifest(*NEEDED).sha256


def test_a_manifest_names_references_and_hashes() -> None:
    written = manifest(*NEEDED).as_json()

    assert written["documents"][0] == {
        "role": "cover_letter",
        "key": "evidence/cover_letter",
        "sha256": "ab" * 32,
        "size_bytes": 10,
    }
    assert written["deadline"] == "2026-08-29"
    assert written["sha256"] == manifest(*NEEDED).sha256


@pytest.mark.parametrize(
    ("name", "roles"), [("default", ["diary"]), ("oops", ["claim"]), ("coding", "claim")]
)
def test_malformed_requirements_are_refused(name: str, roles: Any) -> None:
    content = copy.deepcopy(parsed("denials/appeals.json"))
    content["documents"][name] = roles

    with pytest.raises(RuleSetError, match=name):
        appeal_documents(content)
