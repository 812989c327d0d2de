"""The web pages: templates and static files, as a browser gets them. There is no build step."""
