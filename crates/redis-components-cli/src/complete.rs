//! Names of components for a shell that completes them.

use std::time::Duration;

use clap::Parser;
use clap_complete::CompletionCandidate;

use crate::context::Context;
use crate::options::Global;

/// A shell that waits longer is a nuisance.
const BOUND: Duration = Duration::from_millis(200);

#[derive(Parser)]
struct Nothing {
    #[command(flatten)]
    global: Global,
}

/// Returns the components of the config server that the environment, a profile or the manifest
/// names; nothing if it does not answer at once.
pub(crate) fn components() -> Vec<CompletionCandidate> {
    let names = || {
        let global = Nothing::try_parse_from(["redis-components"]).ok()?.global;
        let context = Context {
            global,
            stage: std::rc::Rc::default(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .ok()?;
        let names = runtime.block_on(async {
            let names = async { context.session().await.ok()?.components().await.ok() };
            tokio::time::timeout(BOUND, names).await.ok().flatten()
        });
        // Resolving a name may still be under way.
        runtime.shutdown_background();
        names
    };
    names()
        .unwrap_or_default()
        .into_iter()
        .map(CompletionCandidate::new)
        .collect()
}
