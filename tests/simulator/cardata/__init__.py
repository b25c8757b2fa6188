"""BMW CarData beside the MyBMW API: the same garage, through the official door.

    async with Simulator(cars=["I5"]) as cloud:
        cloud.cardata.customer().client_id  # what an owner copies from the portal
        cloud.cardata.sign_in.approve(user_code)  # what they do on the page /oneid/link
        cloud.cardata.quota_window = Window.MIDNIGHT
        cloud.cardata.customer().most_descriptors = 100

Customers and what they may do, signing in, containers, questions about cars, and charging in the words of this API; how
a car's state is told is in ../speaks_cardata.py.
"""

from .containers import Container
from .customers import API, SCOPES, STREAM, Customer, Customers, Grant, Window
from .door import CarData
from .sign_in import DeviceSignIn

__all__ = [
    "API",
    "SCOPES",
    "STREAM",
    "CarData",
    "Container",
    "Customer",
    "Customers",
    "DeviceSignIn",
    "Grant",
    "Window",
]
