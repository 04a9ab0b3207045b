"""The provider families, and the one interface they all fill."""
