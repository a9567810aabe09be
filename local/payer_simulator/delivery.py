"""Producing a wave: 999 and 277CA files, appeal decisions, 835 files and their deposits."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeVar

from local.payer_simulator.acknowledgements import (
    VERSION_277CA,
    VERSION_999,
    Answerer,
    Batch,
    ClaimVerdict,
    write_277ca,
    write_999,
)
from local.payer_simulator.payments import PayerDesk, group_payments
from local.payer_simulator.records import (
    Appeal,
    DeliveredFile,
    Deposit,
    DueAnswer,
    DueEvent,
    DueFile,
    RemittanceRecord,
    Transaction,
)
from local.payer_simulator.remittance import VERSION_835, Imbalance, write_835
from local.payer_simulator.wire import Envelope, write_interchange

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from local.payer_simulator.acknowledgements import GroupVerdict
    from local.payer_simulator.payments import PaymentGroup
    from local.payer_simulator.records import PayerState, Submission
    from local.payer_simulator.remittance import Payment
    from local.payer_simulator.simulator import Simulator
    from local.payer_simulator.wire import SetWriter
    from local.payer_simulator.world import Payer, RemittanceEntry, WireStyle

_T = TypeVar("_T")

KINDS = ("acknowledgements", "appeals", "remittances")
FileKind = Literal["999", "277CA", "835"]
_GROUP_CODE = {"999": "FA", "277CA": "HN", "835": "HP"}
_VERSION = {"999": VERSION_999, "277CA": VERSION_277CA, "835": VERSION_835}


@dataclass(slots=True)
class Wave:
    """What one call of `deliver` produced."""

    numbers: dict[str, int] = field(default_factory=dict)
    files: list[DeliveredFile] = field(default_factory=list)
    deposits: list[Deposit] = field(default_factory=list)
    appeals: list[Appeal] = field(default_factory=list)


def deliver(simulator: Simulator, kinds: Sequence[str], payer_ids: Iterable[str] | None) -> Wave:
    """Produce the next wave of each kind, for all payers or the named ones.

    Parameters
    ----------
    simulator
        Whose waves; its state is moved on.
    kinds
        Some of acknowledgements, appeals and remittances; done in this order.
    payer_ids
        None for all payers. 999s and the clearinghouse's own 277CAs are never held back.
    """
    named = set(simulator.payers if payer_ids is None else payer_ids)
    work = _Delivery(simulator, {one for one in named if not simulator.states[one].held})
    if "acknowledgements" in kinds:
        work.acknowledge()
    if "appeals" in kinds:
        work.decide_appeals()
    if "remittances" in kinds:
        work.remit()
    return work.wave


def pending(simulator: Simulator) -> dict[str, int]:
    """Count what later waves will hold; payers on hold are left out."""
    open_payers = {one for one, state in simulator.states.items() if not state.held}
    answers = [
        due
        for due in simulator.due_answers
        if due.answer.source == "clearinghouse" or due.landed.payer.payer_id in open_payers
    ]
    states = [simulator.states[one] for one in open_payers]
    return {
        "acknowledgements": len(simulator.due_999) + len(answers) + len(simulator.late),
        "remittances": sum(len(state.events) + len(state.files) for state in states),
        "appeals": sum(
            appeal.decided_on is None and appeal.landed.payer.payer_id in open_payers
            for appeal in simulator.appeals.values()
        ),
    }


class _Delivery:
    def __init__(self, simulator: Simulator, payer_ids: set[str]) -> None:
        self.simulator = simulator
        self.payer_ids = payer_ids
        self.wave = Wave()

    # Files ----------------------------------------------------------------------------------

    def _file(
        self,
        kind: FileKind,
        sender: str,
        receiver: tuple[str, str],
        sets: Sequence[SetWriter],
        style: WireStyle,
        payer_id: str | None,
        usage: str = "P",
    ) -> DeliveredFile:
        simulator = self.simulator
        control = simulator.next_control(sender)
        envelope = Envelope(
            sender=sender,
            receiver=receiver[0],
            receiver_qualifier=receiver[1],
            group_code=_GROUP_CODE[kind],
            version=_VERSION[kind],
            control_number=control,
            written_at=simulator.now,
            usage=usage,
        )
        file_id = f"{kind}_{sender}_{simulator.today:%Y%m%d}_{control:06d}"
        content = write_interchange(envelope, sets, style)
        return DeliveredFile(file_id, f"{file_id}.x12", kind, payer_id, content)

    def _hand_out(self, file: DeliveredFile) -> None:
        simulator = self.simulator
        simulator.files[file.file_id] = file
        self.wave.files.append(file)
        simulator.list_transaction(
            Transaction(
                transaction_id=file.file_id,
                direction="OUTBOUND",
                kind="277" if file.kind == "277CA" else file.kind,
                version=_VERSION[file.kind],
                file_name=file.name,
                content=file.content,
                processed_at=simulator.now,
                identifiers=[("traceNumber", str(one["trace"])) for one in file.payments],
            )
        )

    # Acknowledgements -----------------------------------------------------------------------

    def acknowledge(self) -> None:
        simulator = self.simulator
        simulator.waves["acknowledgements"] += 1
        number = self.wave.numbers["acknowledgements"] = simulator.waves["acknowledgements"]
        self._deliver_999s(number)
        self._deliver_277cas(number)

    def _deliver_999s(self, number: int) -> None:
        simulator = self.simulator
        due = [one for one in simulator.due_999 if (one.answer_999_at_wave or 0) <= number]
        taken = {id(one) for one in due}
        simulator.due_999 = [one for one in simulator.due_999 if id(one) not in taken]
        house = simulator.world.clearinghouse
        for receiver, submissions in _by_receiver(due).items():
            verdicts: list[GroupVerdict] = []
            for submission in submissions:
                submission.answered_999 = True
                verdicts.extend(submission.verdicts)
                for landed in submission.claims:
                    landed.acknowledged |= landed.front_door == "rejected_syntax"
            for chunk in _chunks(verdicts, house.transactions_per_file):
                sets = [
                    write_999(one, f"{index:04d}", house.wire)
                    for index, one in enumerate(chunk, start=1)
                ]
                self._hand_out(
                    self._file("999", house.identifier, receiver, sets, house.wire, None)
                )

    def _deliver_277cas(self, number: int) -> None:
        simulator = self.simulator
        due = [one for one in simulator.due_answers if one.wave <= number and self._may_go(one)]
        taken = {id(one) for one in due}
        simulator.due_answers = [one for one in simulator.due_answers if id(one) not in taken]
        by_source: dict[str | None, dict[str, list[DueAnswer]]] = {}
        for one in due:
            payer_id = one.landed.payer.payer_id if one.answer.source == "payer" else None
            by_submission = by_source.setdefault(payer_id, {})
            by_submission.setdefault(one.landed.submission_id, []).append(one)
        for payer_id in sorted(by_source, key=lambda one: one or ""):
            self._deliver_from(payer_id, by_source[payer_id], number)

    def _may_go(self, due: DueAnswer) -> bool:
        return due.answer.source == "clearinghouse" or due.landed.payer.payer_id in self.payer_ids

    def _deliver_from(
        self, payer_id: str | None, by_submission: dict[str, list[DueAnswer]], number: int
    ) -> None:
        simulator = self.simulator
        house = simulator.world.clearinghouse
        if payer_id is None:
            answerer, style = Answerer("AY", house.name, house.identifier), house.wire
        else:
            payer = simulator.payers[payer_id]
            answerer, style = Answerer("PR", payer.name, payer_id, "PI"), payer.wire
        submissions = [simulator.submissions[one] for one in by_submission]
        for receiver, theirs in _by_receiver(submissions).items():
            batches = [
                batch
                for submission in theirs
                for batch in self._batches(
                    submission, by_submission[submission.submission_id], number
                )
            ]
            for chunk in _chunks(batches, house.transactions_per_file):
                sets = [
                    write_277ca(batch, answerer, simulator.now, f"{index:04d}", style)
                    for index, batch in enumerate(chunk, start=1)
                ]
                self._hand_out(
                    self._file("277CA", answerer.identifier, receiver, sets, style, payer_id)
                )

    def _batches(self, submission: Submission, due: list[DueAnswer], number: int) -> list[Batch]:
        """Make one batch per received 837; a claim answered twice at once gets two batches."""
        rounds: dict[tuple[str, int], list[DueAnswer]] = {}
        seen: dict[int, int] = {}
        for one in sorted(due, key=lambda each: (each.wave, *each.landed.sort_key)):
            turn = seen.get(id(one.landed), 0)
            seen[id(one.landed)] = turn + 1
            rounds.setdefault((one.landed.claim.batch_reference, turn), []).append(one)
        batches = []
        for (reference, turn), ones in sorted(rounds.items(), key=lambda each: each[0][1]):
            for one in ones:
                one.landed.acknowledged = True
            batches.append(
                Batch(
                    reference=reference,
                    submitter_name=submission.submitter_name,
                    submitter_id=submission.submitter_id,
                    received_on=submission.received_at.date(),
                    answered_on=self.simulator.today,
                    trace=f"{submission.submission_id[4:16].upper()}{number:04d}{turn}",
                    verdicts=tuple(
                        ClaimVerdict(
                            claim=one.landed.claim,
                            answer=one.answer,
                            payer_claim_number=_number_given(one),
                            level=one.answer.level,
                        )
                        for one in ones
                    ),
                )
            )
        return batches

    # Appeals --------------------------------------------------------------------------------

    def decide_appeals(self) -> None:
        simulator = self.simulator
        simulator.waves["appeals"] += 1
        number = self.wave.numbers["appeals"] = simulator.waves["appeals"]
        for appeal in sorted(
            simulator.appeals.values(), key=lambda one: (one.appeal_id, one.level)
        ):
            payer_id = appeal.landed.payer.payer_id
            if appeal.decided_on or appeal.wave > number or payer_id not in self.payer_ids:
                continue
            appeal.decided_on = simulator.today
            self.wave.appeals.append(appeal)
            if appeal.answer.decision == "overturned":
                state = simulator.states[payer_id]
                state.events.append(
                    DueEvent(state.wave + 1, "reverse", appeal.landed, appeal.answer.correction)
                )

    # Remittances ----------------------------------------------------------------------------

    def remit(self) -> None:
        simulator = self.simulator
        simulator.waves["remittances"] += 1
        self.wave.numbers["remittances"] = simulator.waves["remittances"]
        for payer_id in sorted(self.payer_ids):
            self._remit_for(simulator.payers[payer_id], simulator.states[payer_id])

    def _remit_for(self, payer: Payer, state: PayerState) -> None:
        simulator = self.simulator
        state.wave += 1
        due = [one for one in state.files if one.wave <= state.wave]
        state.files = [one for one in state.files if one.wave > state.wave]
        for one in due:
            self._hand_out_remittance(one.file)
        payer_id = payer.payer_id
        desk = PayerDesk(
            payer, state, simulator.shares[payer_id], simulator.by_number[payer_id],
            simulator.today,
        )  # fmt: skip
        work = desk.run()
        if not work.units and not work.provider_adjustments:
            return
        state.waves_sent += 1
        groups = group_payments(
            payer, state, work, simulator.world.remittance_script, simulator.today
        )
        for group in groups:
            self._pay(payer, state, group)

    def _hand_out_remittance(self, file: DeliveredFile) -> None:
        self._hand_out(file)
        for one in file.payments:
            record = self.simulator.remittances.get((file.payer_id or "", str(one["trace"])))
            if record is not None:
                record.file_ids.append(file.file_id)

    def _pay(self, payer: Payer, state: PayerState, group: PaymentGroup) -> None:
        names = [entry.name for entry in group.entries]
        kinds = {entry.kind: entry for entry in group.entries}
        for index, payment in enumerate(group.payments):
            payment.script = names if index == 0 else []
            deposit_cents = self._deposit(payment, group.entries if index == 0 else [])
            key = (payer.payer_id, payment.trace)
            self.simulator.remittances[key] = RemittanceRecord(
                payer_id=payer.payer_id,
                trace=payment.trace,
                file_ids=[],
                charged_cents=payment.charged_cents,
                paid_cents=payment.paid_cents,
                provider_adjustment_cents=payment.provider_adjustment_cents,
                payment_cents=payment.payment_cents,
                deposit_cents=deposit_cents,
                script=payment.script,
            )
        unbalanced = kinds.get("unbalanced")
        imbalance = Imbalance(unbalanced.level, unbalanced.by_cents) if unbalanced else None
        file = self._remittance_file(payer, group.payments, names, imbalance=imbalance)
        withheld = kinds.get("deposit_without_remittance")
        if withheld is None:
            self._hand_out_remittance(file)
        elif withheld.after_waves:
            state.files.append(DueFile(state.wave + withheld.after_waves, file))
        if unbalanced and unbalanced.after_waves:
            repaired = self._remittance_file(payer, group.payments, names)
            state.files.append(DueFile(state.wave + unbalanced.after_waves, repaired))
        for entry in group.entries:
            self._extra_file(payer, state, group, entry, file)

    def _extra_file(
        self,
        payer: Payer,
        state: PayerState,
        group: PaymentGroup,
        entry: RemittanceEntry,
        file: DeliveredFile,
    ) -> None:
        if entry.kind == "test_indicator":
            payments = [replace(one, trace=f"TEST{one.trace}") for one in group.payments]
            self._hand_out(self._remittance_file(payer, payments, [entry.name], usage="T"))
        if entry.kind != "duplicate_file":
            return
        if entry.rewrapped:
            house = self.simulator.world.clearinghouse
            copy = self._remittance_file(payer, group.payments, [entry.name], style=house.wire)
        else:
            copy = replace(
                file,
                file_id=f"{file.file_id}_again",
                name=f"{file.file_id}_again.x12",
                payments=list(file.payments),
                script=[entry.name],
            )
        if entry.after_waves:
            state.files.append(DueFile(state.wave + entry.after_waves, copy))
        else:
            self._hand_out_remittance(copy)

    def _remittance_file(
        self,
        payer: Payer,
        payments: Sequence[Payment],
        script: list[str],
        *,
        imbalance: Imbalance | None = None,
        style: WireStyle | None = None,
        usage: str = "P",
    ) -> DeliveredFile:
        wire = style or payer.wire
        sets = [
            write_835(one, f"{index + 1:04d}", wire, None if index else imbalance)
            for index, one in enumerate(payments)
        ]
        receiver = (payments[0].receiver, "ZZ")
        file = self._file("835", payer.payer_id, receiver, sets, wire, payer.payer_id, usage)
        file.script = script
        file.payments = [
            {
                "trace": one.trace,
                "originator": one.originator,
                "amount_cents": one.payment_cents,
                "settles_on": one.settles_on.isoformat(),
                "method": one.method,
                "payee_npi": one.payee.npi,
                "payee_tax_id": one.payee.tax_id,
            }
            for one in payments
        ]
        return file

    def _deposit(self, payment: Payment, entries: Iterable[RemittanceEntry]) -> int:
        cents = payment.payment_cents if payment.method in {"ACH", "CHK"} else 0
        for entry in entries:
            if entry.kind == "deposit_mismatch" and cents:
                cents = max(1, cents + entry.by_cents)
            elif entry.kind == "deposit_missing":
                cents = 0
            elif entry.kind == "stray_deposit":
                self._bank(payment, f"STRAY{payment.trace}", entry.by_cents)
        if cents > 0:
            self._bank(payment, payment.trace, cents)
        return cents

    def _bank(self, payment: Payment, trace: str, cents: int) -> None:
        lag = dt.timedelta(days=payment.payer.deposit_lag_days)
        deposit = Deposit(
            deposit_id=f"dep-{payment.payer.payer_id}-{len(self.simulator.deposits) + 1:05d}",
            payer_id=payment.payer.payer_id,
            trace=trace,
            originator=payment.originator,
            amount_cents=cents,
            date=payment.settles_on + lag,
            method=payment.payer.payment_method,
            payee_npi=payment.payee.npi,
            payee_tax_id=payment.payee.tax_id,
        )
        self.simulator.deposits.append(deposit)
        self.wave.deposits.append(deposit)


def _number_given(due: DueAnswer) -> str:
    """REF*1K is there once the payer has taken the claim in."""
    taken = due.answer.source == "payer" and due.answer.category == "A2"
    return due.landed.number if taken and due.landed.accepted else ""


def _by_receiver(submissions: Iterable[Submission]) -> dict[tuple[str, str], list[Submission]]:
    ordered = sorted(
        submissions,
        key=lambda one: (
            one.interchange.sender,
            one.interchange.control_number,
            one.patient_control_numbers,
            one.submission_id,
        ),
    )
    found: dict[tuple[str, str], list[Submission]] = {}
    for one in ordered:
        receiver = (one.interchange.sender, one.interchange.sender_qualifier)
        found.setdefault(receiver, []).append(one)
    return found


def _chunks(ones: Sequence[_T], size: int) -> Iterable[Sequence[_T]]:
    return (ones[start : start + size] for start in range(0, len(ones), size))
