"""Time in the hands of a test."""

from datetime import datetime, timedelta


class SetClock:
    """A clock that stands still unless it is set or told to go on."""

    def __init__(self, now: datetime) -> None:
        """Set it."""
        self.now = now

    def __call__(self) -> datetime:
        """What it shows."""
        return self.now

    def advance(self, **duration: float) -> None:
        """Let some time pass."""
        self.now += timedelta(**duration)
