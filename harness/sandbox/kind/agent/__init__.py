"""The delay agent: the image that stands between a Service and the pods of a slot, and its one script."""
