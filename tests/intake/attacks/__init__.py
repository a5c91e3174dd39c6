"""Attacks on an intake that once worked: each does harm no more.

Those on the rules of the list stand beside what they are about:

- an anonymous report ends a dispute: ``cases/test_hash_state.py``
- a revoked platform's votes and hashes, a revoked helpline's signatures: ``cases/test_participants.py``,
  ``cases/test_organisations.py``
- feedback about what a platform never was given, places that were made up: ``feeds/test_cursor.py``
- a picture's owner in somebody else's status: ``cases/test_case_status.py``
- chosen bits against the deny-list: ``messages/test_deny_list.py``
- a backup that writes elsewhere: ``operations/test_backup.py``
"""
