"""Services that become due and messages of the check control."""

from typing import Final

from ....vehicle import CheckControlMessage, Maintenance, Service, ServiceStatus, ServiceType, Severity
from ...fields import Fields, names_of

_TYPE: Final = names_of(ServiceType, unknown=ServiceType.OTHER)
_STATUS: Final = names_of(ServiceStatus, unknown=ServiceStatus.UNKNOWN)
_SEVERITY: Final = names_of(Severity, unknown=Severity.UNKNOWN)

_KILOMETERS_LEFT: Final = range(-1_000_000, 1_000_000)
_NAMELESS: Final = "other"


def build_maintenance(state: Fields) -> Maintenance:
    """What is due, and which messages say more than that all is well."""
    services, messages = state.parts("requiredServices"), state.parts("checkControlMessages")
    return Maintenance(
        services=None if services is None else tuple([_service(service) for service in services]),
        messages=None
        if messages is None
        else tuple([told for message in messages if (told := _message(message)).severity is not Severity.OK]),
    )


def _service(service: Fields) -> Service:
    """A service; a distance of 0 is none, that is how BMW leaves it out."""
    return Service(
        type=service.token("type", _TYPE),
        name=service.word("type") or _NAMELESS,
        status=service.token("status", _STATUS),
        due_date=service.day("dateTime"),
        due_distance_km=service.integer("mileage", _KILOMETERS_LEFT) or None,
        description=service.text("description"),
    )


def _message(message: Fields) -> CheckControlMessage:
    return CheckControlMessage(
        name=message.word("type") or _NAMELESS,
        severity=message.token("severity", _SEVERITY),
        description=message.text("longDescription"),
    )
