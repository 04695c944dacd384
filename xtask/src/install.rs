//! Installs what is missing with the machine's package manager.

use std::process::{Command, Stdio};

use crate::package_manager::{PackageManager, Privilege};
use crate::workspace::on_path;

/// Installs packages, one after the other, until `found` finds what is missing.
///
/// # Errors
///
/// What was tried, one line each, where nothing has helped.
pub(crate) fn until_found<T, const N: usize>(
    missing: &str,
    packages: fn(PackageManager) -> [&'static str; N],
    found: impl Fn() -> Option<T>,
) -> Result<T, Vec<String>> {
    let privilege = privilege();
    let mut tried = Vec::new();
    println!("{missing}");
    for manager in PackageManager::ALL {
        if on_path(manager.program()).is_none() {
            continue;
        }
        if !manager.allowed(privilege) {
            let reason = if manager == PackageManager::Brew {
                "refuses root"
            } else {
                "needs root or sudo"
            };
            tried.push(format!("`{}` {reason}", manager.program()));
            continue;
        }
        if let Some(update) = manager.update(privilege) {
            println!("Bringing the list of packages up to date:");
            // An old list may still do: what follows shows it.
            tried.extend(run(&update).err());
        }
        for package in packages(manager) {
            println!("Installing the package `{package}`:");
            match run(&manager.install(privilege, package)) {
                Ok(()) => match found() {
                    Some(it) => return Ok(it),
                    None => tried.push(format!(
                        "`{package}` is installed, but what it holds does not run"
                    )),
                },
                Err(reason) => tried.push(reason),
            }
        }
    }
    if tried.is_empty() {
        let known = PackageManager::ALL.map(|manager| format!("`{}`", manager.program()));
        tried.push(format!(
            "none of the package managers {} is on PATH",
            known.join(", ")
        ));
    }
    Err(tried)
}

fn run(command: &[&str]) -> Result<(), String> {
    let shown = command.join(" ");
    println!("  {shown}");
    let [program, arguments @ ..] = command else {
        return Ok(());
    };
    match Command::new(program).args(arguments).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{shown}` failed ({status})")),
        Err(error) => Err(format!("`{shown}` cannot be run: {error}")),
    }
}

fn privilege() -> Privilege {
    // The standard library does not tell who we are.
    let id = Command::new("id").arg("-u").stderr(Stdio::null()).output();
    if id.is_ok_and(|id| id.stdout.trim_ascii() == b"0") {
        Privilege::Root
    } else if on_path("sudo").is_some() {
        Privilege::Sudo
    } else {
        Privilege::None
    }
}
