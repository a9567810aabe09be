"""Reading a 276 and writing its 277 (005010X212)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.payer_simulator.wire import (
    ElementError,
    SetWriter,
    TransactionSet,
    WireError,
    amount,
    date8,
    plain_text,
)

if TYPE_CHECKING:
    import datetime as dt

    from local.payer_simulator.world import Payer

VERSION_276 = "005010X212"


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a 276: a claim by member, dates and, where sent, numbers and charge."""

    trace: str
    member_id: str
    last_name: str
    first_name: str
    patient_control_number: str = ""
    payer_claim_number: str = ""
    charge_cents: int | None = None
    days: tuple[dt.date, dt.date] | None = None


@dataclass(frozen=True, slots=True)
class StatusInquiry:
    """One 276."""

    control_number: str
    reference: str
    payer_id: str
    receiver_name: str
    receiver_id: str
    provider_name: str
    provider_first_name: str
    provider_kind: str
    provider_id: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class StatusAnswer:
    """What the payer says of one claim (STC, REF*1K, DTP*472)."""

    category: str
    status: str
    as_of: dt.date
    charge_cents: int | None = None
    paid_cents: int | None = None
    patient_control_number: str = ""
    payer_claim_number: str = ""
    days: tuple[dt.date, dt.date] | None = None
    trace_number: str = ""
    paid_on: dt.date | None = None


@dataclass(slots=True)
class _Draft:
    trace: str = ""
    patient_control_number: str = ""
    payer_claim_number: str = ""
    charge_cents: int | None = None
    days: tuple[dt.date, dt.date] | None = None


def read_status_inquiry(transaction: TransactionSet) -> StatusInquiry:
    """Read a 276.

    Raises
    ------
    WireError
        If it is no 276 or lacks payer, provider, member or trace.
    """
    if transaction.kind != "276" or transaction.version != VERSION_276:
        raise WireError("INVALID_X12", "ST01 and ST03 should be 276 and 005010X212")
    if transaction.trailer_fault:
        raise WireError("INVALID_X12", "SE does not agree with ST")
    try:
        return _read(transaction)
    except ElementError as error:
        raise WireError("INVALID_X12", str(error)) from error


def _read(transaction: TransactionSet) -> StatusInquiry:  # noqa: C901 - a branch per segment
    level, reference = "", ""
    names: dict[str, tuple[str, str, str, str]] = {}
    drafts: list[tuple[tuple[str, str, str, str], _Draft]] = []
    for segment in transaction.body:
        match segment.name:
            case "BHT":
                reference = segment.get(3)
            case "HL":
                level = segment.require(3)
            case "NM1":
                names[level] = (segment.get(3), segment.get(4), segment.get(9), segment.get(2))
            case "TRN" if level in {"22", "23"}:
                if "22" not in names:
                    raise WireError("INVALID_X12", "TRN before NM1*IL")
                drafts.append((names["22"], _Draft(trace=segment.require(2))))
            case "REF" if drafts and segment.get(1) == "EJ":
                drafts[-1][1].patient_control_number = segment.require(2)
            case "REF" if drafts and segment.get(1) == "1K":
                drafts[-1][1].payer_claim_number = segment.require(2)
            case "AMT" if drafts and segment.get(1) == "T3":
                drafts[-1][1].charge_cents = segment.cents(2)
            case "DTP" if drafts and segment.get(1) == "472":
                drafts[-1][1].days = segment.dates(3, segment.get(2))
    missing = [code for code in ("20", "21", "19", "22") if code not in names]
    if missing or not drafts:
        raise WireError("INVALID_X12", "a 276 needs payer, receiver, provider, member and TRN")
    receiver, provider = names["21"], names["19"]
    return StatusInquiry(
        control_number=transaction.control_number,
        reference=reference,
        payer_id=names["20"][2],
        receiver_name=receiver[0],
        receiver_id=receiver[2],
        provider_name=provider[0],
        provider_first_name=provider[1],
        provider_kind=provider[3],
        provider_id=provider[2],
        questions=tuple(
            Question(
                trace=draft.trace,
                member_id=person[2],
                last_name=person[0],
                first_name=person[1],
                patient_control_number=draft.patient_control_number,
                payer_claim_number=draft.payer_claim_number,
                charge_cents=draft.charge_cents,
                days=draft.days,
            )
            for person, draft in drafts
        ),
    )


def write_277(
    inquiry: StatusInquiry,
    payer: Payer,
    answers: tuple[tuple[Question, tuple[StatusAnswer, ...]], ...],
    written_at: dt.datetime,
    trace: str,
) -> SetWriter:
    """Write a 277 with one 2000D per question and one 2200D per claim found."""
    style = payer.wire
    out = SetWriter(style, "277", inquiry.control_number, VERSION_276)
    out.add("BHT", "0010", "08", trace, date8(written_at.date()), written_at.strftime("%H%M"), "DG")
    out.add("HL", "1", "", "20", "1")
    out.add("NM1", "PR", "2", plain_text(payer.name, style), "", "", "", "", "PI", payer.payer_id)
    out.add("HL", "2", "1", "21", "1")
    receiver = plain_text(inquiry.receiver_name, style)
    out.add("NM1", "41", "2", receiver, "", "", "", "", "46", inquiry.receiver_id)
    out.add("HL", "3", "2", "19", "1")
    out.add(
        "NM1", "1P", inquiry.provider_kind or "2", plain_text(inquiry.provider_name, style),
        plain_text(inquiry.provider_first_name, style), "", "", "", "XX", inquiry.provider_id,
    )  # fmt: skip
    for number, (question, found) in enumerate(answers, start=4):
        out.add("HL", str(number), "3", "22", "0")
        out.add(
            "NM1", "IL", "1", plain_text(question.last_name, style) or "UNKNOWN",
            plain_text(question.first_name, style), "", "", "", "MI", question.member_id,
        )  # fmt: skip
        for answer in found:
            _claim_status(out, question, answer)
    return out


def _claim_status(out: SetWriter, question: Question, answer: StatusAnswer) -> None:
    out.add("TRN", "2", question.trace)
    paid = "" if answer.paid_cents is None else amount(answer.paid_cents)
    out.add(
        "STC", (answer.category, answer.status), date8(answer.as_of), "",
        "" if answer.charge_cents is None else amount(answer.charge_cents), paid,
        date8(answer.paid_on) if answer.paid_on else "", "",
        date8(answer.paid_on) if answer.trace_number and answer.paid_on else "",
        answer.trace_number,
    )  # fmt: skip
    if answer.payer_claim_number:
        out.add("REF", "1K", answer.payer_claim_number)
    if answer.patient_control_number:
        out.add("REF", "EJ", answer.patient_control_number)
    if answer.days:
        first, last = answer.days
        if first == last:
            out.add("DTP", "472", "D8", date8(first))
        else:
            out.add("DTP", "472", "RD8", f"{date8(first)}-{date8(last)}")
