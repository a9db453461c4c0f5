"""A chat on a web page in headless Chromium, and our window, both in processes of their own."""
