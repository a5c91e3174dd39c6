"""Run the command line with ``python -m takedown_cli``.

It guarantees the same behaviour as the installed ``takedown`` command.
It must never do anything of its own.
"""

from takedown_cli.cli.app import main

if __name__ == "__main__":
    main()
