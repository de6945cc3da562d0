"""Who is connected, in which rooms, and what waits to be sent to them; no technology."""
