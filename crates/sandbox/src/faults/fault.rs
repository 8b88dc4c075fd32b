//! The faults that there are.

/// The simulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Okta,
    Assets,
}

/// The possible faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    Latency(Side),
    RateLimited(Side),
    RateLimitedNoHeaders(Side),
    RateLimitedPast(Side),
    TooManyAtOnce(Side),
    ServerError(Side),
    Reset(Side),
    LostResponse(Side),
    ResetBody(Side),
    Truncated(Side),
    NotFound(Side),
    OddItem,
    ChunkRefused,
    ReadLag,
    SearchLag,
    DeletionLag,
    LogDelay,
    HookLost,
    HookDuplicate,
    HookReorder,
    HookDelay,
    HookNoActor,
    HookOdd,
    ExecutionFails,
    ExecutionTypeErrors,
    ExecutionDrops,
    ExecutionStuck,
    ExecutionSlowStart,
    MappingSlow,
    MappingFails,
}
