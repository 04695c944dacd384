//! The config that a connection for one call is built from.

use std::sync::Arc;

use crate::client::blocking::pool::Pool;
use crate::client::multiplexed::Multiplexed;
use crate::clock::Wait;
use crate::component::Component;
use crate::config::ComponentConfig;
use crate::error::Error;
use crate::settings::timeouts::Timeouts;
use crate::slot::Slot;
use crate::slot::executor::OnThreads;
use crate::slot::published::OfGeneration;
use crate::transport::failure::Failure;

/// A component's config in force, and the bounds of connections built from it.
pub(super) struct Origin {
    component: &'static Component,
    config: Arc<ComponentConfig>,
    timeouts: Timeouts,
}

impl Origin {
    /// Returns the component's client on this runtime, and the config that it was built from.
    pub(super) async fn current(
        component: &'static Component,
    ) -> Result<(Arc<OfGeneration<Multiplexed>>, Self), Error> {
        let slot = component.slot()?;
        loop {
            let client = component.client().await?;
            // None if the component has moved on between the two.
            if let Some(origin) = Self::of(component, &slot, client.generation)? {
                return Ok((client, origin));
            }
        }
    }

    /// Returns the component's pool, and the config that it was built from.
    pub(super) fn current_blocking(
        component: &'static Component,
    ) -> Result<(Arc<Pool>, Self), Error> {
        let slot = component.slot()?;
        loop {
            let pool = pollster::block_on(slot.acquire(&OnThreads, Wait::of(component.wait())))?;
            if let Some(origin) = Self::of(component, &slot, pool.generation)? {
                return Ok((Arc::clone(&pool.client), origin));
            }
        }
    }

    /// Returns the config in force, if it is of this generation.
    fn of(
        component: &'static Component,
        slot: &Slot,
        generation: u64,
    ) -> Result<Option<Self>, Error> {
        let published = slot.published().ok_or_else(|| slot.unavailable())?;
        Ok((published.generation == generation).then(|| Self {
            component,
            timeouts: slot.timeouts().of(&published.config),
            config: Arc::clone(&published.config),
        }))
    }

    pub(super) fn config(&self) -> &ComponentConfig {
        &self.config
    }

    pub(super) fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Returns the error of a call whose connection could not be opened.
    pub(super) fn error(&self, failure: &Failure) -> Error {
        let server = self.config.address();
        let reason = &failure.message;
        let message =
            format!("a connection for this call alone to {server} could not be opened: {reason}");
        let (name, key) = (self.component.name(), self.component.key());
        let error = Error::new(failure.cause.error_kind(), message).about(name, key, Some(&server));
        match failure.shown_source() {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}
