"""Real receivers on loopback: an HTTP server and a small mail server, both of which can be away for a while."""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
import time


class Hook(http.server.ThreadingHTTPServer):
    """Keeps what was posted; `answer` is the status of the next answers."""

    allow_reuse_address = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), _HookHandler)
        self.received, self.keys, self.answer = [], [], 200
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/alarms"

    def stop(self):
        self.shutdown()
        self.server_close()


class _HookHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.answer == 200:
            self.server.received.append(json.loads(body))
            self.server.keys.append(self.headers["Idempotency-Key"])
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *_):
        pass


class Mailbox(socketserver.ThreadingTCPServer):
    """A mail server that speaks as much SMTP (RFC 5321) as a client needs; keeps whole messages."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port=0, refuse=""):
        super().__init__(("127.0.0.1", port), _MailHandler)
        self.mails, self.refuse = [], refuse
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def stop(self):
        self.shutdown()
        self.server_close()


class _MailHandler(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 test ready")
        while line := self.rfile.readline():
            word = line[:4].upper().strip()
            if word in (b"EHLO", b"HELO"):
                self.say("250 test")
            elif word == b"MAIL" and self.server.refuse:
                self.say(self.server.refuse)
            elif word == b"DATA":
                self.say("354 go on")
                lines = []
                while (text := self.rfile.readline()) != b".\r\n":
                    lines.append(text.decode())
                self.server.mails.append("".join(lines))
                self.say("250 taken")
            elif word == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")


def wait_for(claim, seconds=10.0):
    """Wait until the claim holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if claim():
            return
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s")
