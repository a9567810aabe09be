"""Payments and files as the system tracks them: received, posted, or kept aside with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self

from functions.billing.domain.keys import Key, derived_id
from functions.billing.domain.remittance.balance import Imbalance
from functions.billing.domain.remittance.matching import MatchBasis, MatchConfidence
from functions.billing.domain.remittance.post import PostingState
from functions.billing.domain.remittance.records import BalanceDifference, RemittanceHeader

BATCH = "BATCH#"
TRACED, KEPT_ASIDE = "REMITTANCE#", "KEPT#"
UNBALANCED = "unbalanced"
TEST_INDICATOR = "test_indicator"
OTHER_CONTENT = "same_payment_other_content"


class RemittanceState(StrEnum):
    """Where a payment stands. Quarantined: kept whole, posted only by two persons with a reason."""

    RECEIVED = "received"
    POSTED = "posted"
    EXCEPTION = "exception"
    QUARANTINED = "quarantined"
    RELEASED = "released"
    """Out of quarantine: it is posted under the payment's own name, `Release.remittance_id`."""
    REPLACED = "replaced"
    """Out of quarantine: a copy that was right came later, and is posted under the payment's own name."""


OUT_OF_QUARANTINE = frozenset({RemittanceState.RELEASED, RemittanceState.REPLACED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Why a payment that does not balance is posted all the same, and which two persons decided so."""

    requested_by: str
    requested_at: datetime
    reason: str
    approved_by: str = ""
    approved_at: datetime | None = None
    remittance_id: str = ""


def file_id_of(sha256: str) -> str:
    """A file is named by its content: the same bytes are the same file, however they came."""
    return derived_id("E", sha256)


def remittance_id(header: RemittanceHeader) -> str:
    """Named by what makes two copies the same payment, never by the file."""
    return derived_id("R", header.identity)


def quarantine_id(header: RemittanceHeader, content_digest: str) -> str:
    """Apart from the payment's own name, so that a repaired copy can still be posted."""
    return derived_id("Q", header.identity, content_digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remittance:
    """One payment (ST…SE of an 835): what the payer said, and how far it is posted.

    `batches` counts the pieces it is posted in, each of which leaves a `PostedBatch`. `claims_named` are patient
    control numbers, kept for a payment in quarantine: whoever asks for one of these claims is told where its answer
    waits. `differences` shows the first places that do not add up, `imbalance` sums all of them by level; `faults` say
    where a broken payment broke and what was expected there.
    """

    kind: ClassVar[str] = "REMITTANCE"

    remittance_id: str
    file_id: str
    file_key: str
    evidence_key: str
    header: RemittanceHeader
    content_digest: str
    claims: int
    claims_paid_cents: int
    received_at: datetime
    separators: tuple[str, str, str, str, str] = ("*", "^", ":", "~", "")
    state: RemittanceState = RemittanceState.RECEIVED
    reasons: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    differences: tuple[BalanceDifference, ...] = ()
    imbalance: Imbalance | None = None
    release: Release | None = None
    batches: int = 0
    claims_named: tuple[str, ...] = ()
    posted_claims: int = 0
    posted_cents: int = 0
    matched: int = 0
    touched: int = 0
    deposit_id: str = ""
    deposited_cents: int = 0
    posted_at: datetime | None = None
    due_kind: str = ""
    due_at: datetime | None = None
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(remittance_id: str) -> Key:
        """Where a payment rests."""
        return Key(f"REMITTANCE#{remittance_id}", "REMITTANCE")

    @property
    def key(self) -> Key:
        """Where this payment rests."""
        return self.key_of(self.remittance_id)

    @property
    def answers_nobody(self) -> bool:
        """No remitted claims are in it: a test, or a copy out of quarantine, for the payment itself is posted."""
        return TEST_INDICATOR in self.reasons or self.state in OUT_OF_QUARANTINE

    @property
    def is_releasable(self) -> bool:
        """Whether two persons may have it posted: understood, no test, no copy, and merely out of balance."""
        return self.state is RemittanceState.QUARANTINED and self.reasons == (UNBALANCED,)

    @property
    def is_replaceable(self) -> bool:
        """Whether a right copy of the same payment ends the matter: it was to be posted, and could not be."""
        return self.state is RemittanceState.QUARANTINED and not (
            {TEST_INDICATOR, OTHER_CONTENT} & set(self.reasons)
        )

    @property
    def ref(self) -> str:
        """Payments are listed by the month they came in."""
        return f"REMITTANCES#{self.received_at:%Y-%m}"

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"remittance:{self.remittance_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemittanceFile:
    """One file that arrived, by its content; a second copy is visible, and changes nothing."""

    kind: ClassVar[str] = "ERAFILE"

    file_id: str
    file_key: str
    content_sha256: str
    evidence_key: str
    received_at: datetime
    outcome: str
    reasons: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    remittance_ids: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(file_id: str, file_key: str) -> Key:
        """Content and the name it came under: the same bytes under two names are two arrivals."""
        return Key(f"ERAFILE#{file_id}#{derived_id('', file_key, length=6)}", "ERAFILE")

    @staticmethod
    def ref_of(file_id: str) -> str:
        """What all arrivals of the same bytes are listed under."""
        return f"ERAFILE#{file_id}"

    @property
    def key(self) -> Key:
        """Where this arrival rests."""
        return self.key_of(self.file_id, self.file_key)

    @property
    def ref(self) -> str:
        """Arrivals of the same bytes are listed together."""
        return self.ref_of(self.file_id)

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"remittance_file:{self.file_id}:{derived_id('', self.file_key, length=6)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedAnswer:
    """One answer (CLP) of a payment: whose claim it is about, and what became of it.

    Written with its postings, so it counts once, whoever posts its batch again. `cause` says why it
    was set aside, `claim_id` then only what it may be about.
    """

    kind: ClassVar[str] = "ANSWER"

    remittance_id: str
    first_ordinal: int
    ordinal: int
    state: PostingState
    posted_cents: int
    is_touched: bool = False
    claim_id: str = ""
    basis: MatchBasis = MatchBasis.NOTHING
    confidence: MatchConfidence = MatchConfidence.NONE
    cause: str = ""

    @staticmethod
    def partition_of(remittance_id: str, first_ordinal: int) -> str:
        """Answers of one batch rest together, apart from other batches, which write at the same time."""
        return f"ANSWERS#{remittance_id}#{first_ordinal:06d}"

    @property
    def key(self) -> Key:
        """With its batch, by its place in the payment."""
        partition = self.partition_of(self.remittance_id, self.first_ordinal)
        return Key(partition, f"ANSWER#{self.ordinal:06d}")

    @property
    def is_matched(self) -> bool:
        """Placed without a person, whether or not one had to see it."""
        return self.confidence >= MatchConfidence.STRONG


@dataclass(frozen=True, slots=True, kw_only=True)
class AsideAnswer:
    """An answer that nobody could place, or that a person sees first: its cash is unapplied until then.

    The bytes are where it stands in the payment's file. `claim_id` is empty while it waits.
    """

    kind: ClassVar[str] = "ASIDE"

    remittance_id: str
    ordinal: int
    cause: str
    paid_cents: int
    proposed_claim_id: str
    start_byte: int
    end_byte: int
    claim_id: str = ""
    decided_by: str = ""
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(remittance_id: str, ordinal: int) -> Key:
        """Where an answer set aside rests, with the posting of its cash."""
        return Key(f"ASIDE#{remittance_id}#{ordinal:06d}", "ASIDE")

    @property
    def key(self) -> Key:
        """Where this one rests."""
        return self.key_of(self.remittance_id, self.ordinal)

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"remittance:{self.remittance_id}:clp-{self.ordinal}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedBatch:
    """What one batch of a payment's claims came to: counted once, whoever posts it again.

    It is the payment's counter, kept in pieces: batches that end at the same moment never wait for one another.
    """

    kind: ClassVar[str] = "BATCH"

    remittance_id: str
    first_ordinal: int
    claims: int
    matched: int
    touched: int
    posted_cents: int
    posted_at: datetime
    set_aside: Mapping[str, int] = field(default_factory=dict)
    """How many answers wait for a person, by cause."""

    @staticmethod
    def key_of(remittance_id: str, first_ordinal: int) -> Key:
        """Beside its payment, by its first claim."""
        return Key(f"REMITTANCE#{remittance_id}", f"{BATCH}{first_ordinal:06d}")

    @property
    def key(self) -> Key:
        """Where this batch rests."""
        return self.key_of(self.remittance_id, self.first_ordinal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """Money seen at the bank.

    Events and the bank's files name the same money differently, so with a trace it is named by what they all say of it:
    payer, trace, amount, day, and its place among those of which one source tells the same. `told_by` holds each
    telling once, as `SOURCE:its own name there`.
    """

    kind: ClassVar[str] = "DEPOSIT"

    deposit_id: str
    trace_number: str
    payer_identifier: str
    amount_cents: int
    deposited_on: str
    received_at: datetime
    told_by: tuple[str, ...] = ()
    state: str = "unmatched"
    proposed: tuple[str, ...] = ()
    """Remittances that fit by amount and date, where the bank gave no trace."""
    remittance_id: str = ""
    also_for: tuple[str, ...] = ()
    """Further payments of the same trace, paid with the same deposit."""
    difference_cents: int = 0
    due_kind: str = ""
    due_at: datetime | None = None
    ref: str = "DEPOSITS"
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def id_of(
        payer_identifier: str, trace_number: str, amount_cents: int, deposited_on: str, place: int
    ) -> str:
        """The name of a deposit that carries a trace, whoever tells of it."""
        said = (payer_identifier, trace_number, str(amount_cents), deposited_on, str(place))
        return derived_id("D", *said)

    def is_told_by(self, source: str) -> bool:
        """Whether this source has told of it: what the source tells besides is other money."""
        return any(telling.startswith(f"{source}:") for telling in self.told_by)

    @property
    def names(self) -> tuple[str, ...]:
        """What those who told of it call it."""
        return tuple(telling.partition(":")[2] for telling in self.told_by) or (self.deposit_id,)

    @staticmethod
    def key_of(deposit_id: str) -> Key:
        """Where a deposit rests."""
        return Key(f"DEPOSIT#{deposit_id}", "DEPOSIT")

    @property
    def key(self) -> Key:
        """Where this deposit rests."""
        return self.key_of(self.deposit_id)

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"deposit:{self.deposit_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BankFile:
    """One file of the bank, by its content: read once, or refused with the place that is wrong."""

    kind: ClassVar[str] = "BANKFILE"

    file_id: str
    file_key: str
    content_sha256: str
    evidence_key: str
    received_at: datetime
    outcome: str = ""
    why: str = ""
    deposits: int = 0
    told_before: int = 0
    """Of those, how many an event or another file had told of."""
    amount_cents: int = 0
    ref: str = "BANKFILES"
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(file_id: str) -> Key:
        """Where a bank file rests."""
        return Key(f"BANKFILE#{file_id}", "BANKFILE")

    @property
    def key(self) -> Key:
        """Where this file rests."""
        return self.key_of(self.file_id)

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"bank_file:{self.file_id}"

    def read(self, *, deposits: int, told_before: int, amount_cents: int) -> Self:
        """As it is once every deposit in it was taken up."""
        return replace(
            self,
            outcome="read",
            deposits=deposits,
            told_before=told_before,
            amount_cents=amount_cents,
        )

    def refused(self, why: str) -> Self:
        """As it is when it could not be read."""
        return replace(self, outcome="refused", why=why)


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedPayment:
    """A payment under its trace number (TRN03 and TRN02), which several may share.

    Copies in quarantine stand apart: no deposit is theirs, and the payment finds them once it is posted.
    """

    kind: ClassVar[str] = "TRACED"

    payer_identifier: str
    trace_number: str
    remittance_id: str
    is_kept_aside: bool = False

    @classmethod
    def of(cls, remittance: Remittance) -> Self:
        """The entry of a payment, or of a copy in quarantine."""
        return cls(
            payer_identifier=remittance.header.payer_identifier,
            trace_number=remittance.header.trace_number,
            remittance_id=remittance.remittance_id,
            is_kept_aside=remittance.state is RemittanceState.QUARANTINED,
        )

    @staticmethod
    def partition_of(payer_identifier: str, trace_number: str) -> str:
        """Where all payments of one trace rest."""
        return f"TRACE#{payer_identifier}|{trace_number}"

    @property
    def key(self) -> Key:
        """Where this one rests."""
        return Key(
            self.partition_of(self.payer_identifier, self.trace_number),
            f"{KEPT_ASIDE if self.is_kept_aside else TRACED}{self.remittance_id}",
        )
