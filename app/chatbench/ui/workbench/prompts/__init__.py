"""A prompt in the workbench: its versions, its messages and what they are sent with, and what comes of it."""
