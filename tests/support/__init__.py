"""What tests of every folder share: a real server in a process of its own, and clients to talk to it.

- `server_process`: starts, stops and kills a command that serves; begin here.
- `forked`: how it starts, quickly: by a fork of one process that has imported all (`fork_server`).
- `described`: frames against `/asyncapi.json`; all clients here hold what they see to it.
- `wire_client`: the client to take, async; it holds every frame to what all frames must be.
- `blocking_client`: asks and waits for the answer; for tests without a loop.
- `raw_client`: answers nothing by itself; for what no well-behaved client does.
- `websocket_frames`: frames made by hand, also those that no library would send.
- `nginx`: a real nginx in front of nodes, with a configuration of the docs.
- `readiness`: waiting until a server is ready, or no more.
- `node`: Node, and the npm packages of tests/node.
- `shelf`: an application's own storage, as it should be.
- `event_source`: server-sent events, read as the HTML standard says.
"""
