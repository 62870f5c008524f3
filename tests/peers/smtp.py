"""A mail server that insists on STARTTLS and AUTH, and tells what it got.

    smtp [--dir DIR]

Prints one line of JSON when it is ready: {"smtp", "api", "user", "password", "ca"}. Ends with its
standard input. GET api/mails lists the accepted mails; POST api/faults takes a list of faults, one
for each DATA to come: "451", "550", "hang", "drop-after-data" (kept, then cut before the answer).
"""

import argparse
import asyncio
import json
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

USER, PASSWORD = "resonanz", "correct horse battery staple"
mails, faults = [], []


def certificate(directory):
    key, pem = directory / "key.pem", directory / "ca.pem"
    # An end-entity certificate that is its own trust anchor, as rustls wants it.
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-addext", "basicConstraints=critical,CA:FALSE",
         "-keyout", str(key), "-out", str(pem)],
        check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    return context, pem


def authenticate(server, session, envelope, mechanism, data):
    good = data.login == USER.encode() and data.password == PASSWORD.encode()
    return AuthResult(success=good, handled=False, auth_data=data.login.decode(errors="replace"))


class Handler:
    async def handle_DATA(self, server, session, envelope):
        fault = faults.pop(0) if faults else None
        if fault in ("451", "550"):
            return f"{fault} as ordered"
        if fault == "hang":
            await asyncio.sleep(3600)
        mails.append({
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None,
            "login": session.auth_data, "raw": envelope.content.decode("utf-8", "replace")})
        if fault == "drop-after-data":
            server.transport.abort()
        return "250 kept"


class Api(BaseHTTPRequestHandler):
    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(mails)

    def do_POST(self):
        faults.extend(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.answer(faults)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", type=Path)
    context, pem = certificate(parser.parse_args().dir or Path(tempfile.mkdtemp()))
    controller = Controller(
        Handler(), hostname="127.0.0.1", port=0, tls_context=context, require_starttls=True,
        auth_required=True, authenticator=authenticate, enable_SMTPUTF8=True)
    # The controller wants to know its port before the system has chosen one.
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    controller.port = probe.getsockname()[1]
    probe.close()
    controller.start()
    api = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=api.serve_forever, daemon=True).start()
    print(json.dumps({
        "smtp": f"127.0.0.1:{controller.port}", "api": f"http://127.0.0.1:{api.server_port}",
        "user": USER, "password": PASSWORD, "ca": str(pem)}), flush=True)
    sys.stdin.read()
    controller.stop()


main()
