"""Conversations as files. No SQL here: values in, text out."""
