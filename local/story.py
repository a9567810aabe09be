"""A claim's story in order, told from what the system itself recorded: nothing is made up here."""

from collections.abc import Callable, Iterable, Mapping

from functions.billing.domain.appeals.case import Appeal
from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.revisions import Judgement, StoredContent
from functions.billing.domain.commit import Fact, HistoryEntry
from functions.billing.domain.denials.case import DenialCase
from functions.billing.domain.ledger.balances import claim_balance
from functions.billing.domain.money import dollars
from functions.billing.domain.remittance.post import standing_of
from functions.billing.domain.rules.judgements import PASSED
from functions.billing.domain.submission.attempt import Attempt
from functions.billing.domain.submission.claim_file import ClaimFile
from functions.billing.domain.work_items import WorkItem, WorkState
from local.accounting import ClaimMoney
from local.report.words import APPEALS, COVERAGE_STANDINGS, denial_class, queue, sentence, state
from local.run_report import ClaimStory, StoryStep
from local.store import Store

_TITLES: Mapping[tuple[str, str], str] = {
    ("assemble_claim", "staged"): "Claim assembled from the signed encounter",
    ("assemble_claim", "restaged"): "Claim assembled anew, the encounter having changed",
    (
        "bill_next_payer",
        "next_payer_billed",
    ): "What was left goes to the next payer, with this payer's answer",
    ("bill_next_payer", "held"): "A person bills the next payer",
    ("scrub_claim", "validated"): "Passed our own checks and released",
    ("scrub_claim", "held"): "Held by our own checks; never left the house",
    ("scrub_claim", "awaiting_approval"): "Passed our checks; a second person must release it",
    ("decide_approval", "released"): "Released by a second person",
    ("decide_approval", "returned"): "Sent back by a second person",
    ("submit_claim", "intent"): "Attempt written down before anything left",
    ("submit_claim", "taken_up"): "Interrupted attempt taken up again, with the same bytes",
    ("submit_claim", "submitted"): "Taken by the clearinghouse",
    ("submit_claim", "outcome_unknown"): "No answer: nobody knows whether the claim arrived",
    ("submit_claim", "held_for_outage"): "Held: the clearinghouse answers nobody",
    ("submit_claim", "waits_for_company"): "In line for a file of several claims",
    ("submit_file", "intent"): "Bound to a file of several claims before anything left",
    ("submit_file", "submitted"): "Taken by the clearinghouse, with the others of its file",
    ("submit_file", "rejected"): "Refused by the clearinghouse",
    ("submit_file", "parked"): "Set aside with its file: a person asks the clearinghouse",
    ("submit_file", "goes_alone"): "Its file was refused for one of several: it goes again alone",
    ("resolve_submission", "intent"): "A new attempt written down before anything left",
    ("release_held", "let_go"): "Let go again after the outage",
    ("submit_claim", "rejected"): "Refused by the clearinghouse",
    ("submit_claim", "parked"): "Set aside: a person asks the clearinghouse",
    ("resolve_submission", "submitted"): "Found out: the clearinghouse has it",
    ("resolve_submission", "outcome_unknown"): "Asked again: still no answer",
    ("resolve_submission", "taken_up"): "Proved that it had not arrived; same bytes sent again",
    ("inquire_status", "status_pending"): "Asked the payer: still pending",
    ("inquire_status", "status_finalized"): "Asked the payer: decided, its remittance is missing",
    ("inquire_status", "status_not_found"): "Asked the payer: not found, which proves nothing",
    ("inquire_status", "status_information_requested"): "Asked the payer: it wants information",
    ("classify_denial", "unmapped"): "Denied with a code that is not in the table",
    ("submit_appeal", "submitted"): "Appeal handed to the payer",
    ("submit_appeal", "proposed"): "Appeal prepared; a person sends it",
    ("assemble_appeal", "ready"): "Appeal packet assembled",
    ("assemble_appeal", "incomplete"): "Appeal packet lacks documents",
    ("decide_appeal", "overturned"): "Appeal won",
    ("decide_appeal", "upheld_next_level"): "Appeal lost at this level; the next one begins",
    ("decide_appeal", "upheld_final"): "Appeal lost for good",
}
_ADJUDICATED: Mapping[str, str] = {
    "posted_paid": "Paid by the payer",
    "posted_partial": "Paid in part, denied in part",
    "posted_denied": "Denied by the payer",
    "posted_patient": "Answered: all of it is for the patient",
    "posted_zero_pay": "Answered: nothing to pay",
    "posted_reversed": "The payer reversed its answer",
    "posted_no_money": "Answered without money",
}
_TONES: Mapping[str, str] = {
    "held": "warn",
    "awaiting_approval": "warn",
    "outcome_unknown": "warn",
    "parked": "warn",
    "incomplete": "warn",
    "rejected": "bad",
    "posted_denied": "bad",
    "posted_partial": "bad",
    "posted_reversed": "warn",
    "upheld_final": "bad",
    "upheld_next_level": "warn",
    "posted_paid": "good",
    "overturned": "good",
    "validated": "good",
    "released": "good",
}
# Facts that prove something rather than tell something.
_EVIDENCE = ("sha256", "version", "ruleset", "mapping", "policies", "table", "rules", "hash", "key")
_SILENT = frozenset({"revision", "clp_ordinal", "attempt", "answer", "responses", "identity"})
_SUBJECTS = frozenset({"CLAIM", "DENIAL", "APPEAL"})


