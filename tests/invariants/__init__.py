"""What must always hold, against anything that may happen, in any order, on every storage.

Begin with `test_any_order.py`, which runs the machine, and `machine.py`, which is the list of its steps. Each step is
done to a real node, and held against the model: a plain list of what happened.

- The world: `world.py` is the storage, the node over it, and its clients; `storages.py` the storages that ship;
  `client.py` a client that reads and compares; `setting.py` and `steps.py` what a run and its steps are drawn from.
- The steps: `acts.py` (publish, redact, trim, end), `visits.py` (join, come back, read), `amid.py` (an end in the
  middle of publishing), `storm.py` (several things at once, `hesitation.py` drawing who waits).
- The model: `life.py` is the list, `publishing.py` what may be answered, `pages.py` what each form of page gives,
  `since.py` and `places.py` the positions that are asked for, `judge.py` whether an answer is right that was made
  while the room went on.
- The check of the checks: `faults.py` are parts with one thing wrong each, and `test_planted_faults.py` shows that the
  machine finds them.
"""
