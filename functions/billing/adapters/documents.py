"""Documents on S3: what others drop (intake), and what must never change (evidence)."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

from functions.billing.domain.errors import RecordNotFoundError
from functions.billing.ports import StoredDocument

# S3 answers 403 for a missing key to those who may not list the bucket, as no function of ours may.
_ABSENT = frozenset({"NoSuchKey", "404", "NotFound", "AccessDenied", "403"})


class _Bucket:
    """What reading documents of a bucket is."""

    def __init__(self, client: Any, *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """See `ports.Evidence` and `ports.Intake`."""
        with body_of(self._client, self._bucket, key) as body:
            yield body

    def fetch(self, key: str, *, start_byte: int = 0, end_byte: int | None = None) -> bytes:
        """See `ports.Evidence` and `ports.Intake`."""
        return _get(self._client, self._bucket, key, start_byte, end_byte)


class S3Evidence(_Bucket):
    """`ports.Evidence` on a bucket with Object Lock and versions."""

    def keep(self, key: str, body: bytes | BinaryIO, *, content_type: str) -> StoredDocument:
        """See `ports.Evidence`. A second version of the same bytes is harmless: the first stays locked."""
        return _put(self._client, self._bucket, key, body, content_type)


class S3Intake(_Bucket):
    """`ports.Intake` on the bucket others write to."""

    def put(self, key: str, body: bytes | BinaryIO, *, content_type: str) -> StoredDocument:
        """See `ports.Intake`."""
        return _put(self._client, self._bucket, key, body, content_type)


class _Counted:
    """A stream that knows, once it was read, what it held."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()
        self.size_bytes = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        content = self._stream.read(size)
        self.digest.update(content)
        self.size_bytes += len(content)
        return content


def _put(
    client: Any, bucket: str, key: str, body: bytes | BinaryIO, content_type: str
) -> StoredDocument:
    if isinstance(body, bytes):
        client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
        return StoredDocument(key, hashlib.sha256(body).hexdigest(), len(body))
    counted = _Counted(body)
    # In parts, one after the other: memory holds one part, however large the file is.
    client.upload_fileobj(
        Fileobj=counted,
        Bucket=bucket,
        Key=key,
        ExtraArgs={"ContentType": content_type},
        Config=_one_part_at_a_time(),
    )
    return StoredDocument(key, counted.digest.hexdigest(), counted.size_bytes)


def _one_part_at_a_time() -> Any:
    # Only where a stream is kept: no other function pays for loading it.
    from boto3.s3.transfer import TransferConfig  # noqa: PLC0415

    return TransferConfig(use_threads=False)


@contextmanager
def body_of(client: Any, bucket: str, key: str) -> Iterator[Any]:
    """A document as a stream, closed at the end.

    Raises
    ------
    RecordNotFoundError
        If there is none.
    """
    body = _body(client, bucket, key)
    try:
        yield body
    finally:
        body.close()


def _body(client: Any, bucket: str, key: str, **arguments: str) -> Any:
    try:
        return client.get_object(Bucket=bucket, Key=key, **arguments)["Body"]
    except ClientError as error:
        if error.response["Error"]["Code"] in _ABSENT:
            raise RecordNotFoundError("document_not_found", subject=f"document:{key}") from None
        raise


def _get(
    client: Any, bucket: str, key: str, start_byte: int = 0, end_byte: int | None = None
) -> bytes:
    last = "" if end_byte is None else str(end_byte - 1)
    is_whole = end_byte is None and start_byte == 0
    wanted = {} if is_whole else {"Range": f"bytes={start_byte}-{last}"}
    content: bytes = _body(client, bucket, key, **wanted).read()
    return content
