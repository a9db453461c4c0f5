"""The quick chat: a small window above all others, and its entry in the tray."""
