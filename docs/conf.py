"""How the documents become a site: `make docs`. Nothing of it comes from another host."""

from importlib.metadata import version as version_of

project = "onsale"
author = "the onsale authors"
project_copyright = author
version = release = version_of("onsale")

extensions = ["myst_parser"]
# Every heading can be linked to by the name that code hosts give it.
myst_heading_anchors = 4
source_suffix = {".md": "markdown"}

html_theme = "furo"
html_title = "onsale"
html_show_sourcelink = False
html_copy_source = False
# `make docs-links` asks the hosts that are linked to; those of an example answer nobody.
linkcheck_ignore = [r"http://(127\.0\.0\.1|localhost)[:/].*", r"https?://[a-z.]*example\.(com|org)"]
linkcheck_timeout = 10
