"""Deposits in a bank's file, whichever of its forms it has: NACHA with CCD+ addenda, or BAI2.

Strict: a file whose own totals do not add up is refused whole, with the record and what was expected.
Error details name places and kinds, never content.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from functions.billing.domain.errors import ContractError
from functions.billing.domain.keys import derived_id

# The addenda carry the 835's TRN as it stands there; some banks end it with a backslash.
_TRN = re.compile(
    r"TRN(?P<separator>[*|^])1(?P=separator)(?P<trace>[^*|^~\\]+)(?P=separator)(?P<payer>[^*|^~\\\s]+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankDeposit:
    """One credit on one of our accounts, in a file of one form. Without a TRN in the file both numbers are empty."""

    form: str
    account: str
    reference: str
    amount_cents: int
    deposited_on: date
    trace_number: str = ""
    payer_identifier: str = ""
    repeat: int = 0
    """0 for the first deposit of its file that says exactly this, 1 for the next."""

    @property
    def deposit_id(self) -> str:
        """What files of this form call it: the same deposit in another one has the same name."""
        return derived_id(
            "D",
            self.account,
            self.reference,
            str(self.amount_cents),
            self.deposited_on.isoformat(),
            self.trace_number,
            self.payer_identifier,
            str(self.repeat),
        )


def unreadable(place: str, expected: str) -> ContractError:
    """The refusal of a bank file: where, and what should stand there."""
    return ContractError("bank_file_unreadable", detail=f"{place}: expected {expected}")


def trace_in(text: str) -> tuple[str, str]:
    """TRN02 and TRN03 in an addenda text; both empty if it holds no TRN."""
    found = _TRN.search(text)
    return (found["trace"].strip(), found["payer"].strip()) if found else ("", "")


def day_of(text: str, place: str) -> date:
    """A date written YYMMDD."""
    try:
        return datetime.strptime(text, "%y%m%d").date()  # noqa: DTZ007 - a bank's day has no zone
    except ValueError:
        raise unreadable(place, "a date YYMMDD") from None


def number_of(text: str, place: str) -> int:
    """A whole number, such as cents."""
    if not text.isascii() or not text.isdigit():
        raise unreadable(place, "digits")
    return int(text)


def numbered(deposits: Iterable[BankDeposit]) -> tuple[BankDeposit, ...]:
    """Deposits of one file, those that say exactly the same told apart."""
    seen: Counter[BankDeposit] = Counter()
    made = []
    for one in deposits:
        made.append(replace(one, repeat=seen[one]))
        seen[one] += 1
    return tuple(made)
