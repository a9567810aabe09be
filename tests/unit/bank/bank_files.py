"""Files as a bank writes them, for the tests: NACHA with CCD+ addenda, and BAI2."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credit:
    """One credit on our account; a debit where `is_debit`."""

    cents: int
    trace: str = ""
    payer: str = "1412345678"
    reference: str = "091000010000001"
    is_debit: bool = False

    @property
    def trn(self) -> str:
        """The addenda text, empty without a trace."""
        return f"TRN*1*{self.trace}*{self.payer}\\" if self.trace else ""


def nacha(entries: Sequence[Credit], *, settles: str = "260309") -> str:
    """One CCD batch."""
    lines = [f"101 0910000191234567890{settles}1200A094101{'BANK':<23}{'CLINIC':<23}{'':8}"]
    lines.append(
        f"5200{'BLUE PEAK':<16}{'':20}1412345678CCD{'HCCLAIMPMT':<10}{settles}{settles}   1091000010000001"
    )
    count = cents = 0
    for number, one in enumerate(entries, start=1):
        code = "27" if one.is_debit else "22"
        addenda = "1" if one.trn else "0"
        lines.append(
            f"6{code}091000019{'0000123456':<17}{one.cents:010d}{'':15}{'SPRINGFIELD CLINIC':<22}  "
            f"{addenda}{one.reference:>15}"
        )
        count += 1
        cents += 0 if one.is_debit else one.cents
        if one.trn:
            lines.append(f"705{one.trn:<80}0001{number:07d}")
            count += 1
    lines.append(
        f"8200{count:06d}{0:010d}{0:012d}{cents:012d}{'1412345678':<10}{'':19}{'':6}091000010000001"
    )
    lines.append(f"9000001000001{count:08d}{0:010d}{0:012d}{cents:012d}{'':39}")
    return "\n".join(lines) + "\n"


def bai2(entries: Sequence[Credit], *, as_of: str = "260309") -> str:
    """One account of one group."""
    details: list[str] = []
    cents = 0
    for one in entries:
        code = "451" if one.is_debit else "142"
        text = f"HCCLAIMPMT {one.trn}" if one.trn else "DEPOSIT, COUNTER"
        details += [f"16,{code},{one.cents},Z,{one.reference},,{text}"]
        cents += one.cents
    account = len(details) + 2
    return "\n".join(
        [
            f"01,BANK,CLINIC,{as_of},1200,1,,,2/",
            f"02,CLINIC,BANK,1,{as_of},1200,USD,2/",
            "03,0000123456,USD,010,500000,,,015,500000,,/",
            *details,
            f"49,{cents + 1_000_000},{account}/",
            f"98,{cents + 1_000_000},1,{account + 2}/",
            f"99,{cents + 1_000_000},1,{account + 4}/",
        ]
    )
