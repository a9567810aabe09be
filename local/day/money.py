"""What the built-in day comes to when nothing breaks but what its story breaks: nothing else may move a cent.

The story is the same for every seed: a seed makes up who the patients are and which of two practitioners sees them.
Taken from a run without faults. Whoever changes the day's story changes these figures with it.
"""

from collections.abc import Mapping

# Names as in `local.run_report.Money`; what is not named is zero.
MONEY: Mapping[str, int] = {
    "billed_cents": 1_737_900,
    "contractual_cents": 625_470,
    "paid_cents": 628_682,
    "patient_cents": 115_248,
    "denied_cents": 241_000,
    "waiting_cents": 109_000,
    "disputed_cents": 18_500,
    "not_yet_billed_cents": 754_300,
    "recovered_cents": 13_530,
    "interest_cents": 123,
    "deposited_cents": 642_382,
}
