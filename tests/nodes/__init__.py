"""Several whole nodes over one storage in memory, in one process.

- `cluster.py` are the nodes, and what their sessions were told; `rough_bus.py` is a bus that loses, repeats and
  reorders.
- `test_one_sequence.py`: what all members are told, whatever the bus does. `test_rooms_elsewhere.py`: rooms that others
  make, delete, trim, redact and begin anew. `test_passing.py`: events without history, marks and sizes. `test_poll.py`
  and `test_bus.py`: how a node learns of others, and what it says when it cannot. `test_capacities.py`: who is in a
  room, counted over all nodes.
- `test_on_postgresql.py`: two whole applications over a real database.
- `test_planted.py` shows that these find faults.
"""
