"""A whole cluster in one process, on virtual time, from one seed.

| file | what it is |
| --- | --- |
| `virtual_time.py` | the event loop: nothing waits, and the same seed is the same run |
| `owners.py` | which task belongs to which node, so that a node can be killed |
| `node.py` | a node, wired as it ships, and connections to it |
| `link.py`, `storage.py` | the shipped storage in memory, as a node reaches it: late, failing, losing answers, cut |
| `network.py` | the bus: it loses, repeats, delays, reorders, and can be cut |
| `client.py`, `view.py` | clients on the wire, and what each has seen of a room |
| `truth.py` | what was kept, in order, which all of that is held against |
| `world.py`, `simulate.py` | one run: a storm, then a calm in which all must be seen |
| `planted.py` | faults that must be found |
| `test_simulation.py` | two hundred seeds, and every fault that is planted |
| `__main__.py` | the same from a command line, for as many seeds as one has time for |
"""
