"""One practice in memory: every port, and the steps a claim goes through, so a test starts where it matters."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.commit import Cause
from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.balances import ClaimBalance, claim_balance
from functions.billing.domain.ledger.postings import Posting
from functions.billing.domain.records import Encounter
from functions.billing.usecases.assign_answer import AssignAnswer, assign_answer
from functions.billing.usecases.match_deposit import MatchDeposit, match_deposit
from functions.billing.usecases.post_remittance import (
    PostingPorts,
    PostRemittance,
    post_remittance,
)
from functions.billing.usecases.postings import StoredPosting, postings_of
from functions.billing.usecases.read_remittance import (
    ReadRemittance,
    RemittanceFilePorts,
    read_remittance,
)
from functions.billing.usecases.reconcile_remittance import (
    ReconcileRemittance,
    reconcile_remittance,
)
from functions.billing.usecases.record_acknowledgement import (
    AcknowledgementPorts,
    RecordAcknowledgement,
    record_acknowledgement,
)
from functions.billing.usecases.sending import SendingPorts
from functions.billing.usecases.submit_claim import SubmitClaim, submit_claim
from tests.builders import CAUSE, code_table_contents, read, released_claim, rule_set_contents
from tests.fakes import (
    CountingControlNumbers,
    FixedCodeTables,
    FixedRuleSets,
    InMemoryEvidence,
    InMemoryIntake,
    InMemoryRecords,
    NamedConnections,
    ScriptedClearinghouse,
    SettableClock,
)
from tests.unit.usecases.payer_files import PAYER_NUMBER, TRACE, Answered, remittance_file

CLAIM = "CTESTCLAIM01"
PCN = f"{CLAIM}01"


class World:
    """Ports in memory, and short ways through the use cases."""

    def __init__(self, **connector: object) -> None:
        self.clock = SettableClock()
        self.records = InMemoryRecords()
        self.evidence = InMemoryEvidence()
        self.intake = InMemoryIntake()
        self.rule_sets = FixedRuleSets(rule_set_contents())
        self.code_tables = FixedCodeTables(code_table_contents())
        self.control_numbers = CountingControlNumbers()
        self.clearinghouse = ScriptedClearinghouse(self.clock, **connector)
        self.connections = NamedConnections(self.clearinghouse)

    # What is stored --------------------------------------------------------------------------

    def claim(self, claim_id: str = CLAIM) -> Claim:
        return read(self.records, claim_id)

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return self.records.of_kind(kind)

    def only(self, kind: str) -> dict[str, Any]:
        (found,) = self.of_kind(kind)
        return found

    def event_types(self) -> list[str]:
        return [event["type"] for event in self.records.events()]

    def event(self, type_: str) -> dict[str, Any]:
        (found,) = self.records.events(type_)
        data: dict[str, Any] = found["data"]
        return data

    def open_work(self) -> dict[str, str]:
        """Reason and queue of all that people must do now."""
        return {
            work["reason"]: work["queue"]
            for work in self.of_kind("WORK")
            if work.get("state", "open") == "open"
        }

    def balance(self, claim_id: str = CLAIM) -> ClaimBalance:
        return claim_balance(claim_id, postings_of(self.records, claim_id))

    def postings(self) -> list[Posting]:
        """Every posting there is, read as it rests."""
        partitions = dict.fromkeys(item["pk"] for item in self.of_kind("POSTING"))
        return [
            posting
            for partition in partitions
            for stored in self.records.under(StoredPosting, partition, "POSTING#")
            for posting in stored.all
        ]

    def account(self, account: Account) -> int:
        """The balance of an account over the whole ledger."""
        return sum(posting.amount_cents(account) for posting in self.postings())

    def snapshot(self) -> dict[str, Any]:
        """Every item of both tables, to see that nothing changed."""
        return {name: dict(items) for name, items in self.records.tables.tables.items()}

    # Ports -----------------------------------------------------------------------------------

    @property
    def sending(self) -> SendingPorts:
        return SendingPorts(
            records=self.records,
            evidence=self.evidence,
            connections=self.connections,
            control_numbers=self.control_numbers,
            rule_sets=self.rule_sets,
            clock=self.clock,
        )

    @property
    def posting(self) -> PostingPorts:
        return PostingPorts(
            records=self.records,
            evidence=self.evidence,
            rule_sets=self.rule_sets,
            clock=self.clock,
        )

    # Steps -----------------------------------------------------------------------------------

    def submitted(self, visit: Encounter | None = None, *, claim_id: str = CLAIM) -> Claim:
        """A claim the clearinghouse has taken."""
        released_claim(self.records, visit, claim_id=claim_id)
        outcome = submit_claim(SubmitClaim(claim_id=claim_id), CAUSE, self.sending)
        assert outcome["outcome"] == "submitted"
        return self.claim(claim_id)

    def acknowledge(self, body: bytes, name: str = "ack.x12", cause: Cause = CAUSE) -> str:
        self.intake.drop(f"acknowledgements/{name}", body)
        outcome = record_acknowledgement(
            RecordAcknowledgement(file_key=f"acknowledgements/{name}"),
            cause,
            AcknowledgementPorts(
                records=self.records,
                evidence=self.evidence,
                intake=self.intake,
                rule_sets=self.rule_sets,
                clock=self.clock,
            ),
        )
        return str(outcome["outcome"])

    def receive(self, body: bytes, name: str = "era.x12") -> dict[str, Any]:
        """Read an 835; nothing is posted yet. `batches` are what the workflow hands on, one by one."""
        self.intake.drop(f"remittances/{name}", body)
        ports = RemittanceFilePorts(
            records=self.records, evidence=self.evidence, intake=self.intake, clock=self.clock
        )
        reading = read_remittance(ReadRemittance(file_key=f"remittances/{name}"), CAUSE, ports)
        return {**reading, "batches": batches_of(reading)}

    def post(self, batch: dict[str, Any]) -> dict[str, Any]:
        return dict(post_remittance(PostRemittance(**batch), CAUSE, self.posting))

    def assign(
        self,
        ordinal: int,
        claim_id: str = CLAIM,
        *,
        actor: str = "kay",
        reason: str = "the EOB says so",
    ) -> str:
        """A person says whose an answer of the only payment is."""
        command = AssignAnswer(
            remittance_id=self.only("REMITTANCE")["remittance_id"],
            ordinal=ordinal,
            claim_id=claim_id,
            actor=actor,
            reason=reason,
        )
        outcome = assign_answer(command, caused_by("assignment", "assign_1"), self.posting)
        return str(outcome["outcome"])

    def reconcile(self, remittances: list[str]) -> str:
        outcome = reconcile_remittance(
            ReconcileRemittance(remittances=tuple(remittances)),
            CAUSE,
            records=self.records,
            clock=self.clock,
        )
        return str(outcome["outcome"])

    def remit(self, body: bytes, name: str = "era.x12") -> str:
        """Read, post and reconcile an 835; what became of the file or its payments."""
        reading = self.receive(body, name)
        if reading["outcome"] != "ready":
            return str(reading["outcome"])
        for batch in reading["batches"]:
            self.post(batch)
        return self.reconcile(reading["remittances"])

    def pay(self, *claims: Answered, name: str = "era.x12", **of_payment: object) -> str:
        """The payer's answers, as one payment in one file."""
        return self.remit(remittance_file(*claims, **of_payment), name)  # type: ignore[arg-type]

    def deposit(
        self,
        amount_cents: int,
        *,
        deposit_id: str = "DEP1",
        trace: str = TRACE,
        payer: str = PAYER_NUMBER,
        source: str = "event",
    ) -> str:
        command = MatchDeposit(
            deposit_id=deposit_id,
            trace_number=trace,
            payer_identifier=payer,
            amount_cents=amount_cents,
            deposited_on=date(2026, 3, 9),
            source=source,
        )
        outcome = match_deposit(command, CAUSE, records=self.records, clock=self.clock)
        return str(outcome["outcome"])


def batches_of(reading: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What each child of the workflow's Map is given."""
    return [
        {"manifest_key": reading["manifest_key"], "batch": number}
        for number in range(reading["batches"])
    ]


def caused_by(type_: str, cause_id: str = "evt_2") -> Cause:
    """Another event than the one that began."""
    return replace(CAUSE, cause_type=type_, cause_id=cause_id)
