"""The one line that says what was not run where there is no browser."""

from __future__ import annotations

LEFT_OUT = "browser tests are left out: no Chromium with a Chinese font (install 'chromium' and 'fonts-noto-cjk')"
