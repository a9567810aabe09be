"""What to do about a denial: one answer per class, refined by sub-reason, out of versioned data."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from functions.billing.domain.denials.buckets import Bucket, Disposition, Flag
from functions.billing.domain.denials.classify import Classification
from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.records import PayerKind
from functions.billing.domain.rules.automation import AutomationPolicy, Mode
from functions.billing.domain.rules.reading import Reader, content_version
from functions.billing.domain.work_items import Queue

STEP = "respond_to_denial"
UNMAPPED = "unmapped"


class Resubmission(StrEnum):
    """How the claim may go out again."""

    NONE = "none"
    CORRECTED = "corrected"
    """A replacement: frequency 7 with the payer's claim number."""

    NEW = "new"
    """A new original claim: frequency 1, no reference."""

    SUPPRESS = "suppress"
    """Nothing may be sent until the conflict is resolved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One entry of the response data: the answer to a class, or to one of its sub-reasons.

    `resubmits` says whether the cure is to send a claim again; how, the matrix decides.
    `deterministic` says whether the same answer is right every time.
    """

    action: str
    queue: Queue
    title: str
    recommended_action: str
    due_days: int
    deterministic: bool = False
    resubmits: bool = False
    suppresses: bool = False
    appeals: bool = False
    reverifies: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewThreshold:
    """From when an ambiguous denial goes to a person first."""

    confidence_below_percent: int
    amount_from_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseTable:
    """All answers under one content-addressed version."""

    version: str
    threshold: ReviewThreshold
    answers: Mapping[tuple[str, str], Answer]

    def answer(self, bucket: Bucket | None, sub_reason: str) -> Answer:
        """The answer to the sub-reason, else to its class, else to what has no class."""
        name = bucket.value if bucket else UNMAPPED
        return self.answers.get((name, sub_reason)) or self.answers[name, ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class DenialContext:
    """What is known around the denied claim.

    `is_pending` means the payer has not finished with the claim: no replacement may be raised.
    `appeal_levels_left` counts the levels the payer still offers.
    """

    payer_id: str
    payer_kind: PayerKind
    location_id: str = ""
    payer_claim_number: str = ""
    is_pending: bool = False
    appeal_levels_left: int = 1
    filing_days_left: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DenialResponse:
    """The answer to one denial.

    `resubmission` says how the claim may go out again once it is corrected; nothing is sent
    unchanged. `deterministic` responses act by themselves where `mode` is automate; `needs_review`
    says that a person looks before anything else happens. `reasons` say which facts changed the class's answer.
    """

    action: str
    queue: Queue
    title: str
    recommended_action: str
    due_days: int
    resubmission: Resubmission
    appeal: bool
    reverify: bool
    deterministic: bool
    needs_review: bool
    mode: Mode
    reasons: tuple[str, ...]
    responses_version: str

    @property
    def acts(self) -> bool:
        """Whether the system does this without asking."""
        return self.mode is Mode.AUTOMATE and self.deterministic and not self.needs_review


def response_plan(
    classification: Classification,
    context: DenialContext,
    responses: ResponseTable,
    automation: AutomationPolicy,
) -> DenialResponse:
    """The answer to a denial, partial or whole, or to an answer nobody could classify.

    Raises
    ------
    RuleSetError
        If the classification is no denial: a paid charge has nothing to respond to.
    """
    if not classification.is_denial:
        raise RuleSetError(
            "not_a_denial", detail="only denials and unmapped answers have a response"
        )
    answer = responses.answer(classification.bucket, classification.sub_reason)
    reasons: list[str] = []
    resubmission = _resubmission(answer, classification, context, reasons)
    appeal = _appeal(answer, classification, context, resubmission, reasons)
    certain = _is_certain(classification, responses.threshold, reasons)
    deterministic = answer.deterministic and certain
    return DenialResponse(
        action=answer.action,
        queue=answer.queue,
        title=answer.title,
        recommended_action=answer.recommended_action,
        due_days=_due_days(answer, context),
        resubmission=resubmission,
        appeal=appeal,
        reverify=answer.reverifies,
        deterministic=deterministic,
        needs_review=_needs_review(
            classification, responses.threshold, deterministic=deterministic, certain=certain
        ),
        mode=automation.mode(STEP, context.payer_id, context.location_id),
        reasons=tuple(reasons),
        responses_version=responses.version,
    )


def response_table(content: Mapping[str, Any]) -> ResponseTable:
    """Read parsed response data: an answer for each of the nine classes and for the unmapped.

    Raises
    ------
    RuleSetError
        Naming the answer and the field, or the class that has no answer.
    """
    top = Reader(content, subject="denial_responses")
    for note in ("$schema", "name", "note"):
        top.text(note, "")
    threshold = top.child("review_threshold")
    limits = ReviewThreshold(
        confidence_below_percent=threshold.integer("confidence_below_percent"),
        amount_from_cents=threshold.integer("amount_from_cents"),
    )
    threshold.finish()
    answers: dict[tuple[str, str], Answer] = {}
    for reader in top.children("answers"):
        bucket, sub_reason = reader.text("bucket"), reader.text("sub_reason", "")
        reader.subject, reader.path = f"denial_response:{bucket}/{sub_reason or 'any'}", ""
        if bucket not in {*(member.value for member in Bucket), UNMAPPED}:
            raise reader.error("bucket", "expected one of the nine classes or unmapped")
        if (bucket, sub_reason) in answers:
            raise reader.error("sub_reason", "is answered twice")
        answers[bucket, sub_reason] = _answer(reader)
    top.finish()
    for name in (*(member.value for member in Bucket), UNMAPPED):
        if (name, "") not in answers:
            raise top.error("answers", f"has no answer for {name}")
    return ResponseTable(version=content_version(content), threshold=limits, answers=answers)


def resubmission_of(classification: Classification, context: DenialContext) -> Resubmission:
    """How a claim the payer has judged may go out again.

    The payer holds the claim, so it is replaced (7) under the payer's number. Medicare contractors
    want a new claim instead, as does whoever never judged it (RARC MA130) or was the wrong payer.
    """
    if Flag.UNPROCESSABLE in classification.flags or classification.sub_reason == "wrong_payer":
        return Resubmission.NEW
    if context.payer_kind is PayerKind.MEDICARE:
        return Resubmission.NEW
    # Without the payer's number a replacement would name nothing; a second original is a duplicate.
    return Resubmission.CORRECTED if context.payer_claim_number else Resubmission.NONE


def _resubmission(
    answer: Answer, classification: Classification, context: DenialContext, reasons: list[str]
) -> Resubmission:
    if answer.suppresses:
        reasons.append("resubmission_suppressed")
        return Resubmission.SUPPRESS
    if Flag.NOT_FINAL in classification.flags or context.is_pending:
        reasons.append("payer_not_finished")
        return Resubmission.NONE
    if Flag.CROSSED_OVER in classification.flags:
        reasons.append("wait_for_next_payer")
        return Resubmission.NONE
    if not answer.resubmits and Flag.UNPROCESSABLE not in classification.flags:
        return Resubmission.NONE
    resubmission = resubmission_of(classification, context)
    if resubmission is Resubmission.NONE:
        reasons.append("payer_claim_number_missing")
    elif resubmission is Resubmission.NEW:
        reasons.append("new_claim_not_replacement")
    return resubmission


def _appeal(
    answer: Answer,
    classification: Classification,
    context: DenialContext,
    resubmission: Resubmission,
    reasons: list[str],
) -> bool:
    if not answer.appeals or resubmission is Resubmission.SUPPRESS:
        return False
    if {Flag.UNPROCESSABLE, Flag.NO_APPEAL} & classification.flags:
        reasons.append("payer_allows_no_appeal")
        return False
    if {Flag.NOT_FINAL, Flag.REDUCTION} & classification.flags or context.is_pending:
        return False
    if context.appeal_levels_left < 1:
        reasons.append("no_appeal_level_left")
        return False
    return True


def _is_certain(
    classification: Classification, threshold: ReviewThreshold, reasons: list[str]
) -> bool:
    if classification.disposition is Disposition.UNMAPPED:
        reasons.append("reason_unmapped")
        return False
    if classification.confidence_percent < threshold.confidence_below_percent:
        reasons.append("confidence_below_threshold")
        return False
    return True


def _needs_review(
    classification: Classification,
    threshold: ReviewThreshold,
    *,
    deterministic: bool,
    certain: bool,
) -> bool:
    """What nobody understood is always reviewed; what is merely ambiguous from the threshold on."""
    if classification.disposition is Disposition.UNMAPPED:
        return True
    large = classification.denied_cents >= threshold.amount_from_cents
    return large and not (deterministic and certain)


def _due_days(answer: Answer, context: DenialContext) -> int:
    """The usual time, or less when the filing limit comes sooner."""
    if context.filing_days_left is None or not answer.resubmits:
        return answer.due_days
    return max(0, min(answer.due_days, context.filing_days_left))


def _answer(reader: Reader) -> Answer:
    answer = Answer(
        action=reader.text("action"),
        queue=reader.choice("queue", Queue),
        title=reader.text("title"),
        recommended_action=reader.text("recommended_action"),
        due_days=reader.integer("due_days"),
        deterministic=reader.flag("deterministic", default=False),
        resubmits=reader.flag("resubmits", default=False),
        suppresses=reader.flag("suppresses", default=False),
        appeals=reader.flag("appeals", default=False),
        reverifies=reader.flag("reverifies", default=False),
    )
    if answer.suppresses and (answer.resubmits or answer.appeals):
        raise reader.error("suppresses", "cannot stand beside resubmits or appeals")
    reader.finish()
    return answer
