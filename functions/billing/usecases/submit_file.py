"""Submit the next file of claims that go together: one that was interrupted, else a new one of those who wait in line.

Reads   files that are due; released claims whose payer's connection gathers them; their contents and policies.
Writes  the file, step by step; each claim's attempt; the outcome of all, the charges on the ledger.
Emits   claim.submitted, claim.rejected or claim.submission.unknown for each claim, as if it had gone alone.
Fails   RetryLaterError (retry): another is at work on the file. Any other error only when no file could go on.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import Cause
from functions.billing.domain.errors import PermanentError
from functions.billing.domain.submission.attempt import AttemptState
from functions.billing.domain.submission.claim_file import OPEN_FILE, ClaimFile
from functions.billing.usecases.claim_files import FileSending
from functions.billing.usecases.sending import (
    BEGUN_WITHIN,
    FAR_AWAY,
    RELEASED,
    Sending,
    SendingPorts,
    connector_of,
)
from functions.billing.x12 import InstitutionalClaims

STEP = "submit_file"
_END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
_LEAVES = frozenset({AttemptState.GATHERING, AttemptState.SUBMITTING})


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitFile:
    """Look now."""


def submit_file(
    command: SubmitFile,  # noqa: ARG001 the schedule says nothing but when
    cause: Cause,
    ports: SendingPorts,
) -> dict[str, object]:
    """`went_on` (with `came_to`): there may be another; or `none_due`."""
    failed: PermanentError | None = None
    for file in _interrupted(ports):
        sending = _sending(file.connector, cause, ports)
        if file.state in _LEAVES and sending.breaker.admit().is_refused:
            continue
        try:
            return _went_on(file, FileSending(sending).go_on(file))
        except PermanentError as error:
            # What stands in the way of one file must not keep the others.
            failed = failed or error
    for connector, waiting in _lines(ports).items():
        sending = _sending(connector, cause, ports)
        company = _company(waiting, sending)
        if company and not sending.breaker.admit().is_refused:
            files = FileSending(sending)
            file = files.gather(company.claims, is_institutional=company.is_institutional)
            return _went_on(file, files.go_on(file))
    if failed:
        raise failed
    return {"outcome": "none_due"}


def _sending(connector: str, cause: Cause, ports: SendingPorts) -> Sending:
    return Sending(
        step=STEP, cause=cause, ports=ports, connection=ports.connections.named(connector)
    )


def _went_on(file: ClaimFile, came_to: str) -> dict[str, object]:
    return {"outcome": "went_on", "file_id": file.file_id, "came_to": came_to}


def _interrupted(ports: SendingPorts) -> Iterator[ClaimFile]:
    """Files whose lease has run out, each read again: the index lags."""
    now = ports.clock.now()
    for listed in tuple(ports.records.due(ClaimFile, OPEN_FILE, now)):
        file = ports.records.get(ClaimFile, listed.key)
        if file and file.due_kind and file.due_at and file.due_at <= now:
            yield file


def _lines(ports: SendingPorts) -> dict[str, list[Claim]]:
    """Who waits for company, by connection; whoever must be filed first at the head."""
    lines: defaultdict[str, list[Claim]] = defaultdict(list)
    for listed in ports.records.due(Claim, RELEASED, _END_OF_TIME):
        connector = connector_of(ports.rule_sets, listed)
        if ports.connections.gathers(connector):
            lines[connector].append(listed)
    for waiting in lines.values():
        waiting.sort(key=_turn)
    return lines


def _turn(claim: Claim) -> tuple[date, datetime]:
    return (claim.file_by or FAR_AWAY, claim.due_at or _END_OF_TIME)


@dataclass(frozen=True, slots=True)
class _Company:
    """Claims that may go in one file: it bears professional claims or institutional ones."""

    claims: Sequence[Claim]
    is_institutional: bool


def _company(waiting: Sequence[Claim], sending: Sending) -> _Company | None:
    """A full file; else, once one of them has waited long enough, as many as there are."""
    connector = sending.connection.connector
    waited = timedelta(minutes=connector.file_wait_minutes)
    if len(waiting) < connector.claims_per_file and not _has_waited(waiting, waited, sending):
        return None
    kinds: dict[bool, list[Claim]] = {False: [], True: []}
    for claim, is_institutional in _writable(waiting, sending):
        kinds[is_institutional].append(claim)
        if len(kinds[is_institutional]) == connector.claims_per_file:
            return _Company(kinds[is_institutional], is_institutional)
    for is_institutional, claims in kinds.items():
        if _has_waited(claims, waited, sending):
            return _Company(claims, is_institutional)
    return None


def _has_waited(claims: Sequence[Claim], waited: timedelta, sending: Sending) -> bool:
    """A claim was released so long before it is due to have been begun."""
    released_by = sending.ports.clock.now() - waited
    return any(claim.due_at and claim.due_at - BEGUN_WITHIN <= released_by for claim in claims)


def _writable(waiting: Sequence[Claim], sending: Sending) -> Iterator[tuple[Claim, bool]]:
    """Those who still wait and can be written, each read again. A claim that can't be is in the dead letters."""
    for listed in waiting:
        claim = sending.ports.records.get(Claim, listed.key)
        if claim is None or claim.state is not ClaimState.VALIDATED or claim.due_kind != RELEASED:
            continue
        try:
            transaction = sending.transaction_of(claim)
        except PermanentError:
            continue
        yield claim, isinstance(transaction, InstitutionalClaims)
