"""Every function and every workflow, with all that each may touch, on one page.

This is the place to read, and to change, who may do what. The constructs turn an entry into
a role, a policy, an environment and a function; nothing is granted anywhere else. A table is
reached by named actions only, a document by prefix only, and no entry can express deleting a
record or changing an audit entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RecordsAccess(StrEnum):
    """What a function may do with the records table."""

    NONE = "none"
    READ = "read"
    WRITE = "write"


class DocumentAccess(StrEnum):
    """What a function may do with the document buckets; each is one shared policy."""

    READ_EHR = "read_ehr"
    READ_REMITTANCES = "read_remittances"
    READ_ACKNOWLEDGEMENTS = "read_acknowledgements"
    READ_OUTBOUND = "read_outbound"
    WRITE_OUTBOUND = "write_outbound"
    READ_DEPOSITS = "read_deposits"
    READ_EVIDENCE = "read_evidence"
    WRITE_EVIDENCE = "write_evidence"
    WRITE_INQUIRIES = "write_inquiries"
    WRITE_REMITTANCES = "write_remittances"
    WRITE_ACKNOWLEDGEMENTS = "write_acknowledgements"


class BucketRole(StrEnum):
    """Which bucket holds a document."""

    INTAKE = "intake"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentGrant:
    """One bucket, one prefix, one action."""

    bucket: BucketRole
    prefix: str
    action: str


# "s3:ListBucket" is nowhere: a missing document answers 403, which the adapters read as missing.
DOCUMENT_GRANTS: dict[DocumentAccess, DocumentGrant] = {
    DocumentAccess.READ_EHR: DocumentGrant(
        bucket=BucketRole.INTAKE, prefix="ehr/", action="s3:GetObject"
    ),
    DocumentAccess.READ_REMITTANCES: DocumentGrant(
        bucket=BucketRole.INTAKE, prefix="remittances/", action="s3:GetObject"
    ),
    DocumentAccess.READ_ACKNOWLEDGEMENTS: DocumentGrant(
        bucket=BucketRole.INTAKE, prefix="acknowledgements/", action="s3:GetObject"
    ),
    DocumentAccess.READ_OUTBOUND: DocumentGrant(
        bucket=BucketRole.INTAKE, prefix="outbound/", action="s3:GetObject"
    ),
    DocumentAccess.WRITE_OUTBOUND: DocumentGrant(
        bucket=BucketRole.INTAKE, prefix="outbound/", action="s3:PutObject"
    ),
    DocumentAccess.READ_DEPOSITS: DocumentGrant(
        bucket=BucketRole.INTAKE, prefix="deposits/", action="s3:GetObject"
    ),
    DocumentAccess.READ_EVIDENCE: DocumentGrant(
        bucket=BucketRole.EVIDENCE, prefix="", action="s3:GetObject"
    ),
    DocumentAccess.WRITE_EVIDENCE: DocumentGrant(
        bucket=BucketRole.EVIDENCE, prefix="", action="s3:PutObject"
    ),
    # 270 and 271 of each check; their step keeps nothing else.
    DocumentAccess.WRITE_INQUIRIES: DocumentGrant(
        bucket=BucketRole.EVIDENCE, prefix="eligibility/", action="s3:PutObject"
    ),
    DocumentAccess.WRITE_REMITTANCES: DocumentGrant(
        bucket=BucketRole.INTAKE, prefix="remittances/", action="s3:PutObject"
    ),
    DocumentAccess.WRITE_ACKNOWLEDGEMENTS: DocumentGrant(
        bucket=BucketRole.INTAKE, prefix="acknowledgements/", action="s3:PutObject"
    ),
}


class RollOutAccess(StrEnum):
    """What a function may do with roll-outs of rule versions, which AppConfig carries."""

    NONE = "none"
    READ = "read"
    DEPLOY = "deploy"


class SecretAccess(StrEnum):
    """A secret a function may read."""

    SIGNING_KEY = "signing_key"
    CLEARINGHOUSE = "clearinghouse"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionEntry:
    """One Lambda function: the folder it lives in and all it may touch.

    Attributes
    ----------
    name
        The folder under ``functions/``; the construct's id is the same words.
    faces_clearinghouse
        Whether it is given a way out to the internet. Every other function has none.
    knows_connections
        Whether it is told what connections are declared, though it calls none of them.
    reads_verification_keys
        Whether it may read the parameter with the public keys of event producers.
    publishes
        Whether it may put events on the bus; only the outbox publisher does.
    timeout_seconds
        Lambda's own limit; the Task of the workflow allows five seconds more.
    concurrency_max
        Reserved concurrency in production.
    """

    name: str
    records: RecordsAccess = RecordsAccess.NONE
    audits: bool = False
    documents: tuple[DocumentAccess, ...] = ()
    roll_outs: RollOutAccess = RollOutAccess.NONE
    secrets: tuple[SecretAccess, ...] = ()
    reads_verification_keys: bool = False
    publishes: bool = False
    faces_clearinghouse: bool = False
    knows_connections: bool = False
    timeout_seconds: int = 30
    memory_mb: int = 512
    concurrency_max: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """An event the clock causes, put straight into the workflow's inbox."""

    event_type: str
    expression: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowEntry:
    """One state machine: what starts it and which functions it calls.

    Attributes
    ----------
    name
        The file ``statemachines/<name>.asl.json``.
    steps
        Functions by folder name; the file's placeholders must be exactly theirs.
    events
        Detail types on the bus that start it.
    file_prefixes
        Prefixes of the intake bucket whose new objects start it.
    is_express
        Express where short; Standard where a file with many batches takes long.
    """

    name: str
    steps: tuple[str, ...]
    events: tuple[str, ...] = ()
    file_prefixes: tuple[str, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    is_express: bool = True


_WRITES = RecordsAccess.WRITE
# Rule sets and code tables are evidence too: a step that judges by them reads that bucket.
_RULES = (DocumentAccess.READ_EVIDENCE,)
_KEEPS = (DocumentAccess.WRITE_EVIDENCE,)
# Where a clearinghouse takes files instead of requests.
_DROPS = (DocumentAccess.READ_OUTBOUND, DocumentAccess.WRITE_OUTBOUND)
_HEARS = RollOutAccess.READ

# Deployed once for each workflow, each time with a role that can start that workflow only.
START_WORKFLOW = FunctionEntry(
    name="start_workflow",
    records=_WRITES,
    audits=True,
    documents=_KEEPS,
    reads_verification_keys=True,
)

# Reads the records table's stream, signs, publishes.
PUBLISH_OUTBOX = FunctionEntry(
    name="publish_outbox", secrets=(SecretAccess.SIGNING_KEY,), publishes=True
)

# Called by the people's tools, not by a workflow.
DECIDE_APPROVAL = FunctionEntry(name="decide_approval", records=_WRITES, audits=True)
RECORD_SUBMITTED_OUTSIDE = FunctionEntry(
    name="record_submitted_outside",
    records=_WRITES,
    audits=True,
    documents=_RULES,
    roll_outs=_HEARS,
)
ASSIGN_ANSWER = FunctionEntry(
    name="assign_answer",
    records=_WRITES,
    audits=True,
    documents=_RULES,
    roll_outs=_HEARS,
)
RELEASE_REMITTANCE = FunctionEntry(name="release_remittance", records=_WRITES, audits=True)

# Called by the clearinghouse over the HTTP API; the signature is its only way in.
RECEIVE_WEBHOOK = FunctionEntry(
    name="receive_webhook",
    records=_WRITES,
    audits=True,
    documents=_KEEPS,
    secrets=(SecretAccess.WEBHOOK,),
    timeout_seconds=10,
    concurrency_max=5,
)
ROLL_OUT_RULES = FunctionEntry(
    name="roll_out_rules",
    records=_WRITES,
    audits=True,
    documents=_RULES,
    roll_outs=RollOutAccess.DEPLOY,
    timeout_seconds=60,
)
PEOPLES_TOOLS: tuple[FunctionEntry, ...] = (
    DECIDE_APPROVAL,
    ASSIGN_ANSWER,
    RECORD_SUBMITTED_OUTSIDE,
    RELEASE_REMITTANCE,
    ROLL_OUT_RULES,
)

STEPS: tuple[FunctionEntry, ...] = (
    FunctionEntry(name="find_rechecks", records=_WRITES, audits=True),
    FunctionEntry(
        name="verify_eligibility",
        records=_WRITES,
        audits=True,
        documents=(DocumentAccess.READ_EHR, DocumentAccess.WRITE_INQUIRIES, *_RULES),
        roll_outs=_HEARS,
        secrets=(SecretAccess.CLEARINGHOUSE,),
        faces_clearinghouse=True,
    ),
    FunctionEntry(
        name="assemble_claim",
        records=_WRITES,
        audits=True,
        documents=(DocumentAccess.READ_EHR, *_RULES),
        roll_outs=_HEARS,
    ),
    FunctionEntry(
        name="scrub_claim", records=_WRITES, audits=True, documents=_RULES, roll_outs=_HEARS
    ),
    FunctionEntry(
        name="bill_next_payer", records=_WRITES, audits=True, documents=_RULES, roll_outs=_HEARS
    ),
    FunctionEntry(
        name="submit_claim",
        records=_WRITES,
        audits=True,
        documents=(*_RULES, *_KEEPS, *_DROPS),
        roll_outs=_HEARS,
        secrets=(SecretAccess.CLEARINGHOUSE,),
        faces_clearinghouse=True,
    ),
    FunctionEntry(
        name="resolve_submission",
        records=_WRITES,
        audits=True,
        documents=(*_RULES, *_KEEPS, *_DROPS),
        roll_outs=_HEARS,
        secrets=(SecretAccess.CLEARINGHOUSE,),
        faces_clearinghouse=True,
    ),
    FunctionEntry(name="release_held", records=_WRITES, audits=True),
    FunctionEntry(
        name="submit_file",
        records=_WRITES,
        audits=True,
        documents=(*_RULES, *_KEEPS, *_DROPS),
        roll_outs=_HEARS,
        secrets=(SecretAccess.CLEARINGHOUSE,),
        faces_clearinghouse=True,
        # Two at once would only share out between them what one sends in one file.
        concurrency_max=2,
    ),
    FunctionEntry(
        name="sweep_submissions",
        records=_WRITES,
        audits=True,
        documents=_RULES,
        roll_outs=_HEARS,
        knows_connections=True,
    ),
    FunctionEntry(
        name="record_acknowledgement",
        records=_WRITES,
        audits=True,
        documents=(DocumentAccess.READ_ACKNOWLEDGEMENTS, *_RULES, *_KEEPS),
        roll_outs=_HEARS,
    ),
    FunctionEntry(
        name="fetch_transactions",
        records=_WRITES,
        audits=True,
        documents=(DocumentAccess.WRITE_REMITTANCES, DocumentAccess.WRITE_ACKNOWLEDGEMENTS),
        secrets=(SecretAccess.CLEARINGHOUSE,),
        faces_clearinghouse=True,
        timeout_seconds=120,
        concurrency_max=2,
    ),
    FunctionEntry(
        name="read_remittance",
        records=_WRITES,
        audits=True,
        documents=(DocumentAccess.READ_REMITTANCES, DocumentAccess.READ_EVIDENCE, *_KEEPS),
        timeout_seconds=120,
        memory_mb=1024,
    ),
    FunctionEntry(
        name="post_remittance",
        records=_WRITES,
        audits=True,
        # The file is posted as it was kept, so it needs nothing of the intake.
        documents=_RULES,
        roll_outs=_HEARS,
        timeout_seconds=120,
        memory_mb=1024,
    ),
    FunctionEntry(name="reconcile_remittance", records=_WRITES, audits=True, timeout_seconds=120),
    FunctionEntry(
        name="classify_denial", records=_WRITES, audits=True, documents=_RULES, roll_outs=_HEARS
    ),
    FunctionEntry(
        name="respond_to_denial", records=_WRITES, audits=True, documents=_RULES, roll_outs=_HEARS
    ),
    FunctionEntry(
        name="assemble_appeal",
        records=_WRITES,
        audits=True,
        documents=(*_RULES, *_KEEPS),
        roll_outs=_HEARS,
    ),
    FunctionEntry(
        name="submit_appeal",
        records=_WRITES,
        audits=True,
        documents=(*_RULES, *_KEEPS),
        roll_outs=_HEARS,
        secrets=(SecretAccess.CLEARINGHOUSE,),
        faces_clearinghouse=True,
    ),
    FunctionEntry(
        name="decide_appeal", records=_WRITES, audits=True, documents=_RULES, roll_outs=_HEARS
    ),
    FunctionEntry(
        name="read_deposits",
        records=_WRITES,
        audits=True,
        documents=(DocumentAccess.READ_DEPOSITS, *_KEEPS),
        timeout_seconds=120,
    ),
    FunctionEntry(name="match_deposit", records=_WRITES, audits=True),
    FunctionEntry(name="adjust_balance", records=_WRITES, audits=True),
    FunctionEntry(
        name="inquire_status",
        records=_WRITES,
        audits=True,
        documents=_RULES,
        roll_outs=_HEARS,
        secrets=(SecretAccess.CLEARINGHOUSE,),
        faces_clearinghouse=True,
    ),
    FunctionEntry(
        name="check_reconciliation",
        records=_WRITES,
        audits=True,
        documents=_RULES,
        roll_outs=_HEARS,
        timeout_seconds=60,
    ),
    FunctionEntry(name="measure_kpis", records=_WRITES, audits=True, timeout_seconds=60),
    FunctionEntry(
        name="watch_roll_outs",
        records=_WRITES,
        audits=True,
        roll_outs=RollOutAccess.DEPLOY,
        timeout_seconds=60,
    ),
)

# Every folder under functions/ that holds a handler.
FUNCTIONS: tuple[FunctionEntry, ...] = (
    START_WORKFLOW,
    PUBLISH_OUTBOX,
    RECEIVE_WEBHOOK,
    *PEOPLES_TOOLS,
    *STEPS,
)

WORKFLOWS: tuple[WorkflowEntry, ...] = (
    WorkflowEntry(
        name="eligibility",
        steps=("find_rechecks", "verify_eligibility"),
        events=(
            "appointment.created",
            "appointment.cancelled",
            "insurance.updated",
            "patient.checked_in",
            "estimate.requested",
            "estimate.given",
            "eligibility.recheck.requested",
        ),
        # As often as a circuit's shortest probe is worth: what is due waits no longer than this.
        schedules=(Schedule(event_type="recheck.due", expression="cron(0/5 * * * ? *)"),),
    ),
    WorkflowEntry(
        name="claim",
        steps=("assemble_claim", "bill_next_payer", "scrub_claim"),
        events=(
            "next_payer.due",
            "encounter.signed",
            "charge.signed",
            "procedure.coded",
            "diagnosis.finalized",
            "authorization.obtained",
            "claim.recalled",
        ),
    ),
    WorkflowEntry(
        name="submission",
        steps=(
            "submit_claim",
            "resolve_submission",
            "release_held",
            "sweep_submissions",
            "submit_file",
        ),
        events=("claim.released",),
        schedules=(
            Schedule(event_type="outage.due", expression="rate(1 minute)"),
            Schedule(event_type="submissions.due", expression="rate(5 minutes)"),
        ),
    ),
    WorkflowEntry(
        name="acknowledgement",
        steps=("record_acknowledgement",),
        events=("acknowledgement.received",),
        file_prefixes=("acknowledgements/",),
    ),
    WorkflowEntry(
        name="clearinghouse-list",
        steps=("fetch_transactions",),
        events=("transaction.announced",),
        schedules=(Schedule(event_type="listing.due", expression="rate(15 minutes)"),),
    ),
    WorkflowEntry(
        name="remittance",
        steps=("read_remittance", "post_remittance", "reconcile_remittance"),
        events=("remittance.received", "remittance.released"),
        file_prefixes=("remittances/",),
        is_express=False,
    ),
    WorkflowEntry(
        name="denial",
        steps=("classify_denial", "respond_to_denial"),
        events=("denial.received",),
    ),
    WorkflowEntry(
        name="appeal",
        steps=("assemble_appeal", "submit_appeal", "decide_appeal"),
        events=("appeal.opened", "appeal.answered"),
    ),
    WorkflowEntry(
        name="reconciliation-check",
        steps=(
            "read_deposits",
            "match_deposit",
            "adjust_balance",
            "inquire_status",
            "check_reconciliation",
            "measure_kpis",
        ),
        events=("payment.deposited", "balance.adjusted", "deposits.received", "claim.status.due"),
        file_prefixes=("deposits/",),
        schedules=(Schedule(event_type="reconciliation.due", expression="cron(0 * * * ? *)"),),
    ),
    WorkflowEntry(
        name="rule-roll-out",
        steps=("watch_roll_outs",),
        events=("rule_set.changed",),
        schedules=(Schedule(event_type="rollout.due", expression="cron(0/5 * * * ? *)"),),
    ),
)

# Source of an event the clock causes. No rule on the bus matches it, so it cannot be put there:
# only the schedule's own role can send it to an inbox.
SCHEDULE_SOURCE = "billing.schedule"

METRICS_NAMESPACE = "Billing"

# The measures of the revenue cycle, in the order the dashboard shows them; a test holds them to
# the names the domain gives its measures.
KPI_METRICS: tuple[str, ...] = (
    "clean_claim_rate",
    "acceptance_rate",
    "touchless_rate",
    "first_pass_denial_rate",
    "first_pass_denial_dollar_rate",
    "denial_recovery_rate",
    "days_in_ar",
    "time_to_cash",
    "time_to_resolution",
    "close_to_submission",
    "remittance_to_posting",
    "touches_per_claim",
    "auto_match_rate",
    "auto_post_rate",
    "pre_submit_failure_rate",
    "eligibility_same_day_rate",
    "eligibility_fresh_rate",
    "authorization_at_scheduling_rate",
    "cost_per_claim",
)


def pascal_case(name: str) -> str:
    """Write ``verify_eligibility`` or ``reconciliation-check`` as a construct's id."""
    return "".join(word.capitalize() for word in name.replace("-", "_").split("_"))


def function_named(name: str) -> FunctionEntry:
    """Find a function's entry by its folder name.

    Raises
    ------
    LookupError
        When no entry has the name.
    """
    for entry in FUNCTIONS:
        if entry.name == name:
            return entry
    message = f"No function in the catalogue is named {name!r}."
    raise LookupError(message)
