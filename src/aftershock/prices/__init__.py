"""Daily prices: where they come from, what shape they have, what is wrong with them."""
