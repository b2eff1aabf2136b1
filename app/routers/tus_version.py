"""The version of the tus protocol that this server speaks."""

TUS_VERSION = "1.0.0"
