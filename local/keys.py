"""Who may say what on the local cloud: a fresh key pair for each producer of events."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from functions.billing.adapters.signing import Ed25519Signer, new_signing_secret
from functions.billing.domain.events.envelope import signed_bytes

BILLING = "billing"


@dataclass(frozen=True, slots=True)
class Keys:
    """Signing secrets by producer, as `Ed25519Signer` reads them."""

    secrets: Mapping[str, str]

    @classmethod
    def for_producers(cls, producers: Iterable[str]) -> "Keys":
        """A fresh key pair for each producer, the product itself included."""
        names = sorted({BILLING, *producers})
        return cls({name: new_signing_secret(f"{name}-1") for name in names})

    def signer(self, producer: str) -> Ed25519Signer:
        """What signs as this producer."""
        return Ed25519Signer(self.secrets[producer])

    def verification_keys(self) -> str:
        """The public halves, as the verification parameter holds them."""
        keys = {}
        for producer, secret in self.secrets.items():
            signer = Ed25519Signer(secret)
            keys[signer.key_id] = {"producer": producer, "public_key": signer.public_key()}
        return json.dumps(keys, sort_keys=True)


def signed(unsigned: Mapping[str, Any], signer: Ed25519Signer) -> dict[str, Any]:
    """The envelope with its signature."""
    return {**unsigned, "signature": signer.sign(signed_bytes(unsigned))}
