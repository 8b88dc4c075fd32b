//! A structure that is changed by looking at it.

use std::sync::Arc;

use async_trait::async_trait;
use sync_engine::{Comparison, MappingView, PortError, TargetSchema};

pub(super) fn writing(structure: Arc<dyn TargetSchema>) -> Arc<dyn TargetSchema> {
    Arc::new(Writing(structure))
}

struct Writing(Arc<dyn TargetSchema>);

#[async_trait]
impl TargetSchema for Writing {
    async fn compare(&self) -> Result<Comparison, PortError> {
        self.0.compare().await
    }

    async fn state(&self) -> Result<Option<String>, PortError> {
        self.0.state().await
    }

    async fn preview(&self) -> Result<Comparison, PortError> {
        let compared = self.0.compare().await?;
        Ok(self.0.apply(&compared.view).await?.unwrap_or(compared))
    }

    async fn apply(&self, base: &MappingView) -> Result<Option<Comparison>, PortError> {
        self.0.apply(base).await
    }
}
