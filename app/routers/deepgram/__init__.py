"""`/v1/listen`: recordings and live sound as Deepgram's clients send them."""
