"""`python -m admin_app` is the command `shouwang`."""

from __future__ import annotations

from admin_app.cli import main

if __name__ == "__main__":
    main()
