"""How long a process has kept a core busy: unlike a clock, it does not count what other programs do meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def cpu_s(pid: int) -> float:
    """Seconds of all its threads, since its start; to a hundredth."""
    if sys.platform == "linux":  # whose `ps` tells whole seconds
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    said = subprocess.run(["ps", "-o", "time=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout
    seconds = 0.0
    for part in said.strip().replace("-", ":").split(":"):  # [[days-]hours:]minutes:seconds
        seconds = seconds * 60 + float(part)
    return seconds
