"""Ed25519 signatures of events. Private keys rest in Secrets Manager, public ones in Parameter Store."""

import base64
import json
from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class Ed25519Signer:
    """`ports.Signer` over a secret of the form `{"key_id": …, "private_key": base64 of 32 bytes}`."""

    def __init__(self, secret: str) -> None:
        content = json.loads(secret)
        self.key_id: str = content["key_id"]
        self._key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(content["private_key"]))

    def sign(self, message: bytes) -> str:
        """See `ports.Signer`."""
        return base64.b64encode(self._key.sign(message)).decode()

    def public_key(self) -> str:
        """The public half, base64, as consumers register it."""
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode()


class Ed25519Verifier:
    """`ports.Verifier` over `{key_id: {"producer": …, "public_key": base64}}`, read again once for an unknown key.

    Reading again lets a newly registered key work at once, without a restart, while its predecessor still does.
    """

    def __init__(self, read_keys: Callable[[], str]) -> None:
        self._read_keys = read_keys
        self._keys: Mapping[str, Mapping[str, str]] = json.loads(read_keys())

    def _entry(self, key_id: str) -> Mapping[str, str] | None:
        if key_id not in self._keys:
            self._keys = json.loads(self._read_keys())
        return self._keys.get(key_id)

    def verify(self, key_id: str, message: bytes, signature: str) -> bool:
        """See `ports.Verifier`."""
        entry = self._entry(key_id)
        if entry is None:
            return False
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(entry["public_key"]))
        try:
            key.verify(base64.b64decode(signature, validate=True), message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def producer_of(self, key_id: str) -> str | None:
        """See `ports.Verifier`."""
        entry = self._entry(key_id)
        return entry["producer"] if entry else None


def new_signing_secret(key_id: str) -> str:
    """A fresh key pair as the secret `Ed25519Signer` reads."""
    raw = Ed25519PrivateKey.generate().private_bytes_raw()
    return json.dumps({"key_id": key_id, "private_key": base64.b64encode(raw).decode()})
