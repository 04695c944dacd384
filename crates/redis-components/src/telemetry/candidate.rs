//! Events of a component's candidate.

use super::component::Subject;
use super::report::report;

/// A candidate is made ready from now on.
pub(crate) fn offered(subject: &Subject, id: &str, server: Option<&str>) {
    let Subject { component, key } = subject.clone();
    let (id, server) = (id.to_owned(), server.map(str::to_owned));
    report(move || tracing::info!(component, key, id, server, "candidate is made ready"));
}

/// There is no candidate any more, or it is another.
pub(crate) fn no_longer(subject: &Subject, id: &str) {
    let Subject { component, key } = subject.clone();
    let id = id.to_owned();
    report(move || tracing::info!(component, key, id, "candidate is gone"));
}
