"""Code tables: immutable files by hash in the evidence bucket, mapped into memory where they are looked up."""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from functions.billing.adapters.documents import body_of
from functions.billing.domain.codes import CodeTable, version_of
from functions.billing.domain.errors import RecordNotFoundError, RuleSetError
from functions.billing.ports import Evidence, code_table_key

_CHUNK_BYTES = 1 << 20


def keep_code_table(evidence: Evidence, content: bytes) -> str:
    """Keep a compiled table under its hash, which is returned; keeping it again changes nothing."""
    version = version_of(content)
    evidence.keep(code_table_key(version), content, content_type="application/octet-stream")
    return version


class StoredCodeTables:
    """`ports.CodeTables`: copied once to the function's own disk, then mapped.

    A mapped page is the system's to drop and read again, so a function needs no memory for what it does not touch.
    """

    def __init__(self, client: Any, *, bucket: str, folder: Path | None = None) -> None:
        self._client = client
        self._bucket = bucket
        self._folder = folder or Path(tempfile.gettempdir())
        self._open: dict[str, CodeTable] = {}

    def opened(self, versions: Mapping[str, str]) -> Mapping[str, CodeTable]:
        """See `ports.CodeTables`."""
        return {name: self._table(name, version) for name, version in versions.items()}

    def _table(self, name: str, version: str) -> CodeTable:
        table = self._open.get(version)
        if table is None:
            path = self._folder / Path(code_table_key(version)).name
            if not path.exists():
                self._copy(name, version, path)
            with path.open("rb") as file:
                table = CodeTable(mmap(file.fileno(), 0, access=ACCESS_READ))
            self._open[version] = table
        return table

    def _copy(self, name: str, version: str, path: Path) -> None:
        """Put the verified content in place in one move, so that half a copy is never looked into."""
        digest = hashlib.sha256()
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            with (
                body_of(self._client, self._bucket, code_table_key(version)) as body,
                part.open("wb") as file,
            ):
                while chunk := body.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    file.write(chunk)
            if f"sha256:{digest.hexdigest()}" != version:
                raise RuleSetError("code_table_altered", subject=f"code_table:{name}")
            part.replace(path)
        except RecordNotFoundError:
            raise RuleSetError(
                "code_table_missing",
                subject=f"code_table:{name}",
                detail="publish the table's content before the rule set that pins it",
            ) from None
        finally:
            part.unlink(missing_ok=True)
