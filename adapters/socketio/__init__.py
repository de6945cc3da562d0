"""The ancestor's own clients: Socket.IO over Engine.IO 4, as a transport and a codec under the same sessions.

`app` answers what comes in; `polling_transport` and a server's WebSocket carry what goes out; a `connection` is one
client on either; `connections` are all of them; `packet_reader` and `codec` read and write; `sent_log` and
`kept_sessions` are what a client that lost its connection goes on from.
"""
