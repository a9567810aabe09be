"""The HTTP API without HTTP: a request in, a reply out, nothing awaited.

The service waits, holds and cuts connections as a reply asks. Keeping that apart makes the
whole simulator testable without a socket.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from local.payer_simulator.delivery import deliver, pending
from local.payer_simulator.idempotency import LONGEST_KEY, KeyStore
from local.payer_simulator.report import appeal_json, report
from local.payer_simulator.simulator import Refused, Simulator
from local.payer_simulator.webhooks import signed_webhook
from local.payer_simulator.world import Member, SubmissionFault, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.payer_simulator.records import DeliveredFile, Submission, Transaction
    from local.payer_simulator.simulator import Parsed

_HEALTHCARE = "/2024-04-01/change/medicalnetwork"
ELIGIBILITY = f"{_HEALTHCARE}/eligibility/v3/raw-x12"
PROFESSIONAL_CLAIMS = f"{_HEALTHCARE}/professionalclaims/v3/raw-x12-submission"
INSTITUTIONAL_CLAIMS = f"{_HEALTHCARE}/institutionalclaims/v1/raw-x12-submission"
CLAIM_STATUS = f"{_HEALTHCARE}/claimstatus/v2/raw-x12"
APPEALS = "/appeals"
POLLING = "/2023-08-01/polling/transactions"
# A claim is asked for by its own number, a file of several by its interchange's (ISA13).
_NUMBERS = ("patientControlNumber", "interchangeControlNumber")
_TRANSACTION = re.compile(r"^/2023-08-01/transactions/([^/]+)/(input|output)$")
_SIMULATED_FILE = re.compile(r"^/_sim/files/([^/]+)$")

_DEFAULT_PAGE, _LONGEST_PAGE = 100, 1000
_OUTAGE_SECONDS = 60.0
X12_TYPE, JSON_TYPE = "application/edi-x12", "application/json"
_BAD_REQUEST, _SERVER_ERROR = 400, 500


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class X12Body(BaseModel):
    """The body of the raw X12 endpoints; other fields are tolerated."""

    model_config = ConfigDict(hide_input_in_errors=True)
    x12: str


class AppealDocument(_Body):
    """One document of an appeal packet."""

    name: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class AppealBody(_Body):
    """The body of POST /appeals."""

    appeal_id: str = Field(min_length=1, max_length=100)
    payer_id: str
    payer_claim_control_number: str = Field(min_length=1)
    level: int = Field(ge=1)
    packet_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    documents: tuple[AppealDocument, ...] = ()


class ClockBody(_Body):
    """The body of POST /_sim/clock."""

    today: dt.date | None = None
    advance_hours: float | None = None


class OutageBody(_Body):
    """The body of POST /_sim/outage."""

    payer_id: str
    eligibility: str | None = None
    claims: str | None = None


class DeliverBody(_Body):
    """The body of POST /_sim/deliver."""

    kinds: tuple[Literal["acknowledgements", "appeals", "remittances"], ...] = (
        "acknowledgements",
        "appeals",
        "remittances",
    )
    payer_ids: tuple[str, ...] | None = None
    inline: bool = True


class WebhookBody(_Body):
    """The body of POST /_sim/webhook: which file to announce, and when it is signed."""

    file_id: str
    timestamp: int = Field(gt=0)


class MembersBody(_Body):
    """The body of POST /_sim/members."""

    members: Annotated[tuple[Member, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(slots=True)
class Reply:
    """One HTTP reply, and how it is to be sent.

    Attributes
    ----------
    seconds
        Wait that long first.
    until_gone
        The wait ends when the client hangs up.
    cut
        Send the head and half of the body, then close the connection.
    finish
        To be called once the wait is over: the request is no longer in progress.
    """

    status: int
    body: bytes = b""
    media_type: str = JSON_TYPE
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    until_gone: bool = False
    cut: bool = False
    finish: Callable[[], None] | None = None


def _json(status: int, value: object, **headers: str) -> Reply:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return Reply(status, text.encode(), headers=dict(headers))


def _error(status: int, code: str, message: str, **headers: str) -> Reply:
    return _json(status, {"error": code, "message": message}, **headers)


class Api:
    """All endpoints over one simulator."""

    def __init__(self, world: World) -> None:
        self.simulator = Simulator(world)
        self.keys = KeyStore()

    def handle(self, request: Request) -> Reply:
        """Answer a request. Bad input becomes a 4xx with a message, never an exception."""
        try:
            if request.path.startswith("/_sim/"):
                return self._control(request)
            if not self._authorized(request):
                return _error(401, "ACCESS_DENIED", "an API key is required in Authorization")
            return self._product(request)
        except Refused as refused:
            return _error(refused.status_code, refused.code, refused.message)
        except ValidationError as error:
            return _error(_BAD_REQUEST, "INVALID_REQUEST", _in_words(error))

    def _authorized(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").removeprefix("Key ").strip()
        return given in self.simulator.world.api_keys

    # Product-facing -------------------------------------------------------------------------

    def _product(self, request: Request) -> Reply:
        routes: dict[tuple[str, str], Callable[[Request], Reply]] = {
            ("POST", ELIGIBILITY): self._eligibility,
            ("POST", PROFESSIONAL_CLAIMS): lambda one: self._claims(one, "professional"),
            ("POST", INSTITUTIONAL_CLAIMS): lambda one: self._claims(one, "institutional"),
            ("POST", CLAIM_STATUS): self._status,
            ("POST", APPEALS): self._appeal,
            ("GET", POLLING): self._poll,
        }
        if route := routes.get((request.method, request.path)):
            return route(request)
        if request.method == "GET" and (found := _TRANSACTION.match(request.path)):
            return self._artifact(found[1], found[2])
        return _error(404, "NOT_FOUND", "no such endpoint")

    def _eligibility(self, request: Request) -> Reply:
        text = X12Body.model_validate_json(request.body).x12
        _inquiry, outage = self.simulator.eligibility_mode(text)
        if outage == "http":
            return _error(503, "PAYER_UNAVAILABLE", "the payer does not answer now")
        if outage == "timeout":
            reply = _error(504, "GATEWAY_TIMEOUT", "the payer did not answer in time")
            reply.seconds, reply.until_gone = _OUTAGE_SECONDS, True
            return reply
        inquiry, interchange, content = self.simulator.answer_eligibility(text)
        return _json(
            200,
            {
                "meta": {"traceId": _trace(content), "applicationMode": "production"},
                "controlNumber": interchange.control_number,
                "tradingPartnerServiceId": inquiry.payer_id,
                "x12": content.decode(),
            },
        )

    def _status(self, request: Request) -> Reply:
        text = X12Body.model_validate_json(request.body).x12
        inquiry, content = self.simulator.answer_status(text)
        return _json(
            200,
            {
                "meta": {"traceId": _trace(content), "applicationMode": "production"},
                "controlNumber": inquiry.control_number,
                "tradingPartnerServiceId": inquiry.payer_id,
                "x12": content.decode(),
            },
        )

    # Claims ---------------------------------------------------------------------------------

    def _claims(self, request: Request, kind: str) -> Reply:
        self.simulator.counts["posts"] += 1
        return self._keyed(request, lambda key: self._submit(request, kind, key))

    def _keyed(self, request: Request, run: Callable[[str], Reply]) -> Reply:
        """Run a request under its idempotency key, or without one."""
        key = request.headers.get("idempotency-key")
        if key is None:
            return run("")
        if not 0 < len(key) <= LONGEST_KEY:
            message = f"Idempotency-Key has 1 to {LONGEST_KEY} characters"
            return _error(_BAD_REQUEST, "INVALID_REQUEST", message)
        fingerprint = KeyStore.fingerprint(request.method, request.path, request.body)
        verdict = self.keys.look_up(key, fingerprint, self.simulator.now)
        if verdict.kind == "mismatch":
            message = "the key was used with another method, path or body"
            return _error(422, "IDEMPOTENCY_KEY_REUSED", message)
        if verdict.kind == "running":
            return _in_progress(1)
        if verdict.kind == "replay" and verdict.answer is not None:
            self.simulator.counts["replayed"] += 1
            status, body = verdict.answer
            return Reply(status, body, headers={"Idempotency-Replayed": "true"})
        try:
            reply = run(key)
        except Refused as refused:
            reply = _error(refused.status_code, refused.code, refused.message)
        except ValidationError as error:
            reply = _error(_BAD_REQUEST, "INVALID_REQUEST", _in_words(error))
        self._keep(key, reply)
        return reply

    def _keep(self, key: str, reply: Reply) -> None:
        """Keep an answer that settles the matter; forget the key of a request that did nothing."""
        if reply.finish is not None:
            return
        if reply.status >= _SERVER_ERROR or reply.status == 409:  # noqa: PLR2004
            self.keys.release(key)
        else:
            self.keys.finish(key, reply.status, reply.body)

    def _submit(self, request: Request, kind: str, key: str) -> Reply:
        simulator = self.simulator
        text = X12Body.model_validate_json(request.body).x12
        try:
            parsed = simulator.parse_claims(text, kind)
        except Refused:
            simulator.counts["refused"] += 1
            raise
        fault = simulator.next_fault(parsed)
        if fault is not None:
            return self._faulty(parsed, fault, key)
        return self._accepted(simulator.land(parsed))

    def _faulty(self, parsed: Parsed, fault: SubmissionFault, key: str) -> Reply:  # noqa: PLR0911
        """Play a scripted fault."""
        match fault.kind:
            case "refused":
                self.simulator.counts["refused"] += 1
                return _error(fault.status or _BAD_REQUEST, "CLAIM_REFUSED", fault.message)
            case "in_progress":
                return _in_progress(fault.retry_after_seconds)
            case "error_before_accepting":
                return _error(
                    fault.status or 503, "SERVICE_UNAVAILABLE", fault.message,
                    **{"Retry-After": str(fault.retry_after_seconds)},
                )  # fmt: skip
            case "timeout_before_accepting":
                return self._withheld(fault, lambda: self.keys.release(key))
            case "lands_late":
                # The key stays taken, so that a retry hears 409 until the claim has landed.
                self.simulator.late.append((parsed, key))
                return self._withheld(fault, lambda: None)
        good = self._accepted(self.simulator.land(parsed))
        match fault.kind:
            case "error_after_accepting":
                self.keys.finish(key, good.status, good.body)
                reply = _error(fault.status or 503, "SERVICE_UNAVAILABLE", fault.message)
                reply.finish = lambda: None
                return reply
            case "timeout_after_accepting":
                return self._withheld(fault, lambda: self.keys.finish(key, good.status, good.body))
            case "answer_lost":
                self.keys.finish(key, good.status, good.body)
                good.cut, good.finish = True, lambda: None
            case "slow":
                status, body = good.status, good.body
                good.seconds = fault.seconds
                good.finish = lambda: self.keys.finish(key, status, body)
        return good

    @staticmethod
    def _withheld(fault: SubmissionFault, finish: Callable[[], None]) -> Reply:
        reply = _error(504, "GATEWAY_TIMEOUT", fault.message)
        reply.seconds, reply.until_gone, reply.finish = fault.seconds, True, finish
        return reply

    def _accepted(self, submission: Submission) -> Reply:
        references = [
            {
                "correlationId": f"{submission.submission_id}-{index}",
                "patientControlNumber": landed.claim.patient_control_number,
                "timeOfResponse": _instant(submission.received_at),
                "payerID": landed.payer.payer_id,
                "formatVersion": "5010",
                "rhclaimNumber": f"{submission.submission_id}-{index}",
                "serviceLines": [
                    {"lineItemControlNumber": line.control_number} for line in landed.claim.lines
                ],
            }
            for index, landed in enumerate(submission.claims, start=1)
        ]
        payer = submission.claims[0].payer if submission.claims else None
        return _json(
            200,
            {
                "status": "SUCCESS",
                "controlNumber": submission.interchange.control_number,
                "tradingPartnerServiceId": payer.payer_id if payer else None,
                "claimReference": references[0] if references else None,
                "claims": references,
                "transactionId": submission.submission_id,
                "httpStatusCode": "200 OK",
                "meta": {"traceId": submission.submission_id, "applicationMode": "production"},
                "payer": ({"payerName": payer.name, "payerID": payer.payer_id} if payer else None),
            },
        )

    # Appeals --------------------------------------------------------------------------------

    def _appeal(self, request: Request) -> Reply:
        return self._keyed(request, lambda _key: self._receive_appeal(request))

    def _receive_appeal(self, request: Request) -> Reply:
        body = AppealBody.model_validate_json(request.body)
        packet = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
        known = self.simulator.appeals.get((body.appeal_id, body.level))
        if known is not None and known.content_sha256 != packet:
            return _error(422, "APPEAL_ID_REUSED", "the appeal was received with another content")
        appeal = known or self.simulator.receive_appeal(
            body.appeal_id, body.payer_id, body.payer_claim_control_number, body.level, packet
        )
        return _json(
            200,
            {
                "receipt_id": appeal.receipt_id,
                "transactionId": appeal.receipt_id,
                "appeal_id": appeal.appeal_id,
                "received_on": appeal.received_on.isoformat(),
                "status": "received",
            },
        )

    # The clearinghouse's list ---------------------------------------------------------------

    def _poll(self, request: Request) -> Reply:
        simulator, query = self.simulator, request.query
        size = _page_size(query.get("pageSize"))
        number = next(((name, query[name]) for name in _NUMBERS if name in query), None)
        token, since = query.get("pageToken"), query.get("startDateTime")
        if token is None and since is None and number is None:
            message = f"one of startDateTime, pageToken, {', '.join(_NUMBERS)} is required"
            raise Refused(_BAD_REQUEST, "INVALID_REQUEST", message)
        start = _page_start(token)
        after = _since(since) if token is None and since is not None else None
        if number is not None:
            places = [at for at in simulator.transactions_by_number.get(number, []) if at >= start]
        else:
            places = list(range(start, len(simulator.transactions)))
        if after is not None:
            places = [at for at in places if simulator.transactions[at].processed_at > after]
        page = places[:size]
        following = page[-1] + 1 if page else max(start, len(simulator.transactions))
        return _json(
            200,
            {
                "items": [_listed(simulator.transactions[at]) for at in page],
                "nextPageToken": base64.urlsafe_b64encode(f"at:{following}".encode()).decode(),
            },
        )

    def _artifact(self, transaction_id: str, usage: str) -> Reply:
        found = self.simulator.transaction_index.get(transaction_id)
        if found is None or usage != _usage(found):
            return _error(404, "NOT_FOUND", "no such transaction artifact")
        return Reply(200, found.content, X12_TYPE)

    # Control --------------------------------------------------------------------------------

    def _control(self, request: Request) -> Reply:
        routes: dict[tuple[str, str], Callable[[Request], Reply]] = {
            ("GET", "/_sim/health"): self._health,
            ("GET", "/_sim/report"): lambda _one: _json(200, report(self.simulator)),
            ("POST", "/_sim/world"): self._load,
            ("POST", "/_sim/members"): self._upsert_members,
            ("POST", "/_sim/clock"): self._move_clock,
            ("POST", "/_sim/outage"): self._set_outage,
            ("POST", "/_sim/deliver"): self._deliver,
            ("POST", "/_sim/webhook"): self._webhook,
        }
        if route := routes.get((request.method, request.path)):
            return route(request)
        if request.method == "GET" and (found := _SIMULATED_FILE.match(request.path)):
            file = self.simulator.files.get(found[1])
            if file is not None:
                return Reply(200, file.content, X12_TYPE)
        return _error(404, "NOT_FOUND", "no such endpoint")

    def _health(self, _request: Request) -> Reply:
        return _json(200, {"status": "ready", "now": _instant(self.simulator.now)})

    def _load(self, request: Request) -> Reply:
        self.simulator.load(World.model_validate_json(request.body))
        self.keys = KeyStore()
        return _json(200, {"status": "loaded", "today": self.simulator.today.isoformat()})

    def _upsert_members(self, request: Request) -> Reply:
        members = MembersBody.model_validate_json(request.body).members
        self.simulator.upsert_members(members)
        return _json(200, {"members": len(members)})

    def _move_clock(self, request: Request) -> Reply:
        clock = ClockBody.model_validate_json(request.body)
        if clock.today is not None:
            self.simulator.set_today(clock.today)
        if clock.advance_hours is not None:
            self.simulator.advance(clock.advance_hours)
        return _json(200, {"now": _instant(self.simulator.now)})

    def _set_outage(self, request: Request) -> Reply:
        outage = OutageBody.model_validate_json(request.body)
        self.simulator.set_outage(outage.payer_id, outage.eligibility, outage.claims)
        return _json(200, outage.model_dump())

    def _webhook(self, request: Request) -> Reply:
        """Write the call that announces a file; whoever plays the network sends it, or loses it."""
        asked = WebhookBody.model_validate_json(request.body)
        secret = self.simulator.world.clearinghouse.webhook_secret
        found = self.simulator.transaction_index.get(asked.file_id)
        if found is None or not secret:
            return _error(404, "NOT_FOUND", "no such file, or no webhook secret in this world")
        return _json(200, signed_webhook(found, secret, asked.timestamp))

    def _deliver(self, request: Request) -> Reply:
        body = DeliverBody.model_validate_json(request.body or b"{}")
        simulator = self.simulator
        unknown = sorted(set(body.payer_ids or ()) - set(simulator.payers))
        if unknown:
            message = f"no such payer in this world: {', '.join(unknown)}"
            raise Refused(_BAD_REQUEST, "INVALID_REQUEST", message)
        if "acknowledgements" in body.kinds:
            for key, submission in simulator.land_late():
                good = self._accepted(submission)
                self.keys.finish(key, good.status, good.body)
        wave = deliver(simulator, body.kinds, body.payer_ids)
        return _json(
            200,
            {
                "waves": wave.numbers,
                "files": [self._file(one, inline=body.inline) for one in wave.files],
                "deposits": [
                    {
                        "deposit_id": one.deposit_id,
                        "payer_id": one.payer_id,
                        "trace": one.trace,
                        "originator": one.originator,
                        "amount_cents": one.amount_cents,
                        "date": one.date.isoformat(),
                        "method": one.method,
                        "payee_npi": one.payee_npi,
                        "payee_tax_id": one.payee_tax_id,
                    }
                    for one in wave.deposits
                ],
                "appeal_decisions": [appeal_json(one) for one in wave.appeals],
                "pending": pending(simulator),
            },
        )

    def _file(self, file: DeliveredFile, *, inline: bool) -> dict[str, object]:
        payer = self.simulator.payers.get(file.payer_id or "")
        is_listed_only = (
            file.kind == "835" and payer is not None and payer.remittance_delivery == "list"
        )
        return {
            **_file_json(file, inline=inline),
            "delivery": "list" if is_listed_only else "drop",
        }


def _in_progress(seconds: int) -> Reply:
    message = "an earlier request under this key is still in progress"
    return _error(409, "IDEMPOTENCY_KEY_IN_PROGRESS", message, **{"Retry-After": str(seconds)})


def _in_words(error: ValidationError) -> str:
    parts = [
        f"{'.'.join(str(step) for step in one['loc']) or 'body'}: {one['msg']}"
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return "; ".join(parts[:5])


def _trace(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:24]


def _instant(when: dt.datetime) -> str:
    return when.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_INSTANT: TypeAdapter[dt.datetime] = TypeAdapter(dt.datetime)


def _since(text: str) -> dt.datetime:
    when = _INSTANT.validate_python(text)
    return when if when.tzinfo else when.replace(tzinfo=dt.UTC)


def _page_size(text: str | None) -> int:
    if text is None:
        return _DEFAULT_PAGE
    if not text.isdigit() or not 1 <= int(text) <= _LONGEST_PAGE:
        raise Refused(_BAD_REQUEST, "INVALID_REQUEST", f"pageSize is 1 to {_LONGEST_PAGE}")
    return int(text)


def _page_start(token: str | None) -> int:
    if token is None:
        return 0
    try:
        name, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
    except ValueError:
        name, number = "", ""
    if name != "at" or not number.isdigit():
        raise Refused(_BAD_REQUEST, "INVALID_REQUEST", "pageToken is not one of ours")
    return int(number)


def _usage(transaction: Transaction) -> str:
    return "input" if transaction.direction == "INBOUND" else "output"


def _listed(transaction: Transaction) -> dict[str, object]:
    usage = _usage(transaction)
    return {
        "transactionId": transaction.transaction_id,
        "direction": transaction.direction,
        "mode": "production",
        "processedAt": _instant(transaction.processed_at),
        "fileName": transaction.file_name,
        "x12": {
            "transactionSetIdentifier": transaction.kind,
            "version": transaction.version,
        },
        "businessIdentifiers": [
            {"name": name, "value": value} for name, value in transaction.identifiers
        ],
        "artifacts": [
            {
                "artifactType": X12_TYPE,
                "usage": usage,
                "url": f"/2023-08-01/transactions/{transaction.transaction_id}/{usage}",
                "sizeBytes": len(transaction.content),
                "sha256": hashlib.sha256(transaction.content).hexdigest(),
            }
        ],
    }


def _file_json(file: DeliveredFile, *, inline: bool) -> dict[str, object]:
    content = {"content_base64": base64.b64encode(file.content).decode()} if inline else {}
    return {
        "file_id": file.file_id,
        "name": file.name,
        "kind": file.kind,
        "payer_id": file.payer_id,
        "sha256": hashlib.sha256(file.content).hexdigest(),
        "size_bytes": len(file.content),
        "payments": file.payments,
        "script": file.script,
        **content,
    }
