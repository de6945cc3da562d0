"""Faults against real servers: kill -9, a storage that fails, hooks that hang, strangers who send anything.

Begin with `test_killed.py`, the shortest whole story: writers and watchers (`flood.py`) of a server that is killed, and
a ledger (`ledger.py`) of what was answered for, which is compared with what the database holds (`kept.py`). Then read
`test_concurrency.py`: a crowd (`crowd.py`) whose clients check each other. `apps/` has the applications that are
served, and `serving.py` starts them; `conftest.py` ends them, and prints the figures.

What happens to a server, or what is sent to it:

- `test_killed`: it is killed, many times over one file.
- `test_stopped_under_load`: it is asked to stop while everybody talks to it.
- `test_database_faults`: the database cannot be written for a while, is deleted, replaced, or goes back.
- `test_postgresql`: PostgreSQL ends, or ends connections, under load; somebody else has a room or all connections.
- `test_cluster`: several nodes over one PostgreSQL are killed, stopped, and cut off; `delays.py` is how long an event
  needs from one to the other.
- `test_deadlines`: another program holds the database, and many write at once.
- `test_hooks`: hooks and handlers fail, never end, or take long.
- `test_clock`: the clock jumps.
- `test_concurrency`: many clients at once; `test_planted` shows that this crowd finds faults.
- `test_blocked_client`, `test_floods`, `test_silent_clients`, `test_heartbeat`: clients that do not read, do not send,
  or only send.
- `test_bursts`: three members send hundreds of events without history in one piece.
- `test_strangers`: many who ask over HTTP without a name (`callers.py`) cost the members nothing.
- `test_strangers_floods`: floods by one stranger of connections, joins, rooms, frames and calls, and 10 MB at once:
  each is stopped with its code while others are answered.
- `test_turns_of_the_loop`: megabytes that are made to hold the loop (`torrents.py`).
- `test_bad_frames_at_random`, `test_bad_handshakes`, `test_http_at_random`, `test_memory_after_bad_frames`: what
  strangers may send, drawn (`frame_strategies.py`), and what the server owes for it (`what_is_due.py`).

What the crowd is made of: `writers.py`, `readers.py` and `members.py` are people; each is a `peer.py`, a client that
checks all that it is sent. `views.py` is what one connection was sent of one room, `pages.py` what a page must have
held, `sightings.py` what anybody has ever seen at a place. `bystander.py` is somebody who must not notice anything.
`switches.py` says what the server under test can do.
"""
