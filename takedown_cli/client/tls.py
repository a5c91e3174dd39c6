"""TLS settings that ignore the environment."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

#: ``ssl.enum_certificates``: each certificate of a store, its encoding, and what it is trusted for.
ListStore = Callable[[str], Iterable[tuple[bytes, str, set[str] | bool]]]
_SERVER_AUTH = "1.3.6.1.5.5.7.3.1"  # RFC 5280, 4.2.1.12


def make_context(ca: Path | None = None) -> ssl.SSLContext:
    """Return a new client context that trusts the platform's own authorities, or certifi's where there are none.

    With ``ca``, a file of certificates in PEM, it trusts those and no other.
    Raise OSError (of which ``ssl.SSLError`` is one) when no authority can be loaded.
    """
    # ``ssl.create_default_context`` would obey the environment: with SSL_CERT_FILE or SSL_CERT_DIR another authority
    # is trusted, and SSLKEYLOGFILE writes the session's keys to a file. Either lets somebody else read along. The
    # constructor turns on the checks of certificate and host name and reads nothing; the rest is done here.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if ca is not None:
        context.load_verify_locations(ca)
        return context
    list_store: ListStore | None = getattr(ssl, "enum_certificates", None)  # Windows
    if list_store is None:
        _load_files(context)
    elif not _load_stores(context, list_store):
        _load_certifi(context)
    return context


def _load_stores(context: ssl.SSLContext, list_store: ListStore) -> int:
    """Load Windows' own authorities. Return how many."""
    loaded = 0
    for store in ("ROOT", "CA"):
        with suppress(OSError):  # a store that may not be read
            for data, encoding, trust in list_store(store):
                if encoding == "x509_asn" and (trust is True or (trust is not False and _SERVER_AUTH in trust)):
                    with suppress(ssl.SSLError, ValueError):  # one that OpenSSL cannot read must not cost the others
                        context.load_verify_locations(cadata=data)
                        loaded += 1
    return loaded


def _load_files(context: ssl.SSLContext) -> None:
    """Load what lies where OpenSSL was built to look: ``cafile`` and ``capath`` could be redirected."""
    paths = ssl.get_default_verify_paths()
    file, folder = Path(paths.openssl_cafile), Path(paths.openssl_capath)
    has_file, has_folder = file.is_file(), folder.is_dir() and any(folder.iterdir())
    if has_file or has_folder:
        context.load_verify_locations(str(file) if has_file else None, str(folder) if has_folder else None)
        return
    _load_certifi(context)


def _load_certifi(context: ssl.SSLContext) -> None:
    import certifi

    context.load_verify_locations(certifi.where())
