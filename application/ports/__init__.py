"""What the services need from outside, beside storage: time, identity, and the bytes of a connection."""
