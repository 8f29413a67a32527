"""The style of the plain list, and the policy that lets a browser apply nothing else."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

STYLE = """
:root{color-scheme:light dark;--ink:#1d2330;--dim:#5c6577;--line:#d9dde5;--card:#fff;--back:#f5f6f9;
--good:#14713d;--busy:#8a5a00;--bad:#b3261e;--code:#eef1f6}
@media (prefers-color-scheme:dark){:root{--ink:#e7eaf1;--dim:#9aa4b6;--line:#333b4b;--card:#1b202b;
--back:#12161e;--good:#63d297;--busy:#f0b95a;--bad:#ff8f86;--code:#11151d}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:56rem;padding:2rem 1rem 3rem;background:var(--back);color:var(--ink);
font:1rem/1.5 system-ui,sans-serif}
header{display:flex;gap:1rem;align-items:baseline;justify-content:space-between}
h1{margin:0;font-size:1.5rem}
header p,footer,dt,.shape{color:var(--dim)}
article{margin:1rem 0;padding:1rem 1.25rem;background:var(--card);border:1px solid var(--line);
border-left:.3rem solid var(--good);border-radius:.5rem}
article.converting,article.empty{border-left-color:var(--busy)}
article.failed{border-left-color:var(--bad)}
h2{display:flex;gap:1rem;align-items:baseline;justify-content:space-between;margin:0 0 .5rem;
font-size:1.15rem;overflow-wrap:anywhere}
.state{flex:none;font-size:.85rem;font-weight:600;color:var(--good)}
.converting .state{color:var(--busy)}
.failed .state{color:var(--bad)}
p{margin:.5rem 0}
pre{margin:.5rem 0;padding:.6rem .8rem;background:var(--code);border-radius:.35rem;
overflow-wrap:anywhere;white-space:pre-wrap;user-select:all}
code{font:.9rem/1.5 ui-monospace,monospace}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.75rem 0 0}
dd{margin:0;overflow-wrap:anywhere}
ul{margin:.5rem 0 0;padding-left:1.2rem}
.error,.warnings{overflow-wrap:anywhere;white-space:pre-line}
.error{margin:.5rem 0;padding:.1rem .8rem .5rem;border-left:.2rem solid var(--bad)}
.warnings li{color:var(--busy)}
a{color:inherit}
footer{margin-top:2rem;font-size:.85rem}
"""

STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{STYLE_HASH}'",
        "img-src data:",  # the empty icon that keeps browsers from asking for favicon.ico
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)
"""Nothing runs and nothing is fetched, even if a name of a file were to break out."""
