"""Batch jobs at providers, as the window shows them."""
