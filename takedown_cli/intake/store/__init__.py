"""The database: tables, migrations, connections and the single writer."""
