"""What the cloud was asked."""

from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request: what it was about, and the status it was answered with. 0 is a connection that broke before.

    `struck_by` are the names of the faults that it met, `was_at_risk` is whether there was one that strikes some such
    requests.
    """

    method: str
    path: str
    vin: str | None
    brand: str | None
    status: int
    struck_by: tuple[str, ...] = field(default=(), compare=False)
    was_at_risk: bool = field(default=False, compare=False)
    at: datetime = field(default_factory=lambda: datetime.now(UTC), compare=False)
