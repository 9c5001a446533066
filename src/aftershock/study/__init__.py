"""Event studies: how far prices moved from what they would have done."""