def claim_story(store: Store, claim: Claim) -> ClaimStory:
    """The whole story of one claim, its denials and its appeals."""
    denials = [case for case in store.of(DenialCase) if case.claim_id == claim.claim_id]
    appeals = [one for one in store.of(Appeal) if one.claim_id == claim.claim_id]
    partitions = {
        claim.key.partition,
        *(case.key.partition for case in denials),
        *(appeal.key.partition for appeal in appeals),
    }
    tell = _Teller(store, claim)
    told = _told_once(
        entry
        for entry in _in_order(store.of(HistoryEntry))
        if entry.subject_key.partition in partitions and entry.subject_key.sort in _SUBJECTS
    )
    steps = [tell.step(entry) for entry in told]
    steps += [_work_step(item) for item in _open_work(store, claim, denials, appeals)]
    money = _money(store, claim)
    return ClaimStory(
        claim_id=claim.claim_id,
        encounter_id=claim.encounter_id,
        payer_id=claim.payer_id,
        headline=_headline(claim, denials, appeals, money),
        state=claim.state,
        steps=_merged(steps),
        charge_cents=claim.charge_cents,
        paid_cents=money.standing.paid_cents,
        patient_cents=money.balance.patient_cents,
        outstanding_cents=money.balance.outstanding_cents,
    )


def _told_once(entries: Iterable[HistoryEntry]) -> list[HistoryEntry]:
    """One line per commit: what changed a claim and opened its denial is one thing that happened."""
    commits: dict[tuple[str, str, str], HistoryEntry] = {}
    for entry in entries:
        key = (entry.at.isoformat(), entry.step, entry.cause_id)
        known = commits.get(key)
        if known is None or entry.subject_key.sort == "CLAIM":
            commits[key] = entry
    return list(commits.values())


def _in_order(entries: Iterable[HistoryEntry]) -> list[HistoryEntry]:
    return sorted(entries, key=lambda one: (one.at, one.subject_key.partition, one.sequence))


def _money(store: Store, claim: Claim) -> ClaimMoney:
    postings = store.postings().get(claim.key.partition, [])
    return ClaimMoney(
        claim=claim,
        balance=claim_balance(claim.claim_id, postings),
        standing=standing_of(postings),
    )


