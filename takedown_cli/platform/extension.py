"""The extension for python-threatexchange and HMA: an intake's native feed as an exchange, a signal type that sees
through the repost, and one that matches a video by its share of frames.

``tx config extensions add takedown_cli.platform.extension`` reads ``TX_MANIFEST``. HMA names the classes in its
configuration: see docs/how-to/connect-platforms.md. What either has stored names its classes by this module.
"""

from threatexchange.extensions.manifest import ThreatExchangeExtensionManifest

from takedown_cli.platform.threatexchange.exchange import (
    TakedownCheckpoint,
    TakedownConfig,
    TakedownCredentials,
    TakedownExchangeAPI,
    TakedownMetadata,
)
from takedown_cli.platform.threatexchange.signal_types import (
    ClipSimilarity,
    PdqClipIndex,
    PdqClipSignal,
    PdqReadingsIndex,
    PdqReadingsSignal,
)

__all__ = [
    "TX_MANIFEST", "ClipSimilarity", "PdqClipIndex", "PdqClipSignal", "PdqReadingsIndex", "PdqReadingsSignal",
    "TakedownCheckpoint", "TakedownConfig", "TakedownCredentials", "TakedownExchangeAPI", "TakedownMetadata",
]  # fmt: skip

TX_MANIFEST = ThreatExchangeExtensionManifest(
    signal_types=(PdqReadingsSignal, PdqClipSignal), apis=(TakedownExchangeAPI,)
)
