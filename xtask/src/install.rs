//! Installs missing programs with the machine's package manager.

use std::process::Command;

use crate::consent::Consent;
use crate::package_manager::{PackageManager, Privilege};
use crate::workspace::{on_path, run};

/// Installs packages, one after the other, until `found` succeeds.
///
/// # Errors
///
/// Returns what was tried, one line each, if nothing helped.
pub(crate) fn until_found<T, const N: usize>(
    missing: &str,
    packages: fn(PackageManager) -> [&'static str; N],
    consent: Consent,
    found: impl Fn() -> Option<T>,
) -> Result<T, Vec<String>> {
    let privilege = privilege(consent);
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
        let mut update = manager.update(privilege);
        for package in packages(manager) {
            let install = manager.install(privilege, package);
            println!("To install the package `{package}`, these commands run:");
            for command in update.iter().chain([&install]) {
                println!("  {}", command.join(" "));
            }
            if !consent.is_given() {
                tried.push(format!(
                    "`{package}` was not installed, because the answer was no"
                ));
                return Err(tried);
            }
            // An old list may still do, so a failure here is only noted.
            tried.extend(
                update
                    .take()
                    .and_then(|update| run(&mut command(&update)).err()),
            );
            match run(&mut command(&install)) {
                Ok(()) => match found() {
                    Some(it) => return Ok(it),
                    None => tried.push(format!(
                        "`{package}` is installed, but its program does not run"
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

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}

fn privilege(consent: Consent) -> Privilege {
    if rustix::process::geteuid().is_root() {
        Privilege::Root
    } else if on_path("sudo").is_none() {
        Privilege::None
    } else if consent == Consent::Unattended {
        Privilege::SudoWithoutPassword
    } else {
        Privilege::Sudo
    }
}
