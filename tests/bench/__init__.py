"""What the integration costs, beside what the one before it did: `scripts/bench`, docs/performance.md."""
