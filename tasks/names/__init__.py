"""Names → language: eighteen languages, one surname at a time, read letter by letter."""
