"""Making something happen: publish, redact, erase, and the group commit that keeps it."""
