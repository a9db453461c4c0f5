"""What answers are worth: from people's ratings to how strong each model is. No model is called here."""
