//! Names of components for a shell that completes them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Parser;
use clap_complete::CompletionCandidate;

use crate::context::Context;
use crate::options::Global;
use crate::profile::IS_COMPLETING;
use crate::steps::Steps;

/// A shell that waits longer is a nuisance.
const BOUND: Duration = Duration::from_millis(200);

#[derive(Parser)]
struct Nothing {
    #[command(flatten)]
    global: Global,
}

/// The options that say where configs are.
const PLACES: [&str; 4] = ["--config-server", "--key-prefix", "--manifest", "--profile"];

/// Returns the components of the config server that the line, the environment, a profile or the
/// manifest names; nothing if it does not answer at once.
pub(crate) fn components() -> Vec<CompletionCandidate> {
    IS_COMPLETING.store(true, Ordering::Relaxed);
    let names = || {
        let words = std::env::args().skip_while(|word| word != "--").skip(1);
        let words = places(&joined(words));
        let words = std::iter::once("redis-components".to_owned()).chain(words);
        let global = Nothing::try_parse_from(words).ok()?.global;
        let context = Context {
            steps: Steps::new(global.output),
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

/// Returns words as they were typed: bash hands on `a=b:c` as five.
fn joined(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut goes_on = false;
    for word in words {
        let is_break = [":", "="].contains(&&*word);
        match all.last_mut() {
            Some(last) if is_break || goes_on => last.push_str(&word),
            _ => all.push(word),
        }
        goes_on = is_break;
    }
    all
}

/// Returns the options among the words that say where configs are, with their values.
fn places(words: &[String]) -> Vec<String> {
    let mut places = Vec::new();
    for (number, word) in words.iter().enumerate() {
        // Bash ends a word at `=`, and so may a person who has not typed the rest yet.
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (&**word, words.get(number + 1).cloned()),
        };
        if let Some(value) = value.filter(|value| !value.is_empty())
            && PLACES.contains(&name)
        {
            places.push(format!("{name}={value}"));
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::{joined, places};

    #[test]
    fn the_line_says_where_configs_are() {
        let places = |line: &str| places(&joined(line.split(' ').map(str::to_owned)));
        for line in [
            "redis-components --config-server redis://h:1 get",
            "redis-components --config-server redis : //h : 1 get",
            "redis-components get --config-server=redis://h:1 ",
            "redis-components get --config-server = redis : //h : 1 ",
        ] {
            assert_eq!(places(line), ["--config-server=redis://h:1"], "{line}");
        }
        let both = places("redis-components --profile prod --key-prefix p: get");
        assert_eq!(both, ["--profile=prod", "--key-prefix=p:"]);
        for line in ["redis-components get", "redis-components get --profile"] {
            assert_eq!(places(line), [""; 0], "{line}");
        }
    }
}
