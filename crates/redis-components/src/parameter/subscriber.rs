//! Functions that take a [`Subscriber`], which follows its component.

use std::sync::Arc;

use super::Acquire;
use crate::component::Component;
use crate::connection::subscriber::Subscriber;
use crate::error::Error;

/// Each call gets a connection of its own. It is closed when the subscriber is dropped.
impl Acquire for Subscriber {
    async fn acquire(
        component: &'static Component,
        _function: &'static str,
    ) -> Result<Self, Error> {
        let slot = Arc::clone(&*component.slot()?);
        Self::open(slot, component.wait(), true).await
    }

    async fn acquire_staying(
        component: &'static Component,
        _function: &'static str,
    ) -> Result<Self, Error> {
        let slot = Arc::clone(&*component.slot()?);
        Self::open(slot, component.wait(), false).await
    }
}
