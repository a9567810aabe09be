"""When may a claim be sent? The whole decision, as one pure function.

A claim whose earlier attempt is unknown is sent again only if the clearinghouse can't take it twice: either the
idempotency key of the frozen bytes is provably still live, or an authoritative look-up says it never arrived. A
payer's "not found" (276/277) is never proof. Everything else waits, or is parked for a person.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from functions.billing.domain.submission.attempt import Attempt, AttemptState
from functions.billing.domain.submission.claim_file import ClaimFile

Sent = Attempt | ClaimFile
"""What leaves as one, is answered as one, and is decided about by the same rules."""

# No process outlives this: the functions that send are ended by then, whatever they were doing.
SENDER_LIVES_SECONDS = 30

# A key is trusted for this share of the window the clearinghouse documents, so that clocks may differ.
KEY_WINDOW_SHARE = 20 / 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """What a clearinghouse connection promises; the protocol relies on nothing else.

    `idempotency_window_hours` is 0 where no key is honoured. `lookup_is_authoritative` says that the clearinghouse's
    own list shows every accepted claim at once. `landing_bound_seconds` is the longest a request may still land after
    its sender gave up; `settle_seconds` is waited before anything is concluded from silence. Where `claims_per_file` is
    more than one, claims go together, and none waits longer for company than `file_wait_minutes`.
    """

    name: str
    idempotency_window_hours: int
    lookup_is_authoritative: bool
    landing_bound_seconds: int
    settle_seconds: int
    claims_per_file: int = 1
    file_wait_minutes: int = 10

    @property
    def gathers(self) -> bool:
        """Claims wait for one another."""
        return self.claims_per_file > 1


class Move(StrEnum):
    """What the process that holds a claim may do next."""

    BEGIN = "begin"
    WAIT = "wait"
    LOOK_UP = "look_up"
    SEND_AGAIN = "send_again"
    PARK = "park"
    LEAVE_TO_FILE = "leave_to_file"
    NOTHING = "nothing"


class Lookup(StrEnum):
    """What the clearinghouse says of an attempt."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Decision:
    """A move, why, and how long to wait before the next look."""

    move: Move
    why: str
    wait_seconds: int = 0


def key_is_live(attempt: Sent, connector: Connector, now: datetime) -> bool:
    """Whether the clearinghouse still honours the attempt's idempotency key."""
    return window_is_open(attempt.first_intended_at, connector, now)


def window_is_open(since: datetime, connector: Connector, now: datetime) -> bool:
    """Whether a key that was first used then is trusted."""
    return now - since < timedelta(hours=connector.idempotency_window_hours) * KEY_WINDOW_SHARE


def decide(
    attempt: Sent | None,
    connector: Connector,
    now: datetime,
    *,
    lookup: Lookup | None = None,
) -> Decision:
    """The next move for a claim's newest attempt, or for a file, given what a look-up said (None: not asked yet)."""
    if attempt is None:
        return Decision(Move.BEGIN, "never_attempted")
    if isinstance(attempt, Attempt) and attempt.file_id:
        return _with_others(attempt)
    if attempt.state is not AttemptState.SUBMITTING:
        return Decision(Move.NOTHING, f"attempt_is_{attempt.state}")
    elapsed = (now - attempt.intended_at).total_seconds()
    if elapsed < connector.settle_seconds:
        return Decision(
            Move.WAIT, "attempt_may_still_land", max(1, int(connector.settle_seconds - elapsed) + 1)
        )
    if lookup is None:
        return Decision(Move.LOOK_UP, "outcome_unknown")
    return _after_lookup(attempt, connector, now, lookup)


def _with_others(attempt: Attempt) -> Decision:
    match attempt.state:
        case AttemptState.SUBMITTING:
            return Decision(Move.LEAVE_TO_FILE, "its_file_decides")
        case AttemptState.REJECTED:
            return Decision(Move.BEGIN, "refused_for_one_of_several")
        case _:
            return Decision(Move.NOTHING, f"attempt_is_{attempt.state}")


def _after_lookup(attempt: Sent, connector: Connector, now: datetime, lookup: Lookup) -> Decision:
    if lookup is Lookup.FOUND:
        return Decision(Move.NOTHING, "clearinghouse_has_it")
    if key_is_live(attempt, connector, now):
        return Decision(Move.SEND_AGAIN, "idempotency_key_is_live")
    # Who took the attempt up may send until its last moment, and what it sent may land as late as that allows.
    landed_by = SENDER_LIVES_SECONDS + connector.landing_bound_seconds
    still = landed_by - (now - attempt.intended_at).total_seconds()
    if lookup is Lookup.NOT_FOUND and connector.lookup_is_authoritative and still <= 0:
        return Decision(Move.SEND_AGAIN, "authoritative_lookup_found_nothing")
    if lookup is Lookup.UNAVAILABLE and connector.lookup_is_authoritative:
        return Decision(Move.WAIT, "lookup_unavailable", connector.settle_seconds)
    if lookup is Lookup.NOT_FOUND and connector.lookup_is_authoritative:
        return Decision(Move.WAIT, "attempt_may_still_land", int(still) + 1)
    return Decision(Move.PARK, "nothing_proves_it_did_not_arrive")
