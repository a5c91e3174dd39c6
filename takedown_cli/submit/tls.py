"""TLS as this program wants it, whatever the environment says.

It guarantees certificate and host name checks against the platform's own store of authorities (certifi's where there
is none), and that no key is written to a log. It must never ask the environment: SSLKEYLOGFILE, SSL_CERT_FILE and
SSL_CERT_DIR, which ``ssl.create_default_context`` obeys, would let whoever set them read along.
"""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

_SERVER_AUTH = "1.3.6.1.5.5.7.3.1"  # RFC 5280, 4.2.1.12


def context() -> ssl.SSLContext:
    """A new client context. Raises OSError (of which ``ssl.SSLError`` is one) when no authority can be loaded."""
    # The constructor turns both checks on and reads nothing; the rest of what the default context does is below.
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    if sys.platform == "win32":
        _load_windows_store(made)
    else:
        _load_files(made)
    return made


def _load_files(made: ssl.SSLContext) -> None:
    """Where OpenSSL was built to look: not ``cafile`` and ``capath``, which the environment can redirect."""
    paths = ssl.get_default_verify_paths()
    file, folder = Path(paths.openssl_cafile), Path(paths.openssl_capath)
    has_file, has_folder = file.is_file(), folder.is_dir() and any(folder.iterdir())
    if has_file or has_folder:
        made.load_verify_locations(str(file) if has_file else None, str(folder) if has_folder else None)
        return
    import certifi

    made.load_verify_locations(certifi.where())


def _load_windows_store(made: ssl.SSLContext) -> None:
    if sys.platform == "win32":
        for store in ("ROOT", "CA"):
            for data, encoding, trust in ssl.enum_certificates(store):
                if encoding == "x509_asn" and (trust is True or (trust is not False and _SERVER_AUTH in trust)):
                    made.load_verify_locations(cadata=data)
