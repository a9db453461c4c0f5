"""Pure values and rules shared by every floor. Standard library and msgspec only."""
