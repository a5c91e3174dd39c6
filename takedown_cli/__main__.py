"""Run the command line with ``python -m takedown_cli``, as the installed ``takedown`` does."""

from takedown_cli.cli.app import main

if __name__ == "__main__":
    main()
