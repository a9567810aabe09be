"""A bank's file of either form, told by its first characters."""

from functions.billing.bank.bai2 import read_bai2
from functions.billing.bank.deposits import BankDeposit, unreadable
from functions.billing.bank.nacha import read_nacha


def read_bank_file(body: bytes) -> tuple[BankDeposit, ...]:
    """Every credit of the file, in its order.

    Raises
    ------
    ContractError
        If it is of neither form, malformed, or its own totals do not hold.
    """
    try:
        text = body.decode("ascii").lstrip("\r\n ")
    except UnicodeDecodeError as error:
        raise unreadable(f"byte {error.start}", "ASCII text") from None
    if text.startswith("101"):
        return read_nacha(text)
    if text.startswith("01,"):
        return read_bai2(text)
    raise unreadable("record 1", "a NACHA (101) or BAI2 (01,) file header")
