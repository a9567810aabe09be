"""The claims an answer may be about, each with what matching and posting need of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.claims.revisions import StoredContent
from functions.billing.domain.claims.weak_key import WeakKey
from functions.billing.domain.errors import RecordNotFoundError
from functions.billing.domain.keys import Key
from functions.billing.domain.ledger.postings import Posting
from functions.billing.domain.records import Charge, CoverageRank
from functions.billing.domain.remittance.matching import weak_key_of
from functions.billing.domain.remittance.records import RemittedClaim
from functions.billing.domain.remittance.snapshots import ClaimLineSnapshot, ClaimSnapshot
from functions.billing.domain.rules.policy import PayerPolicies, PayerPolicy
from functions.billing.domain.submission.attempt import Pointer
from functions.billing.ports import Records
from functions.billing.usecases.charging import charge_due
from functions.billing.usecases.postings import StoredPosting, postings_of
from functions.billing.usecases.sending import PATIENT_CONTROL_NUMBER

PAYER_CLAIM_CONTROL_NUMBER = "PCCN"

_RANKS = {CoverageRank.PRIMARY: 1, CoverageRank.SECONDARY: 2, CoverageRank.TERTIARY: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One of our claims, its ledger so far, and its charge where that is due only now."""

    claim: Claim
    snapshot: ClaimSnapshot
    prior: tuple[Posting, ...]
    charge: StoredPosting | None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Finds claims by the numbers an answer names."""

    records: Records
    policies: PayerPolicies
    now: datetime

    def of(self, remitted: RemittedClaim, payer_identifier: str) -> dict[str, Candidate]:
        """Claims that its control numbers lead to; only where there is none, those of its weak key."""
        pointers: dict[str, list[Pointer]] = {}
        for key in _keys(remitted, payer_identifier):
            pointer = self.records.get(Pointer, key)
            if pointer:
                pointers.setdefault(pointer.target, []).append(pointer)
        found = {
            claim_id: candidate
            for claim_id, named_by in pointers.items()
            if (candidate := self.claim(claim_id, named_by))
        }
        return found or {one.claim.claim_id: one for one in self._by_weak_key(remitted)}

    def claim(self, claim_id: str, named_by: Iterable[Pointer] = ()) -> Candidate | None:
        """One claim, under the numbers that led to it besides its own; None when there is no such claim."""
        claim = self.records.get(Claim, Claim.key_of(claim_id))
        if claim is None:
            return None
        booked = postings_of(self.records, claim.claim_id)
        # A remittance may prove that a claim arrived before anything else did: its charge is due then.
        charge = None if booked else charge_due(self.records, claim, at=self.now)
        return Candidate(
            claim=claim,
            snapshot=self._snapshot(claim, named_by),
            prior=(charge.posting,) if charge else booked,
            charge=charge,
        )

    def _by_weak_key(self, remitted: RemittedClaim) -> Iterator[Candidate]:
        value = weak_key_of(remitted)
        if not value:
            return
        for known in self.records.under(WeakKey, WeakKey.partition_of(value), "CLAIM#"):
            candidate = self.claim(known.claim_id)
            if candidate:
                yield candidate

    def _snapshot(self, claim: Claim, named_by: Iterable[Pointer]) -> ClaimSnapshot:
        content = self._content(claim)
        policy = self.policies.of(claim.payer_id)
        numbers = {claim.patient_control_number}
        payer_numbers = {claim.payer_claim_control_number} - {""}
        for pointer in named_by:
            if pointer.name == PAYER_CLAIM_CONTROL_NUMBER:
                payer_numbers.add(pointer.value.rpartition("|")[2])
            else:
                numbers.add(pointer.value)
        rank = _RANKS[content.coverage.rank] if content.coverage else 1
        return ClaimSnapshot(
            claim_id=claim.claim_id,
            state=claim.state,
            payer_id=claim.payer_id,
            charge_cents=content.total_charge_cents,
            lines=tuple(_line(line, policy) for line in content.lines),
            payer_rank=rank,
            has_next_payer=any(
                _RANKS[coverage.rank] > rank for coverage in content.other_coverages
            ),
            is_first_remittance=claim.first_remitted_at is None,
            frequency=claim.frequency,
            patient_control_numbers=tuple(sorted(numbers)),
            payer_claim_control_numbers=tuple(sorted(payer_numbers)),
            member_id=content.coverage.member_id if content.coverage else "",
            service_from=content.service_from,
        )

    def _content(self, claim: Claim) -> ClaimContent:
        stored = self.records.get(
            StoredContent, StoredContent.key_of(claim.claim_id, claim.revision)
        )
        if stored is None:
            raise RecordNotFoundError("content_not_found", subject=claim.subject)
        return stored.content


def _line(line: Charge, policy: PayerPolicy | None) -> ClaimLineSnapshot:
    """A line as billed, with what the contract of its day says of it."""
    contract = policy.contract_on(line.service_date) if policy else None
    return ClaimLineSnapshot(
        line_id=line.line_id,
        procedure=line.procedure,
        charge_cents=line.charge_cents,
        units=line.units,
        expected_cents=contract.allowed_cents(line) if contract else None,
        contract=contract.version if contract else "",
        modifiers=line.modifiers,
        service_date=line.service_date,
    )


def _keys(remitted: RemittedClaim, payer_identifier: str) -> Iterator[Key]:
    """Where the pointers of an answer's numbers rest: ours, the payer's, those its lines name."""
    ours = dict.fromkeys(
        (remitted.patient_control_number, *(line.claim_number for line in remitted.lines))
    )
    for number in ours:
        if number:
            yield Pointer.key_of(PATIENT_CONTROL_NUMBER, number)
    if remitted.payer_claim_control_number:
        yield Pointer.key_of(
            PAYER_CLAIM_CONTROL_NUMBER, f"{payer_identifier}|{remitted.payer_claim_control_number}"
        )
