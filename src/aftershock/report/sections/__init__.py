"""The parts a page is made of."""
