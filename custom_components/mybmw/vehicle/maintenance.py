"""Services that become due and messages of the check control."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum


class ServiceType(StrEnum):
    """What is to be serviced (BMW's "condition based service")."""

    BRAKE_FLUID = "brake_fluid"
    BRAKE_PADS_FRONT = "brake_pads_front"
    BRAKE_PADS_REAR = "brake_pads_rear"
    EMISSION_CHECK = "emission_check"
    ENGINE_OIL = "engine_oil"
    OIL = "oil"
    TIRE_WEAR_FRONT = "tire_wear_front"
    TIRE_WEAR_REAR = "tire_wear_rear"
    VEHICLE_CHECK = "vehicle_check"
    VEHICLE_TUV = "vehicle_tuv"
    OTHER = "other"


class ServiceStatus(StrEnum):
    """How urgent a service is."""

    OK = "ok"
    PENDING = "pending"
    OVERDUE = "overdue"
    UNKNOWN = "unknown"


class Severity(IntEnum):
    """How serious a check-control message is; LOW only says that a system is monitored."""

    UNKNOWN = 0
    OK = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service the car keeps count of; `name` is BMW's own word for it, in lower case."""

    type: ServiceType
    name: str
    status: ServiceStatus = ServiceStatus.UNKNOWN
    due_date: date | None = None
    due_distance_km: int | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckControlMessage:
    """One message of the check control; `name` is BMW's own word for it, in lower case."""

    name: str
    severity: Severity = Severity.UNKNOWN
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """What the car says of its upkeep; None where it says nothing at all."""

    as_of: datetime | None = None
    services: tuple[Service, ...] | None = None
    messages: tuple[CheckControlMessage, ...] | None = None

    @property
    def is_service_required(self) -> bool | None:
        """Whether a service is pending or overdue, or in a status that nobody knows: better one look too many."""
        if self.services is None:
            return None
        return any(service.status is not ServiceStatus.OK for service in self.services)

    @property
    def has_urgent_message(self) -> bool | None:
        """Whether there is a message beyond "this system is monitored"."""
        if self.messages is None:
            return None
        return any(message.severity > Severity.LOW for message in self.messages)

    @property
    def next_by_date(self) -> Service | None:
        """The service with the earliest date; BMW's word decides between equals."""
        return self._first(lambda service: service.due_date)

    @property
    def next_by_distance(self) -> Service | None:
        """The service with the shortest distance left; BMW's word decides between equals."""
        return self._first(lambda service: service.due_distance_km)

    def _first[T: (date, int)](self, due: Callable[[Service], T | None]) -> Service | None:
        dated = [(when, service.name, service) for service in self.services or () if (when := due(service)) is not None]
        return min(dated, key=lambda entry: entry[:2])[2] if dated else None
