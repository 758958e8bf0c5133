"""The laboratory in a browser: a web server, and an application in a child process for each page that is open."""
