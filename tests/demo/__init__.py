"""A real Home Assistant with our integration and a simulated cloud full of cars, to look at and to test."""


class DemoError(Exception):
    """What keeps a demo from going on; the message says what to do about it."""
