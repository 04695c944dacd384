mod closed;
