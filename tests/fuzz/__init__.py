"""What nobody should send, sent a hundred thousand times: `scripts/fuzz` plays all of it, a test a fixed small share.

junk       values that nobody should send
mutation   ... and how they get into what was really sent
watch      what must not happen meanwhile
rooms/     where all this is read: one file for each
line       ... how some of them ask: straight, or over a socket by the client of accounts
play       the cases of a room, one after the other
hostile    sizes that nobody should send, over real sockets, each in a process of its own
"""
