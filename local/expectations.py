"""Whether each visit ended, and each event was received, as its scenario says."""

from collections import Counter
from collections.abc import Collection, Iterator

from functions.billing.domain.claims.revisions import Judgement
from functions.billing.domain.events.receipts import EventReceipt, RefusedEvent, RepeatedEvent
from functions.billing.domain.work_items import WorkState
from local.day.records import EhrEvent, Expectation, Reception
from local.explain import Evidence
from local.related import Related, related_to


def disappointments(evidence: Evidence) -> list[str]:
    """Every way in which a visit did not end as it should; each names the scenario."""
    return [
        f"{one.scenario} ({one.subject_id}): {problem}"
        for one in evidence.day.expectations.values()
        for problem in _problems(evidence, one)
    ]


# The state of an encounter that billing should never have heard of.
ABSENT = "absent"


def _problems(evidence: Evidence, expected: Expectation) -> Iterator[str]:
    store = evidence.store
    found = related_to(store, expected.subject_id)
    if not found.is_known:
        if expected.encounter_state == ABSENT:
            return
        if expected.encounter_state or expected.claim_states or expected.events:
            yield "is not known at all"
        return
    if expected.encounter_state:
        actual = found.encounter.state if found.encounter else ABSENT
        if actual != expected.encounter_state:
            yield f"encounter is {actual}, not {expected.encounter_state}"
    states = [claim.state.value for claim in found.claims]
    if expected.claim_states and not (states and set(states) <= set(expected.claim_states)):
        yield f"claim is {', '.join(states) or 'missing'}, not {' or '.join(expected.claim_states)}"
    yield from _verdict_problems(evidence, expected, found)
    missing_events = set(expected.events) - found.event_types(store)
    if missing_events:
        yield f"never published {', '.join(sorted(missing_events))}"
    yield from _work_problems(evidence, expected, found)


def _work_problems(evidence: Evidence, expected: Expectation, found: Related) -> Iterator[str]:
    items = found.work(evidence.store)
    work = {(item.queue.value, item.reason) for item in items}
    for queue, reason in expected.work:
        if (queue, reason) not in work:
            yield f"no work {reason} for {queue} (there is {_listed(work)})"
    if expected.fields:
        mine = [
            item
            for item in items
            if (item.queue.value, item.reason) == expected.work[0]
            # What rules said that were taken back since is settled.
            and item.state is WorkState.OPEN
        ]
        named = {
            one.field_path
            for item in mine
            for one in item.corrections
            # What the document lacks is told beside, under its path there.
            if one.reason != "missing_fact"
        }
        if named != set(expected.fields):
            yield f"work names {_listed(named)}, not {_listed(expected.fields)}"


def _verdict_problems(evidence: Evidence, expected: Expectation, found: Related) -> Iterator[str]:
    if expected.claims and len(found.claims) != expected.claims:
        yield f"became {len(found.claims)} claims, not {expected.claims}"
    words = {str(claim.adjudication) for claim in found.claims if claim.adjudication}
    if expected.adjudication and expected.adjudication not in words:
        yield f"adjudication is {', '.join(sorted(words)) or 'missing'}, not {expected.adjudication}"
    reasons = _reasons(evidence, found)
    missing = set(expected.reasons) - reasons
    if missing:
        yield f"reason {', '.join(sorted(missing))} is missing (there is {_listed(reasons)})"
    buckets = {case.bucket for case in found.denials}
    if expected.denial_class and expected.denial_class not in buckets:
        yield f"denial class is {_listed(buckets)}, not {expected.denial_class}"


def _reasons(evidence: Evidence, found: Related) -> set[str]:
    reasons = {reason for claim in found.claims for reason in claim.reasons}
    if found.encounter:
        reasons |= {*found.encounter.reasons, *found.encounter.not_billed}
    for claim in found.claims:
        for judgement in evidence.store.under(Judgement, claim.key.partition):
            reasons |= {rule.reason_code for rule in judgement.failed}
    return reasons


def _listed(words: Collection[object]) -> str:
    return ", ".join(sorted(map(str, words))) or "none"


def misreceived(evidence: Evidence) -> list[str]:
    """Events that were not acted upon, absorbed or refused as they should have been."""
    receipts = {one.event_id for one in evidence.store.of(EventReceipt)}
    repeats = Counter(one.event_id for one in evidence.store.of(RepeatedEvent))
    refusals: dict[str, set[str]] = {}
    for refused in evidence.store.of(RefusedEvent):
        refusals.setdefault(refused.claimed_id, set()).add(refused.reason)
    problems = []
    for event in evidence.delivered.published:
        problem = _reception_problem(event, receipts, repeats, refusals)
        if problem:
            problems.append(f"{event.type} {event.id} ({event.scenario or event.phase}): {problem}")
    return problems


def _reception_problem(
    event: EhrEvent,
    receipts: set[str],
    repeats: Counter[str],
    refusals: dict[str, set[str]],
) -> str:
    match event.expect:
        case Reception.ACTED:
            if event.id not in receipts:
                return f"was not acted upon (refused: {_listed(refusals.get(event.id, set()))})"
            if repeats[event.id] < event.repeat - 1:
                return f"came {event.repeat} times; {repeats[event.id]} repeats were noted"
        case Reception.ABSORBED:
            if not repeats[event.id]:
                return "should have been absorbed, and was not noted as a repeat"
        case Reception.REFUSED:
            reasons = refusals.get(event.id, set())
            if not reasons:
                return "should have been refused, and was not"
            if event.expect_reason and event.expect_reason not in reasons:
                return f"was refused for {_listed(reasons)}, not {event.expect_reason}"
    return ""
