"""The one place that wires everything: what is given, the storage, the services, the ways in; each builds on the one
before it."""

from .container import Container

__all__ = ["Container"]
