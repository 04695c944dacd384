//! Real redis-servers for tests, examples and the demo.
