"""What the tests of this room share."""

import pytest

from .cloud import Clock, Cloud, Keeper, Sleeper


@pytest.fixture
def clock() -> Clock:
    """A clock in the hands of the test."""
    return Clock()


@pytest.fixture
def sleep() -> Sleeper:
    """Sleep that takes no time."""
    return Sleeper()


@pytest.fixture
def cloud() -> Cloud:
    """A cloud in which everything works, with all recorded cars."""
    return Cloud()


@pytest.fixture
def keep(cloud: Cloud) -> Keeper:
    """A place for credentials."""
    return Keeper(cloud)
