//! A structure that is changed by whoever looks at it.

use std::sync::Arc;

use async_trait::async_trait;
use sync_service::engine::{Comparison, PortError, Structure};

pub(super) fn writing(structure: Arc<dyn Structure>) -> Arc<dyn Structure> {
    Arc::new(Writing(structure))
}

struct Writing(Arc<dyn Structure>);

#[async_trait]
impl Structure for Writing {
    async fn compare(&self) -> Result<Comparison, PortError> {
        self.0.compare().await
    }

    async fn state(&self) -> Result<Option<String>, PortError> {
        self.0.state().await
    }

    async fn preview(&self) -> Result<Comparison, PortError> {
        self.0.apply().await
    }

    async fn apply(&self) -> Result<Comparison, PortError> {
        self.0.apply().await
    }
}
