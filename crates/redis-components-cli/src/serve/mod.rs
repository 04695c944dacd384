//! The picture over HTTP: as JSON, as a stream, as metrics, and as a page.

mod hosts;
mod metrics;
mod pages;
mod picture;
mod samples;

pub(crate) use self::pages::router;
pub(crate) use self::picture::record;
