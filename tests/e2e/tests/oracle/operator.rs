//! The operator, who agrees to losses, has the structure set up, and brings a history to its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sandbox::audit::{self, Comparison};
use serde_json::{Value, json};
use sync_daemon::Connection;
use sync_engine::NoopProgress;
use tokio_util::sync::CancellationToken;

use crate::honesty;
use crate::marks;
use crate::test_env::TestEnv;

/// The time in which both sides become equal once nothing goes wrong any more.
const PATIENCE: Duration = Duration::from_secs(150);
/// The same where a rule is switched off and they are not expected to.
const BROKEN_PATIENCE: Duration = Duration::from_secs(25);
/// The time between two looks at both sides.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// The number of times in a row that the product must say what is wrong.
const SAID: u32 = 5;
/// The time before the operator asks for the same again.
const AGAIN: Duration = Duration::from_secs(15);

impl TestEnv {
    /// Agrees to the losses that safeguards hold back.
    pub(crate) fn consent(&mut self) {
        let (Some(connection), false) = (self.connection(), self.settings.limits.override_safeguards) else {
            return;
        };
        self.tally.count("operator agreed to losses");
        self.losses.consented = true;
        let store = self.store();
        tokio::spawn(async move {
            let stop = CancellationToken::new();
            let _ = connection.delegate_sync(true, PATIENCE, &store, &NoopProgress, &stop).await;
        });
    }

    /// Has *Setup* pressed, as soon as the process is there.
    pub(crate) fn set_up_again(&mut self) {
        let Some(process) = &self.process else { return };
        let mut shown = process.connection.clone();
        self.setting_up.push(tokio::spawn(async move {
            if shown.wait_for(Option::is_some).await.is_err() {
                return;
            }
            let connection = shown.borrow().clone();
            if let Some(connection) = connection {
                // The simulators fail here too.
                for _ in 0..20 {
                    if connection.engine().set_up_schema().await.is_ok() {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
            }
        }));
    }

    async fn audit(&self) -> Comparison {
        audit::compare_chosen(self.control(), &self.choice).await.unwrap()
    }

    fn patience(&self) -> Duration {
        if self.broken.is_some() { BROKEN_PATIENCE } else { PATIENCE }
    }

    /// Ends the faults and waits until both sides are equal. The first difference when they do not become so.
    pub(crate) async fn settle(mut self) -> Result<(), String> {
        self.struck().await;
        self.control().call("DELETE", "/faults", &Value::Null).await.unwrap();
        if let Some(lasting) = self.circumstances.lasting {
            let text = format!("seed={},{lasting}", self.seed);
            self.control().call("PUT", "/faults", &json!(text)).await.unwrap();
        }
        let result = self.come_to_rest().await;
        if let Some(process) = self.process.take() {
            process.stop().await;
        }
        if result.is_err() && std::env::var_os("ORACLE_KEEP").is_some() {
            // Stopped: the file holds everything.
            let kept = std::env::temp_dir().join(format!("oracle-{}.db", self.seed));
            std::fs::copy(self.store(), &kept).unwrap();
            eprintln!("seed {}: the store is kept as {}", self.seed, kept.display());
        }
        result
    }

    async fn come_to_rest(&mut self) -> Result<(), String> {
        let mended = self.known.mend();
        let needs_operator =
            !self.edits_are_undone() || !mended.is_empty() || !self.settings.limits.override_safeguards;
        if needs_operator {
            self.differ_openly().await?;
            self.beyond().await?;
        }
        self.undo_edits().await;
        let refused = self.skipped;
        for step in mended {
            self.take(step).await;
        }
        // The mark of a user who was deleted meanwhile keeps the value that Assets refuses.
        let is_mended = self.skipped == refused;
        self.become_equal().await?;
        self.say_so(is_mended).await
    }

    /// Waits until both sides are equal, or the product says what keeps them apart.
    async fn differ_openly(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + self.patience();
        let mut said = 0;
        loop {
            let audit = self.audit().await;
            if audit.in_sync {
                self.tally.count("at rest: equal");
                return Ok(());
            }
            if let Some(lie) = self.lie().await {
                return Err(lie);
            }
            let reason = match self.connection() {
                Some(connection) => honesty::lasting(&connection).await,
                None => None,
            };
            said = if reason.is_some() { said + 1 } else { 0 };
            if let (Some(reason), true) = (reason, said >= SAID) {
                self.tally.count(format!("at rest: {reason}"));
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(format!("differs at rest, and nothing says why: {}", shown(&audit)));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    async fn become_equal(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + self.patience();
        let mut asked: Option<Instant> = None;
        loop {
            let audit = self.audit().await;
            if audit.in_sync {
                return Ok(());
            }
            if let Some(lie) = self.lie().await {
                return Err(lie);
            }
            if Instant::now() >= deadline {
                let admitted = match self.connection() {
                    Some(connection) => honesty::admits(&connection, self.changed).await,
                    None => None,
                };
                return Err(format!("{}; the product says: {admitted:?}", shown(&audit)));
            }
            if asked.is_none_or(|asked| asked.elapsed() >= AGAIN) {
                asked = Some(Instant::now());
                self.consent();
                if has_firing_alert(self.connection()) {
                    self.set_up_again();
                }
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Waits until the product says that both sides are equal, once the clock is right.
    async fn say_so(&mut self, is_mended: bool) -> Result<(), String> {
        // One history of four: it takes some seconds. A hook alone proves nothing.
        let is_provable = is_mended && self.circumstances.events != Some("event_hook");
        if self.broken.is_some() || !is_provable || !self.seed.is_multiple_of(4) {
            return Ok(());
        }
        self.clock.set_right();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let admitted = match self.connection() {
                Some(connection) => honesty::admits(&connection, self.changed).await,
                None => Some("nothing follows".to_owned()),
            };
            let Some(admitted) = admitted else { return Ok(()) };
            if self.rejects_only_retired().await {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(format!("equal, and the product still says: {admitted}"));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// True if Assets rejects records, and all of them are of retired objects: those keep the value that Assets refuses.
    async fn rejects_only_retired(&self) -> bool {
        let Some(connection) = self.connection() else { return false };
        let Ok(status) = connection.status(0).await else { return false };
        let rejected = status.unconfirmed.into_iter().filter(|record| record.rejected);
        let rejected: Vec<String> = rejected.map(|record| record.key.id).collect();
        let users = marks::objects(self.control(), "/type/user").await;
        let retired =
            users.iter().filter(|user| marks::has_status(user, &["Okta Deleted", "Okta Out of Scope"]));
        let retired: Vec<&str> = retired.filter_map(marks::id).collect();
        !rejected.is_empty() && rejected.iter().all(|id| retired.contains(&id.as_str()))
    }
}

/// True if something is wrong that *Setup* may put right.
fn has_firing_alert(connection: Option<Arc<Connection>>) -> bool {
    let Some(connection) = connection else { return false };
    connection.alert_entries().iter().any(|alert| alert.resolved_at.is_none())
}

fn shown(audit: &Comparison) -> String {
    let shown = audit.differences.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
    format!("{} differences, such as {shown}", audit.total_differences)
}
