"""The commands that a person types: each module holds a few, loaded when one of them is called."""