class _Teller:
    """Puts one history entry into words, with what rests beside the claim."""

    def __init__(self, store: Store, claim: Claim) -> None:
        partition = claim.key.partition
        self._claim = claim
        self._attempts = {one.number: one for one in store.under(Attempt, partition)}
        self._files: dict[str, Attempt | ClaimFile] = {
            file.file_id: file
            for one in self._attempts.values()
            for file in store.under(ClaimFile, ClaimFile.key_of(one.file_id).partition)
        }
        self._judgements = {one.judging: one for one in store.under(Judgement, partition)}
        self._contents = {one.revision: one for one in store.under(StoredContent, partition)}
        self._revision = 0
        self._attempt = 0

    def step(self, entry: HistoryEntry) -> StoryStep:
        """One step."""
        facts = [
            text for name, value in entry.facts.items() if (text := _fact_in_words(name, value))
        ]
        because = f"because of {entry.cause_type}" if entry.cause_type else ""
        extra = self._extra(entry)
        return StoryStep(
            at=entry.at,
            title=_title(entry),
            actor=sentence(entry.actor).lower() if entry.actor == entry.step else entry.actor,
            because=extra.because or because,
            facts=(*extra.facts, *facts),
            evidence=(
                *extra.evidence,
                *(
                    f"{name} {value}"
                    for name, value in entry.facts.items()
                    if _is_evidence(name) and value not in ("", ())
                ),
                f"caused by {entry.cause_type} {entry.cause_id}",
            ),
            tone=_TONES.get(entry.decision, "main"),
        )

    def _extra(self, entry: HistoryEntry) -> "_Extra":
        teller: Callable[[HistoryEntry], _Extra] | None = {
            "assemble_claim": self._assembled,
            "scrub_claim": self._judged,
            "submit_claim": self._sent,
            "submit_file": self._sent,
        }.get(entry.step)
        return teller(entry) if teller else _Extra()

    def _assembled(self, _entry: HistoryEntry) -> "_Extra":
        self._revision += 1
        stored = self._contents.get(self._revision)
        if stored is None:
            return _Extra()
        content = stored.content
        return _Extra(
            facts=(
                f"service on {content.service_from:%d %b %Y}",
                *(f"{line.procedure} {dollars(line.charge_cents)}" for line in content.lines),
                *(f"{one.field_path} written anew: {one.kind}" for one in stored.repairs),
            )
        )

    def _judged(self, entry: HistoryEntry) -> "_Extra":
        judgement = self._judgements.get(str(entry.facts.get("judging")))
        if judgement is None:
            return _Extra()
        refused = [rule for rule in judgement.failed if rule.severity == "reject"]
        because = "; ".join(
            f"{sentence(rule.reason_code)} ({rule.field_path}): {rule.recommended_action}"
            for rule in refused
        )
        return _Extra(
            because,
            (
                f"{judgement.verdicts.count(PASSED)} rules passed",
                f"{len(refused)} failed",
                coverage_standing(judgement),
            ),
        )

    def _sent(self, entry: HistoryEntry) -> "_Extra":
        if entry.decision == "intent":
            self._attempt += 1
        attempt = self._attempts.get(self._attempt)
        if attempt is None or entry.decision != "intent":
            return _Extra()
        # What goes with others is frozen with them.
        sent = self._files.get(attempt.file_id, attempt)
        return _Extra(
            facts=(f"attempt {attempt.number}",),
            evidence=(
                f"frozen bytes {sent.body_key}",
                f"idempotency key {sent.idempotency_key}",
                f"patient control number {attempt.patient_control_number}",
                f"interchange {attempt.interchange_control_number}",
            ),
        )


def coverage_standing(judgement: Judgement) -> str:
    """What was known of the coverage when the claim was judged, and how far it could be relied on."""
    words = COVERAGE_STANDINGS[judgement.eligibility_standing]
    at = judgement.eligibility_checked_at
    return f"coverage {words}" + (f", last answered {at:%d %b %H:%M}" if at else "")


class _Extra:
    """What a step's neighbours add to its words."""

    def __init__(
        self, because: str = "", facts: tuple[str, ...] = (), evidence: tuple[str, ...] = ()
    ) -> None:
        self.because = because
        self.facts = facts
        self.evidence = evidence


