"""The owners of the cars of the garage: what there is to see is made here."""

from datetime import time
from typing import Final

from .models import Charging, Outing, Owner, Stop
from .places import (
    AIRPORT,
    AUGSBURG,
    GARCHING,
    GARMISCH,
    MALL,
    MARKET,
    NUREMBERG,
    POOL,
    RESEARCH_CENTER,
    SALZBURG,
    SCHOOL,
    STARNBERG,
    STATION,
    TEGERNSEE,
    UNIVERSITY,
)

_WORKDAYS: Final = (0, 1, 2, 3, 4)
_SATURDAY: Final = (5,)
_SUNDAY: Final = (6,)
_WEEKEND: Final = (5, 6)
_EVERY_DAY: Final = (0, 1, 2, 3, 4, 5, 6)

I5_OWNER: Final = Owner(
    charging=Charging(below_percent=65, target_percent=80),
    preconditions=0.55,
    outings=(
        Outing(
            days=_WORKDAYS,
            leaves=time(7, 20),
            spread_min=25,
            stops=(Stop(place=GARCHING, hours=(7.5, 9.2)),),
            chance=0.8,
        ),
        Outing(days=(1, 3), leaves=time(19), spread_min=20, stops=(Stop(place=MALL, hours=(0.6, 1.2)),), chance=0.5),
        Outing(
            days=_SATURDAY,
            leaves=time(8, 30),
            spread_min=60,
            stops=(Stop(place=SALZBURG, hours=(4, 6)),),
            chance=0.55,
        ),
        Outing(
            days=_SUNDAY,
            leaves=time(10),
            spread_min=60,
            stops=(Stop(place=STARNBERG, hours=(2, 4)),),
            chance=0.5,
        ),
        Outing(days=(2,), leaves=time(6), spread_min=15, stops=(Stop(place=NUREMBERG, hours=(6, 9)),), chance=0.35),
    ),
)

X1_OWNER: Final = Owner(
    charging=Charging(below_percent=95, target_percent=100, window=(time(22), time(5))),
    preconditions=0.3,
    leaves_something_open=0.1,
    loads=0.2,
    outings=(
        Outing(
            days=_WORKDAYS,
            leaves=time(7, 35),
            spread_min=10,
            stops=(Stop(place=SCHOOL, hours=(0.1, 0.2)),),
            chance=0.9,
        ),
        Outing(
            days=_WORKDAYS,
            leaves=time(9, 30),
            spread_min=40,
            stops=(Stop(place=MARKET, hours=(1, 2.5)), Stop(place=SCHOOL, hours=(0.3, 0.5))),
            chance=0.6,
        ),
        Outing(
            days=(0, 2, 4),
            leaves=time(15, 40),
            spread_min=25,
            stops=(Stop(place=POOL, hours=(1.2, 2)),),
            chance=0.6,
        ),
        Outing(days=_SATURDAY, leaves=time(10), spread_min=60, stops=(Stop(place=MALL, hours=(1, 2.5)),), chance=0.8),
        Outing(
            days=_SUNDAY,
            leaves=time(9, 30),
            spread_min=60,
            stops=(Stop(place=TEGERNSEE, hours=(3, 6)),),
            chance=0.5,
        ),
    ),
)

M240I_OWNER: Final = Owner(
    leaves_unlocked=0.08,
    leaves_something_open=0.08,
    loads=0.05,
    outings=(
        Outing(
            days=_WORKDAYS,
            leaves=time(8, 10),
            spread_min=30,
            stops=(Stop(place=RESEARCH_CENTER, hours=(8, 9.5)),),
            chance=0.6,
        ),
        Outing(
            days=(3, 4), leaves=time(19, 15), spread_min=30, stops=(Stop(place=MARKET, hours=(1.5, 3)),), chance=0.5
        ),
        Outing(
            days=_WEEKEND,
            leaves=time(8, 30),
            spread_min=90,
            stops=(Stop(place=GARMISCH, hours=(2, 5)), Stop(place=STARNBERG, hours=(0.7, 2))),
            chance=0.5,
        ),
    ),
)

COOPER_OWNER: Final = Owner(
    charging=Charging(below_percent=55, target_percent=90),
    preconditions=0.4,
    leaves_unlocked=0.06,
    outings=(
        Outing(
            days=_WORKDAYS,
            leaves=time(8, 45),
            spread_min=45,
            stops=(Stop(place=UNIVERSITY, hours=(3, 7)),),
            chance=0.7,
        ),
        Outing(days=_EVERY_DAY, leaves=time(18), spread_min=45, stops=(Stop(place=POOL, hours=(1, 2)),), chance=0.3),
        Outing(days=_SATURDAY, leaves=time(11), spread_min=90, stops=(Stop(place=AUGSBURG, hours=(3, 6)),), chance=0.5),
        Outing(days=_SUNDAY, leaves=time(13), spread_min=60, stops=(Stop(place=MARKET, hours=(1, 3)),), chance=0.5),
    ),
)

I3_OWNER: Final = Owner(
    charging=Charging(below_percent=80, target_percent=100),
    preconditions=0.2,
    loads=0.15,
    outings=(
        Outing(
            days=_WORKDAYS,
            leaves=time(6, 50),
            spread_min=20,
            stops=(Stop(place=STATION, hours=(8, 9.5)),),
            chance=0.75,
        ),
        Outing(
            days=(2, 5), leaves=time(18, 20), spread_min=30, stops=(Stop(place=MALL, hours=(0.5, 1.5)),), chance=0.7
        ),
        Outing(
            days=(4,),
            leaves=time(17, 45),
            spread_min=30,
            stops=(Stop(place=AIRPORT, hours=(0.3, 0.9)),),
            chance=0.5,
        ),
        Outing(days=_SUNDAY, leaves=time(9), spread_min=60, stops=(Stop(place=GARMISCH, hours=(4, 6)),), chance=0.4),
    ),
)
