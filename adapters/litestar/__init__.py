"""The wire of `protocol.md` on Litestar: WebSocket and HTTP. What an event means is decided further inside."""
