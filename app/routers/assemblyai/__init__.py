"""`/v2/upload` and `/v2/transcript`: recordings as AssemblyAI's clients send them."""
