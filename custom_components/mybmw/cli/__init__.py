"""Your car from a terminal, without Home Assistant.

arguments    what can be typed
exits        what the exit code says
console      the terminal: what is asked, said, and shown while one waits
store        the private file of one account
session      an account, opened for one command
sign_in      letting the owner in
orders       having a car do something
geocoder     places for addresses
status       how the cars are
pictures     how they look
fingerprint  what BMW answers, for a bug report
run          all of it together
"""

from .run import main

__all__ = ["main"]
