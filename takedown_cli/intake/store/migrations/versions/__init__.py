"""The revisions, in order; each is applied once. A published revision is never changed: databases have it already."""
