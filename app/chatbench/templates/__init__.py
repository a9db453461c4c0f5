"""Texts with places to be filled in: a small language that can neither run for ever nor reach outside."""
