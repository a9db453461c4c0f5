"""Where the library's prompts come from besides this window: linked folders, and texts that prompts share."""
