"""What the services need from outside, beside storage: time, identity, the bytes of a connection, who watches."""
