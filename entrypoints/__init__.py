"""Where everything is put together and started: container, settings, server, command line, the page and its client."""
