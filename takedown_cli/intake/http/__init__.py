"""The web interface: limits, routes, and the lines between HTTP and the service."""
