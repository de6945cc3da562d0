"""How what was kept becomes visible: memory, members, handlers, and what is told of evictions."""
