"""What can go wrong on the local cloud, said to a person in one line with what to do about it."""


class LocalCloudError(Exception):
    """Something the runner cannot go on without.

    Parameters
    ----------
    what
        What happened, in one sentence.
    advice
        What the person at the terminal can do.
    """

    def __init__(self, what: str, *, advice: str) -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice

    def __str__(self) -> str:
        """Both, on one line."""
        return f"{self.what} {self.advice}"
