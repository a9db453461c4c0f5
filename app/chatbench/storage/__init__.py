"""The profile on disk: one SQLite file, content-addressed files, the system's keyring."""
