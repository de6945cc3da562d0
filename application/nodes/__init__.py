"""More than one node: learning what others have done, from the storage, and telling them what was done here."""
