//! Connecting everything at start-up.

use std::thread;

use futures_util::future::join_all;

use crate::component::Component;
use crate::error::Error;
use crate::error::errors::Errors;
use crate::os_thread;
use crate::scope::Scope;

/// Connects all components at once and reports every component that could not be connected.
///
/// # Errors
///
/// Returns all failures.
pub async fn connect_all(components: &[&'static Component]) -> Result<(), Errors> {
    let connecting = components.iter().map(|component| component.connection());
    Errors::collect(
        join_all(connecting)
            .await
            .into_iter()
            .filter_map(Result::err),
    )
}

/// Connects all components at once, for blocking calls, and reports every component that could not
/// be connected.
///
/// # Errors
///
/// Returns all failures.
pub fn connect_all_blocking(components: &[&'static Component]) -> Result<(), Errors> {
    let scope = Scope::current();
    let connect = |component: &'static Component| -> Option<Error> {
        let connect = || component.blocking_connection().err();
        match &scope {
            Some(scope) => scope.clone().run_blocking(connect),
            None => connect(),
        }
    };
    if os_thread::demand().is_err() {
        // Each says so.
        return Errors::collect(components.iter().copied().filter_map(connect));
    }
    let errors: Vec<_> = thread::scope(|threads| {
        let connecting: Vec<_> = components
            .iter()
            .map(|component| {
                let connecting =
                    thread::Builder::new().spawn_scoped(threads, || connect(component));
                connecting.map_err(|_| connect(component))
            })
            .collect();
        let ended = connecting.into_iter().map(|connecting| match connecting {
            Ok(thread) => thread.join().ok().flatten(),
            // There was no thread for it.
            Err(error) => error,
        });
        ended.flatten().collect()
    });
    Errors::collect(errors)
}
