"""HTTP routes: request values in, wire shapes out."""
