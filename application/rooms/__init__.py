"""The rooms there are: finding, opening, making, deleting and sweeping them."""
