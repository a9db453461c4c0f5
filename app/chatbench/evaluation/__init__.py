"""What answers are worth: checks on them, statistics of runs, and how strong each model is. No model is
called here: what a grader is to be asked, and what its answer means, is."""
