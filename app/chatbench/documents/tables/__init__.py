"""Tables in files, row by row: for data sets, which may be larger than memory."""
