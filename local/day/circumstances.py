"""The same day under other circumstances: claims that go together; what a seed breaks on the way."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

from local.day.records import Day, EhrEvent, Reception, Signing

# What may happen to one POST of a claim without changing what the payer decides; see the simulator's `SubmissionFault`.
_SENDING_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "timeout_after_accepting"},
    {"kind": "timeout_before_accepting"},
    {"kind": "answer_lost"},
    {"kind": "error_before_accepting", "status": 503},
    {"kind": "error_after_accepting", "status": 502},
    {"kind": "slow", "seconds": 2},
)
# Of each kind one: more silences in a row would be an outage, which the day has anyway.
_EVENTS_REPEATED = 12
_COPIES = 2
_IN_DOUBT = "claim.submission.unknown"


def in_files(day: Day) -> Day:
    """The day where claims go together: while nobody answers for a file, no claim of it is in doubt by itself."""
    expectations = {
        subject: replace(one, events=tuple(e for e in one.events if e != _IN_DOUBT))
        for subject, one in day.expectations.items()
    }
    return replace(day, expectations=expectations)


def with_faults(day: Day, seed: int) -> Day:
    """The day with lost answers, errors and time-outs, events that come again, and every file delivered twice."""
    chance = Random(seed)  # noqa: S311 for repetition, not for secrets
    world = {**day.world, "script": [*day.world["script"], *_sending_faults(day, chance)]}
    repeated = set(chance.sample(_repeatable(day), _EVENTS_REPEATED))
    events = tuple(
        replace(event, repeat=2) if event.id in repeated else event for event in day.events
    )
    return replace(day, world=world, events=events, file_copies=_COPIES, faults_seed=seed)


def _sending_faults(day: Day, chance: Random) -> Iterator[dict[str, Any]]:
    """One for each kind, at the first claims of members whose own story has no such fault."""
    scripted = {
        entry["match"].get("member_id") for entry in day.world["script"] if entry.get("submission")
    }
    members = [one for one in day.world["members"] if one["member_id"] not in scripted]
    for fault, member in zip(
        _SENDING_FAULTS, chance.sample(members, len(_SENDING_FAULTS)), strict=True
    ):
        yield {
            "name": f"fault {fault['kind']}",
            "match": {
                "payer_id": member["payer_id"],
                "member_id": member["member_id"],
                "submission": 1,
            },
            "submission": [fault],
        }


def _repeatable(day: Day) -> list[str]:
    return sorted(event.id for event in day.events if _is_plain(event))


def _is_plain(event: EhrEvent) -> bool:
    return (
        event.repeat == 1
        and event.signing is Signing.VALID
        and event.expect is Reception.ACTED
        and not event.same_envelope_as
    )
