//! `completions`: what a shell needs to complete commands and components.

use clap::Args;
use clap_complete::env::Shells;

use crate::failure::{Code, Failure};
use crate::output::Reply;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The shell.
    #[arg(value_parser = ["bash", "elvish", "fish", "powershell", "zsh"])]
    shell: String,
}

pub(crate) fn run(options: &Options) -> Result<Reply, Failure> {
    let name = "redis-components";
    let mut script = Vec::new();
    let shells = Shells::builtins();
    let shell = shells.completer(&options.shell);
    let shell = shell.ok_or_else(|| Failure::usage("this shell is not known"))?;
    shell
        .write_registration("COMPLETE", name, name, name, &mut script)
        .map_err(|error| Failure::new(Code::Unreadable, error.to_string()))?;
    let script = String::from_utf8_lossy(&script).into_owned();
    Ok(Reply::new(
        serde_json::json!({"shell": options.shell, "script": script}),
        script,
    ))
}
