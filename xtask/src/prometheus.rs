//! The `promtool` with which the tests check alerts and queries.

use crate::consent::Consent;
use crate::install;
use crate::package_manager::PackageManager;
use crate::workspace::on_path;

/// Finds promtool, or installs it.
///
/// # Errors
///
/// Returns what was tried and what to do by hand.
pub(crate) fn find_or_install(consent: Consent) -> Result<(), String> {
    let find = || on_path("promtool");
    let promtool = match find() {
        Some(promtool) => promtool,
        None => install::until_found(
            "There is no promtool on this machine.",
            PackageManager::prometheus_packages,
            consent,
            find,
        )
        .map_err(|tried| {
            format!(
                "there is no promtool on this machine and none could be installed:\n  {}\ninstall Prometheus by hand so \
                 that `promtool` is on PATH",
                tried.join("\n  ")
            )
        })?,
    };
    println!("promtool: {}", promtool.display());
    Ok(())
}
