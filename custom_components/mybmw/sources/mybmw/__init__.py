"""BMW's cloud for the My BMW and MINI apps as a source of vehicles.

regions      all that differs by region
account      whose cars they are
brands       the lists they stand on
headers      the app we are seen as
wire         one request: limits, waits, refusals
auth         signing in (auth_china, slider: in China)
credentials  what lets us in again
tokens       ... kept good
questions    what can be asked
orders       what a car can be told to do
client       asking, a few at a time
garage       which cars there are to ask about
commands     sending orders, and what becomes of them
build        from answers to vehicles
source       all of it together

What signing in takes is offered here. The source itself is imported by those who open an account: it is large.
"""

from .account import Account
from .regions import CaptchaWidget, Region
from .sign_in import sign_in, stranger

__all__ = ["Account", "CaptchaWidget", "Region", "sign_in", "stranger"]
