"""The wire of `protocol.md`, `dialogue.v1`: requests decoded and checked; answers, events and notices encoded; and the
transport on any ASGI server.

The one adapter that other adapters in front of the services may import.
"""
