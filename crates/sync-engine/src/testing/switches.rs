//! Switches that make the methods of a fake fail.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::error::PortError;

/// Makes the error of a method that is switched off.
type MakeError = Arc<dyn Fn() -> PortError + Send + Sync>;

/// The methods of a fake that fail.
#[derive(Default)]
pub struct Switches(Mutex<BTreeMap<&'static str, Switch>>);

struct Switch {
    /// The calls that still succeed.
    after: u64,
    /// The calls that fail then; `None` for all.
    times: Option<u64>,
    error: MakeError,
}

impl Switches {
    /// Makes every call of a method fail from now on.
    pub fn fail(&self, method: &'static str, error: impl Fn() -> PortError + Send + Sync + 'static) {
        self.lock().insert(method, Switch { after: 0, times: None, error: Arc::new(error) });
    }

    /// Makes some calls of a method fail, after others that succeed.
    pub fn fail_times(
        &self,
        method: &'static str,
        after: u64,
        times: u64,
        error: impl Fn() -> PortError + Send + Sync + 'static,
    ) {
        self.lock().insert(method, Switch { after, times: Some(times), error: Arc::new(error) });
    }

    /// Lets a method succeed again.
    pub fn restore(&self, method: &'static str) {
        self.lock().remove(method);
    }

    /// Fails if the method is switched off.
    pub(super) fn check(&self, method: &'static str) -> Result<(), PortError> {
        let mut switches = self.lock();
        let Some(switch) = switches.get_mut(method) else { return Ok(()) };
        if switch.after > 0 {
            switch.after -= 1;
            return Ok(());
        }
        match &mut switch.times {
            None => {}
            Some(0) => return Ok(()),
            Some(left) => *left -= 1,
        }
        Err((switch.error)())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Switch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Switches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.lock().keys()).finish()
    }
}
