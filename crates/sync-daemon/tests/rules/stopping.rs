//! A run ends in time once it is told to stop, whatever it waits for.

use std::time::Duration;

use sync_engine::{EngineError, NoopProgress, RunState, Safeguards};
use tokio_util::sync::CancellationToken;

use crate::test_env::{gated_test_env, sync};

/// Far beyond any grace, and far below what a client waits for an answer.
const NEVER: Duration = Duration::from_secs(25);

#[tokio::test]
async fn run_stops_at_any_unanswered_request() {
    let (world, gate) = gated_test_env(4, 2).await;
    let connection =
        world.open_with("event_hook", "", |_, options| options.grace = Duration::from_millis(50)).await;
    world.sync_first(&connection).await;
    let before = gate.requests("/");
    sync(&connection).await.unwrap();
    let requests = gate.requests("/") - before;
    assert!(requests > 3, "{requests}");
    let mut stopped = 0;
    for open in 0..requests {
        gate.hold_after(open);
        let stop = CancellationToken::new();
        let limits = Safeguards::default();
        let mut run = Box::pin(connection.engine().full_sync(&limits, &NoopProgress, &stop));
        let ended = tokio::select! {
            result = &mut run => result,
            () = gate.held() => {
                stop.cancel();
                let ended = tokio::time::timeout(NEVER, run).await;
                ended.unwrap_or_else(|_| panic!("no end at request {open}"))
            }
        };
        match ended {
            Err(EngineError::Interrupted) => stopped += 1,
            // A run that goes on where another was asks for less.
            Ok(report) => assert_eq!(report.state, RunState::Succeeded),
            Err(other) => panic!("request {open}: {other}"),
        }
        gate.clear();
    }
    assert!(stopped > requests / 2, "{stopped} of {requests}");
    // What was cut off does no harm.
    assert_eq!(sync(&connection).await.unwrap().state, RunState::Succeeded);
}
