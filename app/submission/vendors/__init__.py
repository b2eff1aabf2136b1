"""Transcripts in the shapes of other vendors' APIs: Deepgram's and AssemblyAI's."""
