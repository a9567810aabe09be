"""A REST clearinghouse that takes and answers raw X12, as Stedi documents its endpoints.

An answer is returned only where it settles the matter. A time-out, a broken connection, a 409 (the first request is
still running) and every 5xx say nothing about whether the claim was taken: they raise.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast
from urllib.parse import quote, urlencode

import urllib3

from functions.billing.domain.eligibility.checks import ANSWER_WITHIN
from functions.billing.domain.errors import ClearinghouseUnavailableError, IdempotencyKeyReusedError
from functions.billing.domain.intake.transactions import ListedTransaction
from functions.billing.domain.submission.protocol import Connector, Lookup
from functions.billing.domain.submission.trading_partner import TradingPartner
from functions.billing.ports import SubmissionAnswer

ELIGIBILITY_PATH = "/2024-04-01/change/medicalnetwork/eligibility/v3/raw-x12"
PROFESSIONAL_PATH = "/2024-04-01/change/medicalnetwork/professionalclaims/v3/raw-x12-submission"
INSTITUTIONAL_PATH = "/2024-04-01/change/medicalnetwork/institutionalclaims/v1/raw-x12-submission"
STATUS_PATH = "/2024-04-01/change/medicalnetwork/claimstatus/v2/raw-x12"
TRANSACTIONS_PATH = "/2023-08-01/polling/transactions"
ARTIFACT_PATH = "/2023-08-01/transactions"
APPEALS_PATH = "/appeals"
X12_ARTIFACT = "application/edi-x12"
PAGE_SIZE = 100

_OK, _REFUSED = range(200, 300), range(400, 500)
_CONFLICT, _UNPROCESSABLE, _UNAUTHORIZED, _FORBIDDEN, _TOO_MANY = 409, 422, 401, 403, 429
_NOT_A_VERDICT = frozenset({_CONFLICT, _UNAUTHORIZED, _FORBIDDEN, _TOO_MANY, 408})
# However long a clearinghouse asks to be left alone, somebody looks within the hour.
_RETRY_AFTER_MAX_SECONDS = 3600
_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,63}")


class RestClearinghouse:
    """`ports.Clearinghouse` over HTTP."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        connector: Connector,
        partner: TradingPartner,
        timeout_seconds: float,
    ) -> None:
        self.connector = connector
        self.partner = partner
        self._base_url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Key {api_key}", "Content-Type": "application/json"}
        # The protocol decides about sending again, never the HTTP client.
        self._http = urllib3.PoolManager(retries=False)
        self._timeout_seconds = timeout_seconds

    def submit(self, body: bytes, *, idempotency_key: str, institutional: bool) -> SubmissionAnswer:
        """See `ports.Clearinghouse`.

        Raises
        ------
        ClearinghouseUnavailableError
            If the outcome is not known.
        IdempotencyKeyReusedError
            If the key was used with other bytes (422).
        UsageIndicatorError
            If the bytes are a test and the connection is not, or the other way round; nothing has left.
        """
        self.partner.require_usage(body)
        path = INSTITUTIONAL_PATH if institutional else PROFESSIONAL_PATH
        return self._settled(
            self._post(path, {"x12": body.decode("latin-1")}, idempotency_key=idempotency_key)
        )

    def send_appeal(self, body: Mapping[str, Any], *, idempotency_key: str) -> SubmissionAnswer:
        """See `ports.Clearinghouse`; raises as `submit` does."""
        return self._settled(self._post(APPEALS_PATH, body, idempotency_key=idempotency_key))

    def look_up(self, patient_control_number: str, *, idempotency_key: str) -> Lookup:  # noqa: ARG002 it lists claims by their own number
        """See `ports.Clearinghouse`."""
        return self._holds(patientControlNumber=patient_control_number)

    def look_up_file(self, control_number: int, *, idempotency_key: str) -> Lookup:  # noqa: ARG002 it lists files by their own number
        """See `ports.Clearinghouse`."""
        return self._holds(interchangeControlNumber=f"{control_number:09d}")

    def _holds(self, **number: str) -> Lookup:
        try:
            response = self._request("GET", f"{TRANSACTIONS_PATH}?{urlencode(number)}")
        except ClearinghouseUnavailableError:
            return Lookup.UNAVAILABLE
        if response.status not in _OK:
            return Lookup.UNAVAILABLE
        items = _answer(response).get("items")
        if not isinstance(items, list):
            return Lookup.UNAVAILABLE
        return Lookup.FOUND if items else Lookup.NOT_FOUND

    def since(self, at: datetime) -> Iterator[ListedTransaction]:
        """See `ports.TransactionList`. Pages are read as they are needed; an empty one is the last.

        Raises
        ------
        ClearinghouseUnavailableError
            If a page cannot be had, or is not what was promised.
        """
        start = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        query = {"startDateTime": start, "pageSize": str(PAGE_SIZE)}
        while True:
            response = self._request("GET", f"{TRANSACTIONS_PATH}?{urlencode(query)}")
            answer = _answer(response)
            items = answer.get("items")
            if response.status not in _OK or not isinstance(items, list):
                raise _unavailable(response)
            yield from filter(None, map(_listed, items))
            token = answer.get("nextPageToken")
            if not items or not isinstance(token, str) or not token:
                return
            query = {"pageToken": token, "pageSize": str(PAGE_SIZE)}

    @contextmanager
    def open(self, listed: ListedTransaction) -> Iterator[BinaryIO]:
        """See `ports.TransactionList`.

        Raises
        ------
        ClearinghouseUnavailableError
            If the transaction cannot be had, or breaks off.
        """
        path = f"{ARTIFACT_PATH}/{quote(listed.transaction_id, safe='')}/{listed.artifact}"
        response = self._request("GET", path, is_stream=True)
        try:
            if response.status not in _OK:
                raise _unavailable(response)
            yield cast("BinaryIO", response)
        except urllib3.exceptions.HTTPError as error:
            raise ClearinghouseUnavailableError(
                "answer_broke_off", detail=type(error).__name__
            ) from None
        finally:
            response.drain_conn()
            response.release_conn()

    def check_eligibility(self, body: bytes) -> bytes:
        """See `ports.Clearinghouse`.

        Raises
        ------
        ClearinghouseUnavailableError
            If there is no 271, or none within the 20 seconds a real-time answer may take.
        """
        return self._asked(ELIGIBILITY_PATH, body, within_seconds=ANSWER_WITHIN.total_seconds())

    def check_status(self, body: bytes) -> bytes:
        """See `ports.Clearinghouse`.

        Raises
        ------
        ClearinghouseUnavailableError
            If there is no 277.
        """
        return self._asked(STATUS_PATH, body)

    def _asked(self, path: str, body: bytes, *, within_seconds: float | None = None) -> bytes:
        response = self._post(path, {"x12": body.decode("latin-1")}, timeout_seconds=within_seconds)
        answer = _answer(response).get("x12")
        if response.status not in _OK or not isinstance(answer, str):
            raise _unavailable(response)
        return answer.encode("latin-1")

    def _settled(self, response: urllib3.BaseHTTPResponse) -> SubmissionAnswer:
        if response.status in _OK:
            identifier = _answer(response).get("transactionId")
            if not isinstance(identifier, str):
                # A proxy's page, or an answer cut off: it may have been taken, it may not.
                raise _unavailable(response)
            return SubmissionAnswer(True, str(response.status), identifier)
        if response.status == _UNPROCESSABLE:
            raise IdempotencyKeyReusedError(
                "idempotency_key_reused", detail="the key was used with other bytes"
            )
        if response.status in _NOT_A_VERDICT or response.status not in _REFUSED:
            raise _unavailable(response)
        return SubmissionAnswer(False, _error_code(response))

    def _post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        idempotency_key: str = "",
        timeout_seconds: float | None = None,
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        text = json.dumps(body, separators=(",", ":"))
        return self._request(
            "POST", path, body=text, headers=headers, timeout_seconds=timeout_seconds
        )

    def _request(
        self,
        method: str,
        path: str,
        *,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float | None = None,
        is_stream: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        try:
            return self._http.request(
                method,
                self._base_url + path,
                body=body,
                headers={**self._headers, **(headers or {})},
                timeout=urllib3.Timeout(
                    total=min(self._timeout_seconds, timeout_seconds or self._timeout_seconds)
                ),
                preload_content=not is_stream,
            )
        except urllib3.exceptions.HTTPError as error:
            raise ClearinghouseUnavailableError("no_answer", detail=type(error).__name__) from None


def _listed(item: Any) -> ListedTransaction | None:
    """One entry of the list; None for one that is no X12. What cannot be read is never passed over in silence."""
    try:
        artifacts = [
            each["usage"] for each in item["artifacts"] if each["artifactType"] == X12_ARTIFACT
        ]
        if "x12" not in item or not artifacts:
            return None
        at = datetime.fromisoformat(item["processedAt"])
        return ListedTransaction(
            transaction_id=str(item["transactionId"]),
            transaction_set=str(item["x12"]["transactionSetIdentifier"]),
            processed_at=at.astimezone(UTC),
            version=str(item["x12"].get("version", "")),
            artifact="output" if "output" in artifacts else "input",
        )
    except (KeyError, TypeError, ValueError):
        raise ClearinghouseUnavailableError("list_entry_invalid", detail="items[]") from None


def _unavailable(response: urllib3.BaseHTTPResponse) -> ClearinghouseUnavailableError:
    asked = response.headers.get("Retry-After", "")
    return ClearinghouseUnavailableError(
        "no_verdict",
        detail=f"HTTP {response.status}",
        # Of its two forms, seconds and a date, only the first is used by clearinghouses.
        retry_after_seconds=min(int(asked), _RETRY_AFTER_MAX_SECONDS) if asked.isdecimal() else 0,
    )


def _answer(response: urllib3.BaseHTTPResponse) -> Mapping[str, Any]:
    """The answer's fields; none when the body is not what was promised."""
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _error_code(response: urllib3.BaseHTTPResponse) -> str:
    """A code of ours, or the clearinghouse's if it is one: its sentences may repeat what was sent."""
    code = _answer(response).get("error")
    is_code = isinstance(code, str) and _CODE.fullmatch(code)
    return str(code) if is_code else f"HTTP_{response.status}"
