"""Live captions: sound that comes as it is spoken, lines that go out as they are known."""
