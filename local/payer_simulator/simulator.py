"""The simulator itself: takes submissions, answers inquiries, produces waves of files.

It knows no HTTP and no clock. Time is the world's: it begins on ``world.today`` and moves only
when it is told to.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.payer_simulator import eligibility, status
from local.payer_simulator.acknowledgements import REJECTED, GroupVerdict
from local.payer_simulator.adjudication import RunningShare
from local.payer_simulator.frontdoor import (
    ORIGINAL,
    judge,
    matches,
    read_set,
    script_for,
    set_verdict,
)
from local.payer_simulator.records import (
    Appeal,
    DeliveredFile,
    Deposit,
    DueAnswer,
    DueEvent,
    Landed,
    PayerState,
    RemittanceRecord,
    Submission,
    Transaction,
)
from local.payer_simulator.remittance import Payee
from local.payer_simulator.wire import (
    Envelope,
    WireError,
    read_interchange,
    unwritable,
    write_interchange,
)
from local.payer_simulator.world import AppealAnswer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from local.payer_simulator.claims import Claim
    from local.payer_simulator.frontdoor import ReadSet
    from local.payer_simulator.records import Scripted
    from local.payer_simulator.wire import Interchange, SetWriter, TransactionSet
    from local.payer_simulator.world import (
        AaaError,
        ClaimAnswer,
        Member,
        Payer,
        SubmissionFault,
        WireStyle,
        World,
    )

_FIRST_HOUR = dt.time(8, 0)
_KINDS = {"professional": "005010X222A1", "institutional": "005010X223A2"}
_NUMBERS = 10**9
# Answers given online count apart, so that they do not shift the numbers of the files.
_FIRST_ONLINE_CONTROL = 500_000_000


class Refused(Exception):  # noqa: N818 - it is an answer, not an error of the program
    """The request is refused with an HTTP status, a code and a message."""

    def __init__(self, status_code: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Parsed:
    """An 837 interchange that was read and may land."""

    text: str
    interchange: Interchange
    groups: tuple[tuple[ReadSet, ...], ...]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Every claim of the interchange that a 999 does not refuse."""
        return tuple(claim for sets in self.groups for one in sets for claim in one.claims)


