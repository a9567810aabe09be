from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import Actor, Commit
from functions.billing.domain.work_items import Queue, open_work_item
from local.story import claim_story
from tests.builders import CAUSE, read, staged_claim
from tests.fakes import NOON, InMemoryRecords
from tests.unit.local.runs import stored


def _held() -> InMemoryRecords:
    records = InMemoryRecords()
    claim = staged_claim(records)
    work = open_work_item(
        queue=Queue.FRONT_DESK,
        reason="member_id_missing",
        about=claim.subject,
        recommended_action="enter the member id",
        at=NOON,
        fields=("coverage.member_id",),
    )
    records.commit(
        Commit(
            step="scrub_claim",
            cause=CAUSE,
            actor=Actor("scrub_claim"),
            at=NOON,
            root=claim.moved(ClaimState.HELD, reasons=("member_id_missing",)),
            decision="held",
            facts={"reasons": ("member_id_missing",), "rules": "sha256:abc", "revision": 1},
            also=(work,),
        )
    )
    return records


def test_a_story_tells_what_happened_why_and_what_is_to_be_done() -> None:
    records = _held()

    story = claim_story(stored(records), read(records))

    assert [step.title for step in story.steps] == [
        "Test: given",
        "Held by our own checks; never left the house",
        "Work for front desk: member id missing",
    ]
    assert story.steps[1].tone == "warn"
    assert "rules sha256:abc" in story.steps[1].evidence
    assert story.steps[2].because == "enter the member id"
    assert story.headline == "Member id missing; now held by our own checks."


def test_a_story_holds_no_value_of_a_patient_s_record() -> None:
    records = _held()

    told = repr(claim_story(stored(records), read(records)))

    for secret in ("QUILLFEATHER", "ADA", "ABC123456789", "1980", "ELM"):
        assert secret not in told


def test_every_step_says_what_caused_it() -> None:
    records = _held()

    story = claim_story(stored(records), read(records))

    assert all(step.evidence for step in story.steps)
    assert "caused by encounter.signed evt_1" in story.steps[0].evidence
