"""The leaf that producer, worker and ops share: records, states, keys and the wire format."""
