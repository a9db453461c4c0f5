"""One call made well: which model, with which key, at what price, tried how often."""
