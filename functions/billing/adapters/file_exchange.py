"""A clearinghouse that takes files from a folder: one object for each sending, under the name of its key.

The folder is a prefix of the intake bucket. S3 stores an object whole or not at all and
shows it at once, and it never takes a second one under a name that is there: the name is the idempotency key, for as
long as files rest in the folder.
"""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from functions.billing.domain.errors import ClearinghouseUnavailableError, IdempotencyKeyReusedError
from functions.billing.domain.submission.protocol import Connector, Lookup
from functions.billing.domain.submission.trading_partner import TradingPartner
from functions.billing.ports import SubmissionAnswer

OUTBOUND_PREFIX = "outbound/"

_THERE_ALREADY = "PreconditionFailed"
_ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})


class FileExchange:
    """`ports.ClaimConnection` over a folder the clearinghouse reads."""

    def __init__(
        self, client: Any, *, bucket: str, connector: Connector, partner: TradingPartner
    ) -> None:
        self.connector = connector
        self.partner = partner
        self._client = client
        self._bucket = bucket

    def submit(self, body: bytes, *, idempotency_key: str, institutional: bool) -> SubmissionAnswer:  # noqa: ARG002 one folder takes both
        """See `ports.ClaimConnection`. Taken means that the file lies in the folder; a 999 says that it was read.

        Raises
        ------
        ClearinghouseUnavailableError
            If S3 did not say whether the file is there.
        IdempotencyKeyReusedError
            If another file lies under the key.
        UsageIndicatorError
            If the bytes are a test and the connection is not, or the other way round; nothing has left.
        """
        self.partner.require_usage(body)
        key = self._key(idempotency_key)
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentType="application/edi-x12",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != _THERE_ALREADY:
                raise _unavailable(error) from None
            if self._there(key) != body:
                raise IdempotencyKeyReusedError(
                    "idempotency_key_reused", detail="another file lies under the key"
                ) from None
        except BotoCoreError as error:
            raise ClearinghouseUnavailableError("no_answer", detail=type(error).__name__) from None
        return SubmissionAnswer(True, "file_dropped", key.removeprefix(OUTBOUND_PREFIX))

    def look_up(self, patient_control_number: str, *, idempotency_key: str) -> Lookup:  # noqa: ARG002 files are known by their key
        """See `ports.ClaimConnection`. The folder is our own, and so its word is final."""
        return self._holds(idempotency_key)

    def look_up_file(self, control_number: int, *, idempotency_key: str) -> Lookup:  # noqa: ARG002 as above
        """See `ports.ClaimConnection`."""
        return self._holds(idempotency_key)

    def _holds(self, idempotency_key: str) -> Lookup:
        try:
            self._client.head_object(Bucket=self._bucket, Key=self._key(idempotency_key))
        except ClientError as error:
            absent = error.response["Error"]["Code"] in _ABSENT
            return Lookup.NOT_FOUND if absent else Lookup.UNAVAILABLE
        except BotoCoreError:
            return Lookup.UNAVAILABLE
        return Lookup.FOUND

    def _key(self, idempotency_key: str) -> str:
        return f"{OUTBOUND_PREFIX}{self.connector.name}/{idempotency_key}.x12"

    def _there(self, key: str) -> bytes:
        try:
            content: bytes = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            raise _unavailable(error) from None
        return content


def _unavailable(error: ClientError) -> ClearinghouseUnavailableError:
    return ClearinghouseUnavailableError("no_answer", detail=str(error.response["Error"]["Code"]))
