"""The other queues: each a process of its own that sends the same requests and keeps no books at all."""