class Simulator:
    """A clearinghouse with its payers."""

    def __init__(self, world: World) -> None:
        self.load(world)

    def load(self, world: World) -> None:
        """Begin anew with a world."""
        self.world = world
        self.now = dt.datetime.combine(world.today, _FIRST_HOUR, dt.UTC)
        self.payers = {payer.payer_id: payer for payer in world.payers}
        self.states = {payer.payer_id: PayerState() for payer in world.payers}
        self.members: dict[tuple[str, str], Member] = {}
        self.shares: dict[str, dict[str, RunningShare]] = {one: {} for one in self.payers}
        self.aaa_uses: Counter[tuple[str, str, int]] = Counter()
        self.fault_uses: Counter[str] = Counter()
        self.faults_played: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.eligibility_counts: Counter[str] = Counter()
        self.submissions: dict[str, Submission] = {}
        self.seen_texts: Counter[str] = Counter()
        self.landed: list[Landed] = []
        self.nth: Counter[tuple[str, str, dt.date]] = Counter()
        self.by_number: dict[str, dict[str, Landed]] = {one: {} for one in self.payers}
        self.same_claims: dict[tuple[object, ...], list[Landed]] = {}
        self.by_member: dict[tuple[str, str], list[Landed]] = {}
        self.due_answers: list[DueAnswer] = []
        self.due_999: list[Submission] = []
        self.late: list[tuple[Parsed, str]] = []
        self.appeals: dict[tuple[str, int], Appeal] = {}
        self.files: dict[str, DeliveredFile] = {}
        self.deposits: list[Deposit] = []
        self.remittances: dict[tuple[str, str], RemittanceRecord] = {}
        self.transactions: list[Transaction] = []
        self.transaction_index: dict[str, Transaction] = {}
        self.transactions_by_number: dict[tuple[str, str], list[int]] = {}
        self.waves: Counter[str] = Counter()
        self.control_numbers: Counter[str] = Counter()
        self.upsert_members(world.members)

    # Time and people ------------------------------------------------------------------------

    @property
    def today(self) -> dt.date:
        """The simulated day."""
        return self.now.date()

    def set_today(self, day: dt.date) -> None:
        """Move to the morning of a day that is not before today."""
        if day < self.today:
            raise Refused(400, "INVALID_REQUEST", "the clock cannot go back")
        if day > self.today:
            self.now = dt.datetime.combine(day, _FIRST_HOUR, dt.UTC)

    def advance(self, hours: float) -> None:
        """Let hours pass."""
        if hours < 0:
            raise Refused(400, "INVALID_REQUEST", "the clock cannot go back")
        self.now += dt.timedelta(hours=hours)

    def upsert_members(self, members: Iterable[Member]) -> None:
        """Add members or put new data in the place of old (accumulators stay as they ran)."""
        for member in members:
            if member.payer_id not in self.payers:
                raise Refused(400, "INVALID_REQUEST", f"no payer {member.payer_id} in this world")
            for member_id in (member.member_id, *member.former_member_ids):
                self.members[member.payer_id, member_id] = member
            running = RunningShare(
                member.accumulators.deductible_met_cents,
                member.accumulators.out_of_pocket_met_cents,
            )
            self.shares[member.payer_id].setdefault(member.member_id, running)

    def set_outage(self, payer_id: str, eligibility_mode: str | None, claims: str | None) -> None:
        """Switch an outage of a payer on or off."""
        state = self.states.get(payer_id)
        if state is None:
            raise Refused(404, "NOT_FOUND", f"no payer {payer_id} in this world")
        match eligibility_mode:
            case None:
                pass
            case "off" | "aaa" | "http" | "timeout":
                state.eligibility_outage = eligibility_mode
            case _:
                raise Refused(400, "INVALID_REQUEST", "eligibility is off, aaa, http or timeout")
        match claims:
            case None:
                pass
            case "off" | "http" | "hold":
                state.claims_outage = claims
            case _:
                raise Refused(400, "INVALID_REQUEST", "claims is off, http or hold")

    def _payer(self, payer_id: str) -> Payer:
        payer = self.payers.get(payer_id)
        if payer is None:
            raise Refused(400, "UNKNOWN_PAYER", "the clearinghouse has no such payer")
        return payer

    # Eligibility ----------------------------------------------------------------------------

    def eligibility_mode(self, text: str) -> tuple[eligibility.Inquiry, str]:
        """Read a 270 and say which outage its payer is in."""
        inquiry, _ = self._read_inquiry(text)
        self._payer(inquiry.payer_id)
        return inquiry, self.states[inquiry.payer_id].eligibility_outage

    def _read_inquiry(self, text: str) -> tuple[eligibility.Inquiry, Interchange]:
        interchange = self._production(text)
        transaction = _only_set(interchange)
        try:
            return eligibility.read_inquiry(transaction), interchange
        except WireError as error:
            raise Refused(400, error.code, str(error)) from error

    def answer_eligibility(self, text: str) -> tuple[eligibility.Inquiry, Interchange, bytes]:
        """Answer a 270 with a 271."""
        inquiry, interchange = self._read_inquiry(text)
        payer = self._payer(inquiry.payer_id)
        member = self.members.get((payer.payer_id, inquiry.subscriber.identifier))
        if self.states[payer.payer_id].eligibility_outage == "aaa":
            found = eligibility.refuse("source", "42", "R")
        else:
            aaa = self._next_aaa(member) if member else None
            found = eligibility.find(inquiry, payer, member, aaa)
        self.eligibility_counts[found.word] += 1
        share = RunningShare()
        if member is not None:
            share = self.shares[payer.payer_id].setdefault(member.member_id, share)
        written = eligibility.write_271(inquiry, payer, found, share, self.now)
        content = self._interchange(
            payer.payer_id, interchange, "HB", eligibility.VERSION_270, [written], payer.wire
        )
        return inquiry, interchange, content

    def _next_aaa(self, member: Member) -> AaaError | None:
        for index, error in enumerate(member.aaa):
            key = (member.payer_id, member.member_id, index)
            if error.times is None or self.aaa_uses[key] < error.times:
                self.aaa_uses[key] += 1
                return error
        return None

    def _production(self, text: str) -> Interchange:
        try:
            interchange = read_interchange(text)
        except WireError as error:
            raise Refused(400, error.code, str(error)) from error
        if interchange.usage != "P":
            raise Refused(400, "TEST_INDICATOR", "ISA15 should be P: this is a production endpoint")
        return interchange

    def _interchange(
        self,
        sender: str,
        to: Interchange,
        code: str,
        version: str,
        sets: Sequence[SetWriter],
        style: WireStyle,
    ) -> bytes:
        envelope = Envelope(
            sender=sender,
            receiver=to.sender,
            receiver_qualifier=to.sender_qualifier,
            group_code=code,
            version=version,
            control_number=_FIRST_ONLINE_CONTROL + self.next_control(f"{sender} online"),
            written_at=self.now,
        )
        # A byte order mark is a habit of files, not of online answers.
        return write_interchange(
            envelope, sets, style.model_copy(update={"byte_order_mark": False})
        )

    def next_control(self, sender: str) -> int:
        """Return the next ISA13 and GS06 of a sender."""
        self.control_numbers[sender] += 1
        return self.control_numbers[sender]

    # Claims: the door -----------------------------------------------------------------------

    def parse_claims(self, text: str, kind: str) -> Parsed:
        """Read an 837 interchange as far as the envelope allows.

        Raises
        ------
        Refused
            400 for a broken envelope, a test indicator, another version than the endpoint's, an
            unknown payer, or identifiers the payer's files could not carry; 503 when the payer
            is out.
        """
        interchange = self._production(text)
        groups = []
        for group in interchange.groups:
            if group.version != _KINDS[kind]:
                raise Refused(400, "INVALID_X12", f"GS08 should be {_KINDS[kind]}")
            groups.append(tuple(read_set(one) for one in group.sets))
        parsed = Parsed(text, interchange, tuple(groups))
        for claim in parsed.claims:
            payer = self._payer(claim.payer_id)
            if self.states[payer.payer_id].claims_outage == "http":
                raise Refused(503, "PAYER_UNAVAILABLE", "the payer does not take claims now")
            self._refuse_unwritable(claim, payer)
        return parsed

    def _refuse_unwritable(self, claim: Claim, payer: Payer) -> None:
        identifiers = (
            claim.patient_control_number,
            claim.subscriber.identifier,
            claim.batch_reference,
            *(line.control_number for line in claim.lines),
            *(code for line in claim.lines for code in (line.code, *line.modifiers)),
        )
        for style in (payer.wire, self.world.clearinghouse.wire):
            if any(unwritable(one, style) for one in identifiers):
                message = "an identifier holds a character that the payer uses as a separator"
                raise Refused(400, "INVALID_X12", message)

    def next_fault(self, parsed: Parsed) -> SubmissionFault | None:
        """Return, and use up, the fault scripted for this POST."""
        for entry in self.world.script:
            if not entry.submission:
                continue
            if any(matches(entry.match, claim, self._next_nth(claim)) for claim in parsed.claims):
                used = self.fault_uses[entry.name]
                if used >= len(entry.submission):
                    continue
                self.fault_uses[entry.name] += 1
                fault = entry.submission[used]
                self.faults_played[fault.kind] += 1
                return None if fault.kind == "none" else fault
        return None

    def _next_nth(self, claim: Claim) -> int:
        return self.nth[_visit(claim)] + 1

    def land(self, parsed: Parsed) -> Submission:
        """Take an interchange in: from now on its claims are on file."""
        # Named by what was sent, not by who came first, so that concurrent senders do not matter.
        digest = hashlib.sha256(parsed.text.encode()).hexdigest()[:20]
        self.seen_texts[digest] += 1
        submission_id = f"sub-{digest}-{self.seen_texts[digest]}"
        receiver = parsed.interchange.sender
        claims: list[Landed] = []
        verdicts: list[GroupVerdict] = []
        for group, sets in zip(parsed.interchange.groups, parsed.groups, strict=True):
            set_verdicts = []
            for one in sets:
                scripted = [self._script(claim) for claim in one.claims]
                speaking = next((s.acknowledgement for s in scripted if s.acknowledgement), None)
                verdict = set_verdict(one, speaking)
                set_verdicts.append(verdict)
                for claim, script in zip(one.claims, scripted, strict=True):
                    refused = verdict.code == REJECTED
                    claims.append(
                        self._land_claim(claim, submission_id, receiver, script, refused=refused)
                    )
            verdicts.append(
                GroupVerdict(group.code, group.control_number, group.version, tuple(set_verdicts))
            )
        submitter = _submitter(parsed)
        submission = Submission(
            submission_id=submission_id,
            interchange=parsed.interchange,
            text=parsed.text,
            received_at=self.now,
            verdicts=tuple(verdicts),
            claims=claims,
            patient_control_numbers=tuple(
                pcn for sets in parsed.groups for one in sets for pcn in one.patient_control_numbers
            ),
            submitter_name=submitter[0],
            submitter_id=submitter[1],
            answer_999_at_wave=self._wave_of_999(claims),
        )
        self.submissions[submission_id] = submission
        self.counts["landed"] += 1
        if submission.answer_999_at_wave is not None:
            self.due_999.append(submission)
        self._list_submission(submission)
        return submission

    def _script(self, claim: Claim) -> Scripted:
        return script_for(self.world.script, claim, self._next_nth(claim))

    def _wave_of_999(self, claims: list[Landed]) -> int | None:
        scripts = [one.scripted.acknowledgement for one in claims if one.scripted.acknowledgement]
        if any("999" in script.lost for script in scripts):
            return None
        late = max((script.late_by_waves for script in scripts), default=0)
        return self.waves["acknowledgements"] + 1 + late

    def _land_claim(
        self, claim: Claim, submission_id: str, receiver: str, scripted: Scripted, *, refused: bool
    ) -> Landed:
        payer = self.payers[claim.payer_id]
        visit = _visit(claim)
        self.nth[visit] += 1
        landed = Landed(
            claim=claim,
            payer=payer,
            member=self.members.get((payer.payer_id, claim.subscriber.identifier)),
            submission_id=submission_id,
            nth=self.nth[visit],
            number=self._claim_number(claim, self.nth[visit]),
            landed_on=self.today,
            landed_at_wave=self.waves["acknowledgements"],
            scripted=scripted,
        )
        self.landed.append(landed)
        if refused:
            landed.front_door, landed.fate = "rejected_syntax", "rejected"
            return landed
        numbers = self.by_number[payer.payer_id]
        script = scripted.acknowledgement
        verdict = judge(claim, payer, landed.member, script, numbers.__contains__)
        landed.front_door, landed.front_door_status = verdict.front_door, verdict.status
        self._schedule_answers(landed, verdict.answers)
        if not landed.accepted:
            landed.fate = "rejected"
            return landed
        self._accept(landed, receiver)
        return landed

    def _schedule_answers(self, landed: Landed, answers: Iterable[ClaimAnswer]) -> None:
        script = landed.scripted.acknowledgement
        if script is not None and "277CA" in script.lost:
            return
        late = script.late_by_waves if script else 0
        for answer in answers:
            wave = self.waves["acknowledgements"] + 1 + late + answer.after_waves
            self.due_answers.append(DueAnswer(wave, landed, answer))

    def _accept(self, landed: Landed, receiver: str) -> None:
        claim, payer_id = landed.claim, landed.payer.payer_id
        state = self.states[payer_id]
        self.by_number[payer_id][landed.number] = landed
        state.receivers[Payee.of(claim.billing)] = receiver
        member_id = landed.member.member_id if landed.member else claim.subscriber.identifier
        self.by_member.setdefault((payer_id, member_id), []).append(landed)
        if claim.frequency == ORIGINAL:
            former = self.same_claims.setdefault(claim.same_claim_key, [])
            landed.duplicate_of = next((one for one in former if _stands(one)), None)
            former.append(landed)
        state.events.append(DueEvent(state.wave + 1, "adjudicate", landed))

    def _claim_number(self, claim: Claim, nth: int) -> str:
        """Return a payer claim number made from the claim, not from the order of arrival."""
        numbers = self.by_number[claim.payer_id]
        text = f"{claim.payer_id}|{claim.patient_control_number}|{claim.frequency}|{nth}"
        digits = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % _NUMBERS
        while (number := f"{self.today:%y%j}{digits:09d}") in numbers:
            digits = (digits + 1) % _NUMBERS
        return number

    def _list_submission(self, submission: Submission) -> None:
        interchange = submission.interchange
        numbers = [
            *(("patientControlNumber", pcn) for pcn in submission.patient_control_numbers),
            ("interchangeControlNumber", interchange.control_number),
        ]
        self.list_transaction(
            Transaction(
                transaction_id=submission.submission_id,
                direction="INBOUND",
                kind="837",
                version=interchange.groups[0].version,
                file_name=f"837_{interchange.sender}_{interchange.control_number}.x12",
                content=submission.text.encode(),
                processed_at=self.now,
                identifiers=numbers,
            )
        )
        for number in dict.fromkeys(numbers):
            self.transactions_by_number.setdefault(number, []).append(len(self.transactions) - 1)

    def list_transaction(self, transaction: Transaction) -> None:
        """Append to the list of what the clearinghouse processed, each at its own instant."""
        transaction.processed_at = self.now + dt.timedelta(milliseconds=len(self.transactions) + 1)
        self.transactions.append(transaction)
        self.transaction_index[transaction.transaction_id] = transaction

    def land_late(self) -> list[tuple[str, Submission]]:
        """Land what was held back by ``lands_late``; return it with its idempotency keys."""
        late, self.late = self.late, []
        return [(key, self.land(parsed)) for parsed, key in late]

    # Claim status ---------------------------------------------------------------------------

    def answer_status(self, text: str) -> tuple[status.StatusInquiry, bytes]:
        """Answer a 276 with a 277. What the payer has not taken in is not found (D0:35)."""
        interchange = self._production(text)
        try:
            inquiry = status.read_status_inquiry(_only_set(interchange))
        except WireError as error:
            raise Refused(400, error.code, str(error)) from error
        payer = self._payer(inquiry.payer_id)
        if self.states[payer.payer_id].claims_outage == "http":
            raise Refused(503, "PAYER_UNAVAILABLE", "the payer does not answer now")
        answers = tuple((one, self._status_of(payer, inquiry, one)) for one in inquiry.questions)
        self.counts["status_inquiries"] += 1
        trace = f"S{self.counts['status_inquiries']:09d}"
        written = status.write_277(inquiry, payer, answers, self.now, trace)
        content = self._interchange(
            payer.payer_id, interchange, "HN", status.VERSION_276, [written], payer.wire
        )
        return inquiry, content

    def _status_of(
        self, payer: Payer, inquiry: status.StatusInquiry, question: status.Question
    ) -> tuple[status.StatusAnswer, ...]:
        member = self.members.get((payer.payer_id, question.member_id))
        member_id = member.member_id if member else question.member_id
        known = self.by_member.get((payer.payer_id, member_id), [])
        found = tuple(
            self._status_answer(one)
            for one in known
            if self._is_visible(one, inquiry, payer) and _answers_to(one, question)
        )
        return found or (
            status.StatusAnswer(
                "D0", "35", self.today,
                patient_control_number=question.patient_control_number, days=question.days,
            ),
        )  # fmt: skip

    def _is_visible(self, landed: Landed, inquiry: status.StatusInquiry, payer: Payer) -> bool:
        waited = self.waves["acknowledgements"] - landed.landed_at_wave
        providers = {landed.claim.billing.identifier, landed.claim.rendering_npi}
        return waited >= payer.status_lag_waves and inquiry.provider_id in providers

    def _status_answer(self, landed: Landed) -> status.StatusAnswer:
        claim, standing = landed.claim, landed.standing
        if landed.pending:
            category, code = landed.pending
        elif standing is None:
            category, code = ("F3", "104") if landed.history or landed.fate else ("P1", "20")
        elif landed.fate == "denied":
            category, code = "F2", "585"
        elif standing.paid_cents > 0:
            category, code = "F1", "65"
        else:
            category, code = "F4", "104"
        paid = standing.paid_cents if standing else None
        return status.StatusAnswer(
            category=category,
            status=code,
            as_of=landed.decided_on or landed.landed_on,
            charge_cents=claim.charge_cents,
            paid_cents=paid,
            patient_control_number=claim.patient_control_number,
            payer_claim_number=landed.standing_number or landed.number,
            days=(claim.first_day, claim.last_day),
            trace_number=landed.traces[-1] if paid and landed.traces else "",
            paid_on=landed.decided_on if paid else None,
        )

    # Appeals --------------------------------------------------------------------------------

    def receive_appeal(
        self, appeal_id: str, payer_id: str, number: str, level: int, content_sha256: str
    ) -> Appeal:
        """Take an appeal in; its decision comes with a later wave."""
        landed = self.by_number[self._payer(payer_id).payer_id].get(number)
        if landed is None:
            raise Refused(404, "CLAIM_NOT_FOUND", "the payer has no claim under that number")
        answer = next(
            (one for one in landed.scripted.appeals if one.level == level),
            AppealAnswer(level=level, decision=landed.payer.default_appeal_decision),
        )
        appeal = Appeal(
            appeal_id=appeal_id,
            landed=landed,
            number=number,
            level=level,
            content_sha256=content_sha256,
            received_on=self.today,
            wave=self.waves["appeals"] + 1 + answer.after_waves,
            answer=answer,
            receipt_id=_receipt_for(appeal_id, level),
        )
        self.appeals[appeal_id, level] = appeal
        return appeal


