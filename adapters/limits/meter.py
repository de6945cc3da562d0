"""Who has spent how much of one rate."""

from __future__ import annotations

from collections import OrderedDict

from ...domain.rate import Rate

MAX_SUBJECTS = 20_000
"""So many users, or addresses, are remembered at a time; who has been quiet for longest is forgotten first."""


class Meter:
    """Counts by the generic cell rate algorithm (GCRA), with one number for each who is counted.

    It is the time at which all that the subject has spent will be paid back, each unit taking `per_s / amount`. As long
    as that is less than `per_s` ahead there is something left to spend. What costs more than `amount` can be spent by
    who owes nothing, and is paid back for so much longer.
    """

    def __init__(self, rate: Rate, max_subjects: int = MAX_SUBJECTS) -> None:
        self.rate = rate
        self._unit_s = rate.per_s / rate.amount
        self._max_subjects = max_subjects
        self._paid_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._paid_at)

    def wait_s(self, subject: str, cost: int, now: float) -> float:
        """How long until the subject may spend so much; 0 or less where it may now."""
        owed_s = self._paid_at.get(subject, 0.0) - now
        rate = self.rate
        return (owed_s if owed_s > 0 else 0.0) + min(cost, rate.amount) * self._unit_s - rate.per_s

    def spend(self, subject: str, cost: int, now: float) -> None:
        """Count what the subject does."""
        paid_at = self._paid_at
        since = paid_at.get(subject, 0.0)
        paid_at[subject] = (since if since > now else now) + cost * self._unit_s
        paid_at.move_to_end(subject)
        if len(paid_at) > self._max_subjects:
            paid_at.popitem(last=False)

    def exhaust(self, subject: str, until: float, now: float) -> None:
        """Let the subject do nothing before `until`, and then be as one that has just spent all."""
        paid_at = max(self._paid_at.get(subject, 0.0), until + self.rate.per_s)
        self._paid_at[subject] = now
        self.spend(subject, 0, now)
        self._paid_at[subject] = paid_at
