"""The system's time."""

from datetime import UTC, datetime


class SystemClock:
    """`ports.Clock` from the operating system."""

    def now(self) -> datetime:
        """See `ports.Clock`."""
        return datetime.now(UTC)
