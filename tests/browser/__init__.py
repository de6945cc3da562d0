"""The page and its client in a real browser, in front of real servers.

Begin with `test_chat.py`: people (`people.py`) who talk. `between.py` is what a test puts between a page and its
server: a wire that plays a part of what is said, and faults that are planted in the page's scripts, to see that a test
finds them. `conftest.py` starts browsers and servers; `shop_app.py` is an application that is no chat.

The client, `/client.js`, against the real server in `test_client`, and against one that is played word by word by
`scripted_socket.js`:

- `test_client_protocol`: connecting, answers, handlers.
- `test_client_recovery`: coming back into rooms.
- `test_client_triggers`: keys, and what is sent again.
- `test_client_frames`: what is too large.
- `test_client_redaction`: redactions and read marks.

The page:

- `test_any_app`: an application of which it knows nothing.
- `test_scrolling`, `test_reading`, `test_unread`: reading back, what is new, which day it is, what is unread.
- `test_writing`, `test_windows`, `test_removal`: what waits, whose window it is, taking back.
- `test_restart`, `test_starting_over`: the server goes, and comes back with all of it or without.

`test_event_source` holds the script of a how-to.
"""
