"""The gap between two connections, also if the account was taken down and set up again in between."""

from datetime import timedelta

from custom_components.mybmw.sources import Credentials
from custom_components.mybmw.sources.cardata.access import Access
from custom_components.mybmw.sources.cardata.memory import Memory
from custom_components.mybmw.sources.cardata.stream_gap import GAP, Gap
from tests.simulator import Simulator
from tests.sources.cardata.rig import NOW, TOKEN, asked

from .rig import Listener, Time


async def test_a_reload_does_not_bring_it_back_too_early(
    listener: Listener, cloud: Simulator, access: Access, time: Time
) -> None:
    """Or it would be refused, wait for longer, and renew a token that is good."""
    await listener.connected()
    await listener.stream.close()
    time.now += timedelta(seconds=2)
    again = Listener(cloud, access, time)
    again.stream.start()
    assert await again.waiting() == timedelta(seconds=10)
    await again.retry()
    await again.connected()
    await again.stream.close()
    knocks = cloud.stream.gate.knocks
    assert [(knock.at, knock.is_in) for knock in knocks] == [(NOW, True), (NOW + timedelta(seconds=12), True)]
    assert asked(cloud, TOKEN) == []


async def test_it_is_remembered_over_a_restart_and_only_as_long_as_it_lasts() -> None:
    time, kept = Time(), list[Credentials]()

    async def keep(credentials: Credentials) -> None:
        kept.append(credentials)

    gap = Gap(Memory({}, keep), time)
    await gap.store()
    assert (gap.ends_at, kept) == (NOW, []), "there was no connection"
    gap.begin()
    time.now += timedelta(seconds=5)
    await gap.store()
    after_restart = Gap(Memory(kept[-1], keep), time)
    assert after_restart.ends_at == NOW + GAP
    time.now -= timedelta(hours=5)
    assert after_restart.ends_at == time() + GAP, "a clock that is set back makes it no longer"
    time.now += timedelta(hours=6)
    assert after_restart.ends_at < time()


async def test_a_full_disk_keeps_nobody_from_leaving(listener: Listener, access: Access) -> None:
    async def keep(_credentials: Credentials) -> None:
        message = "no space left"
        raise OSError(message)

    access.memory._keep = keep
    await listener.connected()
    await listener.stream.close()
