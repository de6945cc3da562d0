"""uvicorn as the default server: its WebSocket protocol and its stop, mended where clients would suffer."""
