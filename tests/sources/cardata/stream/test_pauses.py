"""How troubles of the stream are judged by those before them."""

from datetime import timedelta
from typing import Final

import pytest

from custom_components.mybmw.sources.cardata.stream_pauses import Pauses
from custom_components.mybmw.sources.cardata.stream_status import Trouble

from .rig import Time

AT_ONCE: Final = timedelta(0)


@pytest.mark.parametrize(
    ("came", "judged"),
    [
        ([Trouble.HUNG_UP], Trouble.UNREACHABLE),
        ([Trouble.HUNG_UP, Trouble.HUNG_UP], Trouble.NOT_PERMITTED),
        ([Trouble.HUNG_UP, Trouble.HUNG_UP, Trouble.HUNG_UP], Trouble.NOT_PERMITTED),
        ([Trouble.HUNG_UP, Trouble.UNREACHABLE, Trouble.HUNG_UP], Trouble.UNREACHABLE),
        ([Trouble.HUNG_UP, None, Trouble.HUNG_UP], Trouble.UNREACHABLE),
        ([Trouble.NOT_PERMITTED], Trouble.NOT_PERMITTED),
    ],
)
def test_who_hangs_up_twice_does_not_permit_it(came: list[Trouble | None], judged: Trouble) -> None:
    """Once, the way may have broken in that moment; no message tells the owner to look into BMW's portal then."""
    pauses = Pauses(Time(), lambda: 0.0)
    assert [pauses.judge(trouble, AT_ONCE) for trouble in came][-1] is judged


@pytest.mark.parametrize("minutes", [0, 1, 2, 4, 5, 6, 9])
def test_a_rival_is_found_out_at_the_third_drop_however_long_it_waits(time: Time, minutes: int) -> None:
    """Clients back off for two to five minutes at most, and for a little longer by chance."""
    pauses, judged = Pauses(time, lambda: 0.5), list[Trouble | None]()
    for _ in range(3):
        lived = timedelta(minutes=minutes)
        time.now += lived
        judged.append(pauses.judge(Trouble.DROPPED, lived))
        time.now += pauses.after(judged[-1], lived)
    assert judged == [Trouble.DROPPED, Trouble.DROPPED, Trouble.RIVAL]


@pytest.mark.parametrize("minutes", [[11], [30], [1, 11]])
def test_who_lets_us_be_meanwhile_is_no_rival(time: Time, minutes: list[int]) -> None:
    pauses = Pauses(time, lambda: 0.0)
    for minute in minutes * 20:
        lived = timedelta(minutes=minute)
        time.now += lived
        assert pauses.judge(Trouble.DROPPED, lived) is Trouble.DROPPED
        time.now += pauses.after(Trouble.DROPPED, lived)
