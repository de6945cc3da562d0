"""What a node counts, and how it is told to Prometheus; a registry of its own for each application."""
