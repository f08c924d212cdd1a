"""Why a drill did not pass: a code that stays the same, the verdict it calls for, and the words for it.

Programs read the code (`result.json`, JUnit), people the words, and a scenario that expects another verdict than
passed says the words: `Then the drill is invalid because the fault had no effect`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from harness.journal.declaration import Verdict
from harness.journal.guard import Guard
from harness.journal.refusal import Refusal


class Cause(StrEnum):
    """One kind of reason. Its verdict is always the same, so that a code never means two things."""

    STOPPED = "stopped"
    KILLED = "killed"
    GUARD_PLACE = "guard-place"
    GUARD_CONFIRMATION = "guard-confirmation"
    GUARD_KILL_SWITCH = "guard-kill-switch"
    GUARD_TARGET = "guard-target"
    GUARD_SERVICES = "guard-services"
    GUARD_SHARE = "guard-share"
    GUARD_BLACKOUT = "guard-blackout"
    GUARD_DURATION = "guard-duration"
    GUARD_ABORT_CONDITION = "guard-abort-condition"

    NOT_PREPARED = "not-prepared"
    NO_STEADY_STATE = "no-steady-state"
    NOTHING_TO_JUDGE = "nothing-to-judge"
    NOTHING_CRITICAL = "nothing-critical"
    NO_LOAD = "no-load"
    NO_WRITES = "no-writes"
    TOO_FEW_PROBES = "too-few-probes"
    BAD_BEFORE_FAULT = "bad-before-fault"
    NOT_INJECTED = "not-injected"
    NO_EFFECT = "no-effect"
    FAULT_NOT_RECORDED = "fault-not-recorded"
    HEALED_BY_ITSELF = "healed-by-itself"
    HINDRANCE_NOT_MET = "hindrance-not-met"

    NOT_DETECTED = "not-detected"
    NOT_CALLED_FOR = "not-called-for"
    NOT_DECIDED = "not-decided"
    NO_ROLLBACK = "no-rollback"
    ROLLBACK_REFUSED = "rollback-refused"
    REFUSED_STANDBY = "refused-standby"
    REFUSED_NOT_DEPLOYED = "refused-not-deployed"
    REFUSED_NOT_READY = "refused-not-ready"
    REFUSED_UNFINISHED = "refused-unfinished"
    REFUSED_NO_REVISION = "refused-no-revision"
    REFUSED_NO_IMAGE = "refused-no-image"
    REFUSED_NO_BACKUP = "refused-no-backup"
    REFUSED_BAD_BACKUP = "refused-bad-backup"
    REFUSED_UNREACHABLE = "refused-unreachable"
    REFUSED_NO_ROOM = "refused-no-room"
    REFUSED_NO_SCRIPT = "refused-no-script"
    REFUSED_WRONG_SCHEMA = "refused-wrong-schema"
    REFUSED_NO_CONFIGURATION = "refused-no-configuration"
    REFUSED_BAD_CONFIGURATION = "refused-bad-configuration"
    REFUSED_INVALID_CONFIGURATION = "refused-invalid-configuration"
    REFUSED_DEAD_CREDENTIAL = "refused-dead-credential"
    REFUSED_TOO_LATE = "refused-too-late"
    ROLLBACK_FAILED = "rollback-failed"
    ROLLBACK_INCOMPLETE = "rollback-incomplete"
    NOT_ROLLED_BACK = "not-rolled-back"
    NOT_RECOVERED = "not-recovered"
    LOAD_NOT_RECOVERED = "load-not-recovered"
    WRITES_NOT_RECOVERED = "writes-not-recovered"
    CRITERION_BROKEN = "criterion-broken"
    OBJECTIVE_MISSED = "objective-missed"
    WRITES_LOST = "writes-lost"
    WRITES_DISCARDED = "writes-discarded"
    RESTORED_TOO_OLD = "restored-too-old"
    RESTORED_TOO_NEW = "restored-too-new"
    WRITES_RESURRECTED = "writes-resurrected"
    ROWS_ALTERED = "rows-altered"
    ROWS_DUPLICATED = "rows-duplicated"
    ROWS_FOREIGN = "rows-foreign"
    NOT_TAKEN_BACK = "not-taken-back"
    STAGE_FAILED = "stage-failed"

    RECOVERY_NOT_KNOWN = "recovery-not-known"
    RELAPSED = "relapsed"
    CRITERION_NOT_KNOWN = "criterion-not-known"
    OBJECTIVE_NOT_KNOWN = "objective-not-known"
    ACCOUNT_NOT_KNOWN = "account-not-known"
    UNDO_NOT_KNOWN = "undo-not-known"
    PROBER_LAGGED = "prober-lagged"
    PROBER_STALLED = "prober-stalled"
    PROBES_MISSING = "probes-missing"
    JOURNAL_INCOMPLETE = "journal-incomplete"
    JOURNAL_CONTRADICTS = "journal-contradicts"

    @property
    def verdict(self) -> Verdict:
        """What a drill with this cause is, unless it has a graver one."""
        return _MEANS[self][0]

    @property
    def words(self) -> str:
        """The cause as a clause: 'the fault had no effect'."""
        return _MEANS[self][1]

    @classmethod
    def of_refusal(cls, refusal: Refusal | None) -> Cause:
        """Why a rollback was refused; without a code a check could not be carried out."""
        return cls.ROLLBACK_REFUSED if refusal is None else cls(f"refused-{refusal}")

    @classmethod
    def of_guard(cls, guard: Guard) -> Cause:
        """Why a guard stopped a drill."""
        return cls(f"guard-{guard}")

    @property
    def general(self) -> Cause:
        """The kind of reason that it is a case of: any refusal that changed nothing is one of the rollback."""
        return Cause.ROLLBACK_REFUSED if self in {Cause.of_refusal(one) for one in Refusal} else self


BROKEN_OFF: Final = frozenset({Cause.STOPPED, Cause.KILLED})
"""The drill did not come to its end: somebody ended it, and nothing of what it was to show."""

NOT_AS_IT_SAYS: Final = frozenset(
    {
        Cause.ROLLBACK_INCOMPLETE,
        Cause.NOT_ROLLED_BACK,
        Cause.RESTORED_TOO_OLD,
        Cause.RESTORED_TOO_NEW,
        Cause.JOURNAL_INCOMPLETE,
        Cause.JOURNAL_CONTRADICTS,
    }
)
"""A rollback that says it is done did not bring back what it says, or nobody can tell that it did."""

UNSEEN: Final = frozenset({Cause.TOO_FEW_PROBES, Cause.PROBER_STALLED, Cause.PROBES_MISSING, Cause.JOURNAL_CONTRADICTS})
"""Clients may have lived through what no probe told of."""

_ABORTED, _INVALID, _MISSED, _OPEN = Verdict.ABORTED, Verdict.INVALID, Verdict.MISSED, Verdict.INDETERMINATE
_MEANS: Final[dict[Cause, tuple[Verdict, str]]] = {
    Cause.STOPPED: (_ABORTED, "it was stopped"),
    Cause.KILLED: (_ABORTED, "it was killed"),
    Cause.GUARD_PLACE: (_ABORTED, "it may not run there"),
    Cause.GUARD_CONFIRMATION: (_ABORTED, "nobody confirmed it"),
    Cause.GUARD_KILL_SWITCH: (_ABORTED, "the kill switch was thrown"),
    Cause.GUARD_TARGET: (_ABORTED, "the fault selects nothing"),
    Cause.GUARD_SERVICES: (_ABORTED, "the fault would hit too many services"),
    Cause.GUARD_SHARE: (_ABORTED, "the fault would hit too many replicas"),
    Cause.GUARD_BLACKOUT: (_ABORTED, "no drill may run at that time"),
    Cause.GUARD_DURATION: (_ABORTED, "it took too long"),
    Cause.GUARD_ABORT_CONDITION: (_ABORTED, "an abort condition was met"),
    Cause.NOT_PREPARED: (_INVALID, "the system could not be prepared"),
    Cause.NO_STEADY_STATE: (_INVALID, "the steady state was never reached"),
    Cause.NOTHING_TO_JUDGE: (_INVALID, "nothing was declared to judge"),
    Cause.NOTHING_CRITICAL: (_INVALID, "no service is critical"),
    Cause.NO_LOAD: (_INVALID, "there was no load"),
    Cause.NO_WRITES: (_INVALID, "too little was written"),
    Cause.TOO_FEW_PROBES: (_INVALID, "too few probes told anything"),
    Cause.BAD_BEFORE_FAULT: (_INVALID, "a service was bad before the fault"),
    Cause.NOT_INJECTED: (_INVALID, "the fault could not be injected"),
    Cause.NO_EFFECT: (_INVALID, "the fault had no effect"),
    Cause.FAULT_NOT_RECORDED: (_INVALID, "the journal does not tell of the fault"),
    Cause.HEALED_BY_ITSELF: (_INVALID, "the fault went away by itself"),
    Cause.HINDRANCE_NOT_MET: (_INVALID, "nothing met what was to hinder it"),
    Cause.NOT_DETECTED: (_MISSED, "no trigger was met"),
    Cause.NOT_CALLED_FOR: (_MISSED, "no rollback was called for"),
    Cause.NOT_DECIDED: (_MISSED, "no rollback was decided on"),
    Cause.NO_ROLLBACK: (_MISSED, "no rollback was carried out"),
    Cause.ROLLBACK_REFUSED: (_MISSED, "the rollback was refused"),
    Cause.REFUSED_STANDBY: (_MISSED, "the standby could not take over"),
    Cause.REFUSED_NOT_DEPLOYED: (_MISSED, "nothing was deployed that could be rolled back"),
    Cause.REFUSED_NOT_READY: (_MISSED, "no replica was ready that could serve on"),
    Cause.REFUSED_UNFINISHED: (_MISSED, "an earlier rollback was unfinished"),
    Cause.REFUSED_NO_REVISION: (_MISSED, "no revision held the target"),
    Cause.REFUSED_NO_IMAGE: (_MISSED, "the image of the target was missing"),
    Cause.REFUSED_NO_BACKUP: (_MISSED, "there was no backup to go back to"),
    Cause.REFUSED_BAD_BACKUP: (_MISSED, "the backup could not be read"),
    Cause.REFUSED_UNREACHABLE: (_MISSED, "the log did not lead to the target"),
    Cause.REFUSED_NO_ROOM: (_MISSED, "the disk had no room for a restore"),
    Cause.REFUSED_NO_SCRIPT: (_MISSED, "no script led back"),
    Cause.REFUSED_WRONG_SCHEMA: (_MISSED, "the schema was not what was to be rolled back"),
    Cause.REFUSED_NO_CONFIGURATION: (_MISSED, "there was no configuration to go back to"),
    Cause.REFUSED_BAD_CONFIGURATION: (_MISSED, "the archive of the configuration could not be used"),
    Cause.REFUSED_INVALID_CONFIGURATION: (_MISSED, "the configuration of the target was not valid"),
    Cause.REFUSED_DEAD_CREDENTIAL: (_MISSED, "a credential of the target was dead"),
    Cause.REFUSED_TOO_LATE: (_MISSED, "the rollback was refused after it had changed something"),
    Cause.ROLLBACK_FAILED: (_MISSED, "the rollback failed"),
    Cause.ROLLBACK_INCOMPLETE: (_MISSED, "the rollback did not do every step"),
    Cause.NOT_ROLLED_BACK: (_MISSED, "the rollback did not bring its target back"),
    Cause.NOT_RECOVERED: (_MISSED, "clients did not recover"),
    Cause.LOAD_NOT_RECOVERED: (_MISSED, "the load did not recover"),
    Cause.WRITES_NOT_RECOVERED: (_MISSED, "writes did not recover"),
    Cause.CRITERION_BROKEN: (_MISSED, "a criterion did not hold"),
    Cause.OBJECTIVE_MISSED: (_MISSED, "an objective was missed"),
    Cause.WRITES_LOST: (_MISSED, "writes were lost"),
    Cause.WRITES_DISCARDED: (_MISSED, "writes were given up"),
    Cause.RESTORED_TOO_OLD: (_MISSED, "the restored data was older than its target"),
    Cause.RESTORED_TOO_NEW: (_MISSED, "the restored data was newer than its target"),
    Cause.WRITES_RESURRECTED: (_MISSED, "refused writes are there"),
    Cause.ROWS_ALTERED: (_MISSED, "rows were altered"),
    Cause.ROWS_DUPLICATED: (_MISSED, "rows were duplicated"),
    Cause.ROWS_FOREIGN: (_MISSED, "rows are there that no client wrote"),
    Cause.NOT_TAKEN_BACK: (_MISSED, "the fault was not taken back"),
    Cause.STAGE_FAILED: (_MISSED, "a stage failed"),
    Cause.RECOVERY_NOT_KNOWN: (_OPEN, "it is not known whether clients recovered"),
    Cause.RELAPSED: (_OPEN, "clients were hit again after recovery"),
    Cause.CRITERION_NOT_KNOWN: (_OPEN, "a criterion could not be told"),
    Cause.OBJECTIVE_NOT_KNOWN: (_OPEN, "an objective could not be told"),
    Cause.ACCOUNT_NOT_KNOWN: (_OPEN, "the ledger could not be accounted for"),
    Cause.UNDO_NOT_KNOWN: (_OPEN, "the fault was not seen to be gone"),
    Cause.PROBER_LAGGED: (_OPEN, "the prober fell behind"),
    Cause.PROBER_STALLED: (_OPEN, "the prober stalled"),
    Cause.PROBES_MISSING: (_OPEN, "probes are missing from the journal"),
    Cause.JOURNAL_INCOMPLETE: (_OPEN, "the journal is incomplete"),
    Cause.JOURNAL_CONTRADICTS: (_OPEN, "the journal contradicts itself"),
}
