"""The denial table: payers' reasons and remarks as versioned data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from functions.billing.domain.denials.buckets import Bucket, Flag, Settled
from functions.billing.domain.rules.reading import Reader, content_version

Meaning = Bucket | Settled

GROUPS = ("CO", "OA", "PI", "PR")


class RemarkUse(StrEnum):
    """How a reason depends on the remark beside it."""

    NONE = "none"
    FIRST = "first"
    """A remark decides before the reason does."""

    REQUIRED = "required"
    """The reason means nothing without a remark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One claim adjustment reason code (CARC), with our own words for it.

    `otherwise` is what a patient-responsibility reason means with another group, None if nobody
    knows.
    """

    code: str
    label: str
    meaning: Meaning
    sub_reason: str
    groups: tuple[str, ...] = ()
    remark_use: RemarkUse = RemarkUse.NONE
    otherwise: tuple[Meaning, str] | None = None
    deactivated: bool = False
    flags: frozenset[Flag] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One remittance advice remark code (RARC): it refines a reason, or flags, or both."""

    code: str
    bucket: Bucket | None
    sub_reason: str
    flags: frozenset[Flag]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceScale:
    """Percentages by the way a class was found; the last three are added."""

    reason: int
    remark: int
    reason_without_remark: int
    conflicting_remarks: int
    group_unexpected: int
    several_buckets: int
    deactivated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DenialTable:
    """Reasons and remarks under one content-addressed version."""

    version: str
    effective_from: date | None
    reasons: Mapping[str, Reason]
    remarks: Mapping[str, Remark]
    confidence: ConfidenceScale
    review_patient_responsibility: Mapping[str, frozenset[str]]

    def reviews(self, payer_id: str, reason: str) -> bool:
        """Whether a person looks at this reason although the payer says the patient owes it."""
        return reason in self.review_patient_responsibility.get(payer_id, frozenset())


def denial_table(content: Mapping[str, Any]) -> DenialTable:
    """Read parsed table data.

    Raises
    ------
    RuleSetError
        Naming the code and the field that is missing or malformed.
    """
    top = Reader(content, subject="denial_table")
    for note in ("$schema", "name", "note"):
        top.text(note, "")
    reasons: dict[str, Reason] = {}
    for reader in top.children("reasons"):
        reason = _reason(reader)
        if reason.code in reasons:
            raise reader.error("code", "stands there twice")
        reasons[reason.code] = reason
    remarks: dict[str, Remark] = {}
    for reader in top.children("remarks"):
        remark = _remark(reader)
        if remark.code in remarks:
            raise reader.error("code", "stands there twice")
        remarks[remark.code] = remark
    reviewed = top.child_or_none("review_patient_responsibility")
    table = DenialTable(
        version=content_version(content),
        effective_from=top.day("effective_from"),
        reasons=reasons,
        remarks=remarks,
        confidence=_confidence(top.child("confidence")),
        review_patient_responsibility=(
            {payer: frozenset(reviewed.texts(payer)) for payer in reviewed.names()}
            if reviewed
            else {}
        ),
    )
    top.finish()
    return table


def _reason(reader: Reader) -> Reason:
    code = reader.text("code")
    reader.subject, reader.path = f"carc:{code}", ""
    otherwise = reader.child_or_none("otherwise")
    reason = Reason(
        code=code,
        label=reader.text("label"),
        meaning=_meaning(reader),
        sub_reason=reader.text("sub_reason"),
        groups=_groups(reader),
        remark_use=reader.choice("remarks", RemarkUse, RemarkUse.NONE),
        otherwise=(_meaning(otherwise), otherwise.text("sub_reason")) if otherwise else None,
        deactivated=reader.flag("deactivated", default=False),
        flags=_flags(reader),
    )
    if otherwise:
        otherwise.finish()
    reader.finish()
    return reason


def _remark(reader: Reader) -> Remark:
    code = reader.text("code")
    reader.subject, reader.path = f"rarc:{code}", ""
    bucket = reader.choice("bucket", Bucket) if reader.has("bucket") else None
    remark = Remark(
        code=code,
        bucket=bucket,
        sub_reason=reader.text("sub_reason") if bucket else "",
        flags=_flags(reader),
    )
    if bucket is None and not remark.flags:
        raise reader.error("bucket", "expected a class or flags")
    reader.finish()
    return remark


def _confidence(reader: Reader) -> ConfidenceScale:
    def percent(name: str) -> int:
        return reader.integer(name, minimum=-100)

    scale = ConfidenceScale(
        reason=percent("reason"),
        remark=percent("remark"),
        reason_without_remark=percent("reason_without_remark"),
        conflicting_remarks=percent("conflicting_remarks"),
        group_unexpected=percent("group_unexpected"),
        several_buckets=percent("several_buckets"),
        deactivated=percent("deactivated"),
    )
    reader.finish()
    return scale


def _meaning(reader: Reader) -> Meaning:
    word = reader.text("bucket")
    for kind in (Bucket, Settled):
        if word in {member.value for member in kind}:
            return kind(word)
    raise reader.error("bucket", "expected one of the nine classes or a settled meaning")


def _groups(reader: Reader) -> tuple[str, ...]:
    groups = reader.texts("groups", ())
    if not set(groups) <= set(GROUPS):
        raise reader.error("groups", f"expected some of {', '.join(GROUPS)}")
    return groups


def _flags(reader: Reader) -> frozenset[Flag]:
    words = reader.texts("flags", ())
    known = {flag.value for flag in Flag}
    if not set(words) <= known:
        raise reader.error("flags", "holds a word that is not a flag")
    return frozenset(Flag(word) for word in words)
