"""One transaction out of a file of several, for those who may see no more than that."""

from functions.billing.domain.errors import ContractError
from functions.billing.x12 import Transaction, read, write


def transaction_alone(body: bytes, control_number: str) -> bytes:
    """The transaction with this ST02, under the interchange and group it was sent in, and nothing else of the file.

    Raises
    ------
    ContractError
        If the file holds no such transaction.
    """
    for item in read(body):
        if isinstance(item, Transaction) and item.envelope.control_number == control_number:
            return write([item])
    raise ContractError("transaction_not_in_file", detail=f"ST02 {control_number}")