def _title(entry: HistoryEntry) -> str:
    known = _TITLES.get((entry.step, entry.decision))
    if known:
        return known
    if entry.step == "post_remittance":
        return _ADJUDICATED.get(entry.decision, f"Payment: {sentence(entry.decision).lower()}")
    if entry.step == "record_acknowledgement":
        transaction, _, verdict = entry.decision.partition("_")
        return f"{transaction} acknowledgement: {verdict}"
    if entry.step == "classify_denial":
        return f"Denial classified: {denial_class(entry.decision).lower()}"
    if entry.step == "respond_to_denial":
        words = entry.decision.removeprefix("would_")
        lead = "Only observed; it would have been" if words != entry.decision else "Response"
        return f"{lead}: {sentence(words).lower()}"
    return f"{sentence(entry.step)}: {sentence(entry.decision).lower()}"


def _is_evidence(name: str) -> bool:
    return any(word in name for word in _EVIDENCE)


def _fact_in_words(name: str, value: Fact) -> str:
    if name in _SILENT or _is_evidence(name) or value in ("", (), False):
        return ""
    if name.endswith("_cents") and isinstance(value, int):
        return f"{sentence(name.removesuffix('_cents')).lower()} {dollars(value)}"
    if isinstance(value, tuple):
        return f"{sentence(name).lower()}: {', '.join(value)}"
    return f"{sentence(name).lower()}: {value}"


def _open_work(
    store: Store, claim: Claim, denials: list[DenialCase], appeals: list[Appeal]
) -> list[WorkItem]:
    subjects = {
        claim.subject,
        *(case.subject for case in denials),
        *(appeal.subject for appeal in appeals),
    }
    return [
        item
        for item in store.of(WorkItem)
        if item.about in subjects and item.state is WorkState.OPEN
    ]


def _work_step(item: WorkItem) -> StoryStep:
    due = (f"due {item.due_at:%d %b}",) if item.due_at else ()
    return StoryStep(
        at=item.opened_at,
        title=f"Work for {queue(item.queue).lower()}: {sentence(item.reason).lower()}",
        because=_to_do(item),
        facts=(*due, *_to_mend(item)),
        evidence=(f"work item {item.work_item_id}",),
        tone="warn",
    )


def _to_do(item: WorkItem) -> str:
    """What to do, once for each different thing."""
    actions = (one.recommended_action for one in item.corrections)
    return " ".join(dict.fromkeys(actions)) or item.recommended_action


def _to_mend(item: WorkItem) -> tuple[str, ...]:
    """The fields, each with what was expected there."""
    mended = (
        f"{one.field_path}: {one.expected}" if one.expected else one.field_path
        for one in item.corrections
    )
    return tuple(dict.fromkeys(mended)) or item.fields


def _merged(steps: list[StoryStep]) -> tuple[StoryStep, ...]:
    """By time; what came at the same moment stays in the order it was told."""
    return tuple(sorted(steps, key=lambda step: step.at))


def _codes(case: DenialCase) -> Iterable[str]:
    """The payer's codes that gave the denial its class, or all of them while it has none."""
    if case.classification and case.classification.evidence:
        return (f"{one.group}-{one.reason}" for one in case.classification.evidence)
    return (f"{one.group}-{one.reason}" for line in case.lines for one in line.adjustments)


def _headline(
    claim: Claim, denials: list[DenialCase], appeals: list[Appeal], money: ClaimMoney
) -> str:
    parts = []
    for case in denials:
        codes = ", ".join(dict.fromkeys(_codes(case)))
        parts.append(
            f"Denied {dollars(case.amount_cents)}: {denial_class(case.bucket).lower()}"
            + (f" ({codes})" if codes else "")
        )
    for appeal in appeals:
        decisions = ", then ".join(APPEALS.get(one, one) for one in appeal.decisions)
        decided = f": {decisions}" if decisions else ", not decided yet"
        parts.append(f"appealed up to level {appeal.level}{decided}")
    if not denials and claim.reasons:
        parts.append(", ".join(sentence(reason).lower() for reason in claim.reasons))
    if money.standing.paid_cents:
        parts.append(f"paid {dollars(money.standing.paid_cents)}")
    parts.append(f"now {state(claim.state)}")
    text = "; ".join(parts)
    return text[:1].upper() + text[1:] + "."
