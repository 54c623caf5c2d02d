"""What happened and what we decided: the Event and Command unions and the journal's record.

All are frozen `msgspec.Struct`s; `core.fold` folds events and commands alike.
"""

from __future__ import annotations

from router.messages.commands import (
    CancelChild as CancelChild,
)
from router.messages.commands import (
    CandidateRecord as CandidateRecord,
)
from router.messages.commands import (
    CapNote as CapNote,
)
from router.messages.commands import (
    Command as Command,
)
from router.messages.commands import (
    Decide as Decide,
)
from router.messages.commands import (
    EngageKill as EngageKill,
)
from router.messages.commands import (
    FreezeParent as FreezeParent,
)
from router.messages.commands import (
    Learn as Learn,
)
from router.messages.commands import (
    LearnMarkout as LearnMarkout,
)
from router.messages.commands import (
    MarkChild as MarkChild,
)
from router.messages.commands import (
    NoteBreach as NoteBreach,
)
from router.messages.commands import (
    OpenParent as OpenParent,
)
from router.messages.commands import (
    QueryChild as QueryChild,
)
from router.messages.commands import (
    QueryVenue as QueryVenue,
)
from router.messages.commands import (
    RefuseCancel as RefuseCancel,
)
from router.messages.commands import (
    RefuseMessage as RefuseMessage,
)
from router.messages.commands import (
    ReleaseKill as ReleaseKill,
)
from router.messages.commands import (
    Report as Report,
)
from router.messages.commands import (
    ReportMassCancel as ReportMassCancel,
)
from router.messages.commands import (
    RequestQuote as RequestQuote,
)
from router.messages.commands import (
    Reschedule as Reschedule,
)
from router.messages.commands import (
    SendChild as SendChild,
)
from router.messages.commands import (
    UrgencyNote as UrgencyNote,
)
from router.messages.commands import (
    Wait as Wait,
)
from router.messages.doubt import (
    AssignRequested as AssignRequested,
)
from router.messages.doubt import (
    AssignSuspense as AssignSuspense,
)
from router.messages.doubt import (
    BookCopy as BookCopy,
)
from router.messages.doubt import (
    BustRequested as BustRequested,
)
from router.messages.doubt import (
    DismissRequested as DismissRequested,
)
from router.messages.doubt import (
    DismissSuspense as DismissSuspense,
)
from router.messages.doubt import (
    DisputeExecution as DisputeExecution,
)
from router.messages.doubt import (
    EnterBust as EnterBust,
)
from router.messages.doubt import (
    Entered as Entered,
)
from router.messages.doubt import (
    EnterExecution as EnterExecution,
)
from router.messages.doubt import (
    ExpectCod as ExpectCod,
)
from router.messages.doubt import (
    MarkUnknown as MarkUnknown,
)
from router.messages.doubt import (
    NoteCod as NoteCod,
)
from router.messages.doubt import (
    NoteSuspense as NoteSuspense,
)
from router.messages.doubt import (
    ReleaseParent as ReleaseParent,
)
from router.messages.doubt import (
    ReleaseRequested as ReleaseRequested,
)
from router.messages.doubt import (
    SettleChild as SettleChild,
)
from router.messages.doubt import (
    SettleRequested as SettleRequested,
)
from router.messages.doubt import (
    SuspendCopy as SuspendCopy,
)
from router.messages.events import (
    MARKET_EVENTS as MARKET_EVENTS,
)
from router.messages.events import (
    ArmRequested as ArmRequested,
)
from router.messages.events import (
    CancelReceived as CancelReceived,
)
from router.messages.events import (
    CancelRejectReceived as CancelRejectReceived,
)
from router.messages.events import (
    ChangesAccepted as ChangesAccepted,
)
from router.messages.events import (
    ChildRefused as ChildRefused,
)
from router.messages.events import (
    CopyReceived as CopyReceived,
)
from router.messages.events import (
    Event as Event,
)
from router.messages.events import (
    ExecutionReceived as ExecutionReceived,
)
from router.messages.events import (
    KillRequested as KillRequested,
)
from router.messages.events import (
    MarketDataEntry as MarketDataEntry,
)
from router.messages.events import (
    MarketDataLost as MarketDataLost,
)
from router.messages.events import (
    MarketDataReceived as MarketDataReceived,
)
from router.messages.events import (
    MarketEvent as MarketEvent,
)
from router.messages.events import (
    MassCancelReceived as MassCancelReceived,
)
from router.messages.events import (
    MassStatusReceived as MassStatusReceived,
)
from router.messages.events import (
    ModelArray as ModelArray,
)
from router.messages.events import (
    ModelLoaded as ModelLoaded,
)
from router.messages.events import (
    ModelRefused as ModelRefused,
)
from router.messages.events import (
    OrderReceived as OrderReceived,
)
from router.messages.events import (
    OrderTerms as OrderTerms,
)
from router.messages.events import (
    QuoteCanceled as QuoteCanceled,
)
from router.messages.events import (
    QuoteReceived as QuoteReceived,
)
from router.messages.events import (
    ReplaceReceived as ReplaceReceived,
)
from router.messages.events import (
    Restarted as Restarted,
)
from router.messages.events import (
    SessionClosed as SessionClosed,
)
from router.messages.events import (
    SessionCommanded as SessionCommanded,
)
from router.messages.events import (
    SessionOpened as SessionOpened,
)
from router.messages.events import (
    StatusReceived as StatusReceived,
)
from router.messages.events import (
    StorageChanged as StorageChanged,
)
from router.messages.events import (
    TimerFired as TimerFired,
)
from router.messages.events import (
    TradingStatusReceived as TradingStatusReceived,
)
from router.messages.policies import (
    Applied as Applied,
)
from router.messages.policies import (
    Disallow as Disallow,
)
from router.messages.policies import (
    PoliciesLoaded as PoliciesLoaded,
)
from router.messages.policies import (
    PoliciesRefused as PoliciesRefused,
)
from router.messages.policies import (
    PolicyFiles as PolicyFiles,
)
from router.messages.policies import (
    PolicyText as PolicyText,
)
from router.messages.policies import (
    TableText as TableText,
)
from router.messages.records import (
    Sent as Sent,
)
from router.messages.records import (
    SessionNumbers as SessionNumbers,
)
from router.messages.records import (
    Step as Step,
)
from router.messages.records import (
    decode_step as decode_step,
)
from router.messages.records import (
    encode_step as encode_step,
)
from router.messages.safety import (
    FreezeLearner as FreezeLearner,
)
from router.messages.safety import (
    FreezeRequested as FreezeRequested,
)
from router.messages.safety import (
    Safety as Safety,
)
from router.messages.safety import (
    ThawLearner as ThawLearner,
)
from router.messages.safety import (
    ThawRequested as ThawRequested,
)
