"""The web page: what is watched, who may look, how it is shown."""
