//! Passes over the directory, when they are due.

use tokio_util::sync::CancellationToken;

use crate::follow::{rest, tell};
use crate::trouble::Trouble;
use crate::{
    Duty, EngineError, FollowOptions, Limits, Look, LookSort, Quiet, RunKind, RunReport, RunResult, Scope,
    Subject, SyncRequest, engine::Engine, explain,
};

/// The number of looks at everything that are folded into one pass.
const PASS_LOOKS: u32 = 1000;

/// A pass that is to be made.
struct Due {
    scope: Scope,
    /// The origin of the request.
    looks: Vec<Look>,
    request: Option<SyncRequest>,
}

impl Engine {
    pub(crate) async fn follow_passes(&self, options: &FollowOptions, stop: &CancellationToken) {
        let mut trouble = Trouble::new(Duty::Passes);
        while !stop.is_cancelled() {
            rest(trouble.pause().max(options.poll), stop).await;
            if stop.is_cancelled() {
                return;
            }
            let result = self.make_passes(options, stop).await;
            match result {
                Err(EngineError::Stopped) => return,
                // Nothing was due: that says nothing of what failed before.
                Ok(false) => {}
                result => trouble.book(self, result.map(drop)),
            }
        }
    }

    /// Makes the pass that is due, if one is.
    async fn make_passes(
        &self,
        options: &FollowOptions,
        stop: &CancellationToken,
    ) -> Result<bool, EngineError> {
        if self.is_paused().await? {
            return Ok(false);
        }
        let Some(due) = self.due(options).await? else { return Ok(false) };
        let accept_shrink = due.request.is_some_and(|request| request.accept_shrink);
        let limits = Limits { accept_shrink, ..self.options.limits };
        let mut unanswered = due.request;
        let begun = async |run| match unanswered.take() {
            Some(request) => Ok(self.ports.store.answer_request(request.id, run).await?),
            None => Ok(()),
        };
        match self.pass(due.scope, &limits, &Quiet, stop, begun).await {
            Ok(report) => {
                tell("directory read", &report);
                self.stats.settled(self.ports.store.settle(&due.looks, self.now()).await?);
                Ok(true)
            }
            Err(error) => {
                if let Some(request) = unanswered {
                    self.turn_down(request, &error).await?;
                }
                if matches!(error, EngineError::Stopped) {
                    self.ports.store.release(&due.looks).await?;
                } else {
                    self.put_off(&due.looks, &explain(&error)).await?;
                }
                Err(error)
            }
        }
    }

    /// Tells the requester of a run why it did not begin.
    async fn turn_down(&self, request: SyncRequest, error: &EngineError) -> Result<(), EngineError> {
        let told = self.tell(RunKind::Full, &Quiet);
        let run = self.ports.store.begin_run(RunKind::Full, request.asked).await?;
        told.began(run);
        self.ports.store.answer_request(request.id, run).await?;
        let report = RunReport {
            result: RunResult::Failed,
            error: Some(explain(error)),
            hint: error.hint(),
            mapping: self.mapping_in_force(),
            seconds: self.now().duration_since(request.asked).as_secs_f64(),
            ..RunReport::default()
        };
        told.ended(&report);
        Ok(self.ports.store.end_run(run, &report, self.now()).await?)
    }

    /// The work that is due: first what was begun, then what was asked for, then what the schedules say.
    async fn due(&self, options: &FollowOptions) -> Result<Option<Due>, EngineError> {
        let request = self.ports.store.take_request().await?;
        if let Some((_, pass)) = self.ports.store.unfinished_pass().await? {
            let scope = if request.is_some() { Scope::Full } else { pass.scope };
            return Ok(Some(Due { scope, looks: Vec::new(), request }));
        }
        if request.is_some() {
            return Ok(Some(Due { scope: Scope::Full, looks: Vec::new(), request }));
        }
        let claim =
            self.ports.store.claim_looks(LookSort::Passes, PASS_LOOKS, self.now(), self.options.lease);
        let looks = claim.await?;
        let scope = match self.asked_for(options, &looks).await {
            Ok(scope) => scope,
            Err(error) => {
                self.ports.store.release(&looks).await?;
                return Err(error);
            }
        };
        // A pass for new attributes does not see memberships; what asks for those waits for the next.
        let wide = scope != Some(Scope::Users);
        let (answered, later): (Vec<Look>, Vec<Look>) =
            looks.into_iter().partition(|look| wide || look.target == Subject::Schema);
        self.ports.store.release(&later).await?;
        Ok(scope.map(|scope| Due { scope, looks: answered, request: None }))
    }

    /// The pass that looks ask for, or else the schedules.
    async fn asked_for(&self, options: &FollowOptions, looks: &[Look]) -> Result<Option<Scope>, EngineError> {
        let asks = |subject: &Subject| looks.iter().any(|look| look.target == *subject);
        Ok(if asks(&Subject::Directory) {
            Some(Scope::Full)
        } else if asks(&Subject::Schema) {
            // What asks for this pass stays asked for until it is made.
            self.follow_structure(false).await?;
            Some(Scope::Users)
        } else if asks(&Subject::Recent) {
            Some(self.recent().await?)
        } else {
            self.scheduled(options).await?
        })
    }
}
