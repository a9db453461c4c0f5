"""The workbench: prompts with their versions, data sets, and runs of the one on the other."""
