"""TLS with certificates of one's own: an authority, a certificate of 127.0.0.1, and an end of TLS before a port."""

import datetime
import ipaddress
import socket
import ssl
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Tls:
    """Certificates in `folder`."""

    def __init__(self, folder: Path):
        self.ca, self.certificate, self.key = (folder / name for name in ("ca.pem", "certificate.pem", "key.pem"))
        authority, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        issuer = named("thumbtier's tests")
        self.ca.write_bytes(signed(issuer, issuer, authority.public_key(), authority, x509.BasicConstraints(True, 0)))
        here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        self.certificate.write_bytes(signed(named("127.0.0.1"), issuer, own.public_key(), authority, here))
        self.key.write_bytes(own.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))

    def before(self, port: int) -> int:
        """The port of an end of TLS before `port`, on threads that end with the process."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        listening = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                accepted, _ = listening.accept()
                threading.Thread(target=ended, args=(context, accepted, port), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        return listening.getsockname()[1]


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def signed(subject: x509.Name, issuer: x509.Name, key, authority, extension) -> bytes:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(
        issuer, subject, key, x509.random_serial_number(), now - datetime.timedelta(days=1), now + datetime.timedelta(days=1))
    certificate = builder.add_extension(extension, critical=True).sign(authority, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM)


def ended(context: ssl.SSLContext, accepted: socket.socket, port: int) -> None:
    try:
        with context.wrap_socket(accepted, server_side=True) as outer, socket.create_connection(("127.0.0.1", port)) as inner:
            back = threading.Thread(target=copied, args=(inner, outer), daemon=True)
            back.start()
            copied(outer, inner)
            back.join()
    except OSError:
        pass  # Who does not trust the certificate goes away.


def copied(source: socket.socket, sink: socket.socket) -> None:
    try:
        while piece := source.recv(65_536):
            sink.sendall(piece)
    except OSError:
        pass
    for side in (source, sink):
        try:
            side.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