def _receipt_for(appeal_id: str, level: int) -> str:
    return f"AR{hashlib.sha256(f'{appeal_id}|{level}'.encode()).hexdigest()[:12].upper()}"


def _visit(claim: Claim) -> tuple[str, str, dt.date]:
    return claim.payer_id, claim.subscriber.identifier, claim.first_day


def _stands(landed: Landed) -> bool:
    """Whether a claim still counts: not voided, and not refused as unprocessable (MA130)."""
    unprocessable = landed.standing is not None and any(
        "MA130" in line.rarcs for line in landed.standing.lines
    )
    return landed.fate != "voided" and not unprocessable


def _answers_to(landed: Landed, question: status.Question) -> bool:
    claim = landed.claim
    if question.payer_claim_number and question.payer_claim_number not in {
        landed.number, landed.standing_number,
    }:  # fmt: skip
        return False
    pcn = question.patient_control_number
    if pcn and pcn != claim.patient_control_number:
        return False
    if question.charge_cents is not None and question.charge_cents != claim.charge_cents:
        return False
    if question.days is None:
        return True
    first, last = question.days
    return first <= claim.last_day and claim.first_day <= last


def _only_set(interchange: Interchange) -> TransactionSet:
    sets = [one for group in interchange.groups for one in group.sets]
    if len(sets) != 1:
        raise Refused(400, "INVALID_X12", "a real-time request holds one transaction set")
    return sets[0]


def _submitter(parsed: Parsed) -> tuple[str, str]:
    """Return name and identifier of NM1*41, else what the envelope says."""
    for group in parsed.interchange.groups:
        for one in group.sets:
            for segment in one.segments:
                if segment.name == "NM1" and segment.get(1) == "41":
                    return segment.get(3), segment.get(9)
    return "", parsed.interchange.sender
