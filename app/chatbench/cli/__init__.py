"""The terminal face: click commands over the services. No Qt."""
