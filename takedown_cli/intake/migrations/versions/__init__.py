"""The revisions, in order. They guarantee that each is applied once. A published one must never be changed."""
