"""Other programs' clients beside ours: a scratch environment, one mock server, one process a side."""
