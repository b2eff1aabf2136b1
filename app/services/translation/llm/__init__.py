"""Translation by language models behind the chat-completions protocol."""
