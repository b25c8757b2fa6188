"""How troubles of the stream are judged by those before them."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from custom_components.mybmw.sources.cardata.stream_pauses import Pauses
from custom_components.mybmw.sources.cardata.stream_status import Trouble

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
    pauses = Pauses(lambda: datetime(2026, 11, 21, tzinfo=UTC), lambda: 0.0)
    assert [pauses.judge(trouble, AT_ONCE) for trouble in came][-1] is judged
