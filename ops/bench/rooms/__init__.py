"""What is measured, a module each: `run(bench)` writes into sheets of the bench's book."""
