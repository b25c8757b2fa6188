"""Services and messages."""

from datetime import date

import pytest

from custom_components.mybmw.vehicle import (
    CheckControlMessage,
    Maintenance,
    Service,
    ServiceStatus,
    ServiceType,
    Severity,
)


def _service(
    name: str = "oil",
    *,
    status: ServiceStatus = ServiceStatus.OK,
    due: date | None = None,
    distance: int | None = None,
) -> Service:
    return Service(type=ServiceType.OTHER, name=name, status=status, due_date=due, due_distance_km=distance)


@pytest.mark.parametrize(
    ("statuses", "is_required"),
    [
        (None, None),
        ([], False),
        ([ServiceStatus.OK], False),
        ([ServiceStatus.OK, ServiceStatus.PENDING], True),
        ([ServiceStatus.OVERDUE], True),
        ([ServiceStatus.UNKNOWN], True),  # better one look too many
    ],
)
def test_a_service_is_required_unless_all_are_well(
    *, statuses: list[ServiceStatus] | None, is_required: bool | None
) -> None:
    services = None if statuses is None else tuple(_service(status=status) for status in statuses)
    assert Maintenance(services=services).is_service_required is is_required


@pytest.mark.parametrize(
    ("severities", "is_urgent"),
    [
        (None, None),
        ([], False),
        ([Severity.LOW, Severity.LOW], False),
        ([Severity.UNKNOWN], False),
        ([Severity.LOW, Severity.MEDIUM], True),
        ([Severity.HIGH], True),
        ([Severity.CRITICAL], True),
    ],
)
def test_a_low_message_only_says_that_something_is_watched(
    *, severities: list[Severity] | None, is_urgent: bool | None
) -> None:
    messages = (
        None if severities is None else tuple(CheckControlMessage(name="oil", severity=each) for each in severities)
    )
    assert Maintenance(messages=messages).has_urgent_message is is_urgent


def test_the_next_service_is_the_first_by_date_or_by_distance() -> None:
    soon, near = _service(due=date(2026, 1, 1), distance=9_000), _service(due=date(2027, 1, 1), distance=500)
    maintenance = Maintenance(services=(_service(due=date(2028, 1, 1), distance=20_000), near, soon))
    assert maintenance.next_by_date is soon
    assert maintenance.next_by_distance is near


def test_an_overdue_service_comes_first() -> None:
    overdue = _service(distance=-100)
    assert Maintenance(services=(_service(distance=50), overdue)).next_by_distance is overdue


def test_a_service_that_is_due_now_is_due() -> None:
    now = _service(distance=0)
    assert Maintenance(services=(_service(distance=50), now)).next_by_distance is now


def test_the_name_decides_between_equals() -> None:
    day = date(2026, 1, 1)
    brakes = _service("brake_fluid", due=day, distance=500)
    maintenance = Maintenance(services=(_service("vehicle_check", due=day, distance=500), brakes))
    assert maintenance.next_by_date is brakes
    assert maintenance.next_by_distance is brakes


@pytest.mark.parametrize("services", [None, (), (_service(),)])
def test_nothing_is_next_if_nothing_is_due(services: tuple[Service, ...] | None) -> None:
    assert Maintenance(services=services).next_by_date is None
    assert Maintenance(services=services).next_by_distance is None
