"""Writing what the front door answers: 999 (005010X231A1) and 277CA (005010X214)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.payer_simulator.wire import SetWriter, amount, date8, plain_text
from local.payer_simulator.world import FrontDoorAnswer

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from local.payer_simulator.claims import Claim
    from local.payer_simulator.world import WireStyle

VERSION_999 = "005010X231A1"
VERSION_277CA = "005010X214"
ACCEPTED, ACCEPTED_WITH_ERRORS, REJECTED = "A", "E", "R"
# What is said of a batch or a provider as a whole: received, whatever becomes of the claims.
RECEIVED = FrontDoorAnswer(category="A1", status="19", entity="PR")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a 999 points at (IK3, and IK4 when an element is meant)."""

    segment: str
    position: int
    code: str
    element: int | None = None
    element_code: str | None = None


@dataclass(frozen=True, slots=True)
class SetVerdict:
    """What the 999 says of one received transaction set."""

    control_number: str
    version: str
    code: str
    findings: tuple[Finding, ...] = ()
    set_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupVerdict:
    """What the 999 says of one received group."""

    code: str
    control_number: str
    version: str
    sets: tuple[SetVerdict, ...]


def write_999(verdict: GroupVerdict, control_number: str, style: WireStyle) -> SetWriter:
    """Write one 999 for one received group."""
    out = SetWriter(style, "999", control_number, VERSION_999)
    out.add("AK1", verdict.code, verdict.control_number, verdict.version)
    for one in verdict.sets:
        out.add("AK2", "837", one.control_number, one.version)
        for finding in one.findings:
            out.add("IK3", finding.segment, str(finding.position), "", finding.code)
            if finding.element is not None:
                out.add("IK4", str(finding.element), "", finding.element_code or "7")
        out.add("IK5", one.code, *one.set_codes)
    received = len(verdict.sets)
    refused = sum(one.code == REJECTED for one in verdict.sets)
    if refused == received:
        code = REJECTED
    elif refused:
        code = "P"
    elif any(one.code == ACCEPTED_WITH_ERRORS for one in verdict.sets):
        code = ACCEPTED_WITH_ERRORS
    else:
        code = ACCEPTED
    count = str(received)
    out.add("AK9", code, count, count, str(received - refused))
    return out


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """What a 277CA says of one claim. ``level`` above the claim leaves the claim out of it."""

    claim: Claim
    answer: FrontDoorAnswer
    payer_claim_number: str
    level: str = "claim"


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who writes a 277CA: the clearinghouse (AY) or a payer (PR)."""

    entity: str
    name: str
    identifier: str
    qualifier: str = "46"


@dataclass(frozen=True, slots=True)
class Batch:
    """The claims of one received 837 with their answers."""

    reference: str
    submitter_name: str
    submitter_id: str
    received_on: dt.date
    answered_on: dt.date
    trace: str
    verdicts: tuple[ClaimVerdict, ...]


class _Writer277CA:
    def __init__(self, batch: Batch, control_number: str, style: WireStyle) -> None:
        self.batch = batch
        self.style = style
        self.out = SetWriter(style, "277", control_number, VERSION_277CA)
        self.level = 0
        self.today = date8(batch.answered_on)

    def _hl(self, parent: int | None, code: str, child: str = "1") -> int:
        self.level += 1
        number = self.level
        self.out.add("HL", str(number), "" if parent is None else str(parent), code, child)
        return number

    def _stc(self, answer: FrontDoorAnswer, charge_cents: int, *, dated: bool = True) -> None:
        self.out.add(
            "STC",
            (answer.category, answer.status, answer.entity or ""),
            self.today if dated else "",
            "U" if answer.rejects else "WQ",
            amount(charge_cents),
        )

    def _totals(self, verdicts: Sequence[ClaimVerdict], codes: tuple[str, str]) -> None:
        taken = [one for one in verdicts if not one.answer.rejects]
        refused = [one for one in verdicts if one.answer.rejects]
        for code, ones in zip(codes, (taken, refused), strict=True):
            if ones:
                self.out.add("QTY", code, str(len(ones)))
        for code, ones in zip(("YU", "YY"), (taken, refused), strict=True):
            if ones:
                self.out.add("AMT", code, amount(sum(one.claim.charge_cents for one in ones)))

    def write(self, answerer: Answerer, written_at: dt.datetime) -> SetWriter:
        batch, out = self.batch, self.out
        out.add("BHT", "0085", "08", batch.trace, self.today, written_at.strftime("%H%M"), "TH")
        source = self._hl(None, "20")
        name = plain_text(answerer.name, self.style)
        out.add("NM1", answerer.entity, "2", name, "", "", "", "", answerer.qualifier,
                answerer.identifier)  # fmt: skip
        out.add("TRN", "1", batch.trace)
        out.add("DTP", "050", "D8", date8(batch.received_on))
        out.add("DTP", "009", "D8", self.today)
        above = [one for one in batch.verdicts if one.level == "receiver"]
        detailed = [one for one in batch.verdicts if one.level != "receiver"]
        receiver = self._hl(source, "21", "1" if detailed else "0")
        submitter = plain_text(batch.submitter_name, self.style) or "SUBMITTER"
        out.add("NM1", "41", "2", submitter, "", "", "", "", "46", batch.submitter_id)
        out.add("TRN", "2", batch.reference)
        total = sum(one.claim.charge_cents for one in batch.verdicts)
        head = above[0].answer if above else RECEIVED
        self._stc(head, total)
        self._totals(batch.verdicts, ("90", "AA"))
        by_provider: dict[str, list[ClaimVerdict]] = {}
        for one in detailed:
            by_provider.setdefault(one.claim.billing.identifier, []).append(one)
        for verdicts in by_provider.values():
            self._provider(receiver, verdicts)
        return out

    def _provider(self, receiver: int, verdicts: list[ClaimVerdict]) -> None:
        billing = verdicts[0].claim.billing
        at_claim = [one for one in verdicts if one.level == "claim"]
        provider = self._hl(receiver, "19", "1" if at_claim else "0")
        kind = "1" if billing.first_name else "2"
        self.out.add(
            "NM1", "85", kind, plain_text(billing.last_name, self.style),
            plain_text(billing.first_name, self.style, 35), "", "", "", "XX", billing.identifier,
        )  # fmt: skip
        self.out.add("TRN", "1", self.batch.trace)
        above = [one for one in verdicts if one.level == "provider"]
        charges = sum(one.claim.charge_cents for one in verdicts)
        # STC02 is not used at the provider level (loop 2200C).
        self._stc(above[0].answer if above else RECEIVED, charges, dated=False)
        self._totals(verdicts, ("QA", "QC"))
        for one in at_claim:
            self._claim(provider, one)

    def _claim(self, provider: int, one: ClaimVerdict) -> None:
        claim, patient = one.claim, one.claim.patient
        self._hl(provider, "PT", "")
        member_id = claim.subscriber.identifier
        self.out.add(
            "NM1", "QC", "1", plain_text(patient.last_name, self.style),
            plain_text(patient.first_name, self.style, 35), "", "", "", "MI", member_id,
        )  # fmt: skip
        self.out.add("TRN", "2", claim.patient_control_number)
        self._stc(one.answer, claim.charge_cents)
        if one.payer_claim_number:
            self.out.add("REF", "1K", one.payer_claim_number)
        first, last = claim.first_day, claim.last_day
        if first == last:
            self.out.add("DTP", "472", "D8", date8(first))
        else:
            self.out.add("DTP", "472", "RD8", f"{date8(first)}-{date8(last)}")


def write_277ca(
    batch: Batch, answerer: Answerer, written_at: dt.datetime, control_number: str, style: WireStyle
) -> SetWriter:
    """Write one 277CA for one received 837; accepted claims carry REF*1K."""
    return _Writer277CA(batch, control_number, style).write(answerer, written_at)
