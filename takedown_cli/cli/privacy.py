"""What remains on the computer after using takedown, in plain words, for a person who may be watched.

It guarantees that it names what takedown does not control as well as what it does.
It must never advise to wipe a history: a sudden gap can put a watched person in danger.
"""

from __future__ import annotations

from typing import Final

#: Title → text.
PARAGRAPHS: Final = {
    "What takedown leaves": (
        "Only what you ask for: a bundle when you give -o, readable by your account alone. No log, no temporary file, "
        "no cache, no list of what was hashed. The case number is shown once and stored nowhere."
    ),
    "What your shell leaves": (
        "The command you typed, with the folders you named, is in the history of your shell, and its output is in the "
        "window until you close it. In many shells a command that starts with a space is not remembered; naming the "
        "folder '.' from inside it shows less than its name. Close the window when you are done."
    ),
    "What the system leaves": (
        "File managers and photo programs keep lists of recent files. Thumbnails and backups of a deleted picture can "
        "remain. The bundle file is listed as a recent file if you open it. Nothing of this comes from takedown."
    ),
    "What the network sees": (
        "Hashing and inspecting use no network at all. Sending and asking contact one address, the intake's: your "
        "network provider and the name server can see that address and the time, not what was said. "
        "--proxy socks5h://127.0.0.1:9050 goes through Tor if Tor is running."
    ),
    "The case number": (
        "Whoever has it can see and withdraw the case; without it nobody can, you neither. Write it on paper, or keep "
        "it in a password manager, somewhere the other person does not look. Never give it to takedown as an argument: "
        "use '-', and type it when asked."
    ),
    "If somebody checks this computer": (
        "Do not wipe the history or delete programs in a hurry: a sudden gap is noticed. A computer that the other "
        "person cannot reach, such as a friend's, a library's or a helpline's, is safer than a clean one. "
        "A helpline can do all of this with you, and hands nothing on without you."
    ),
}
