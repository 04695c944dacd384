//! The browser in which the example `web` and the page of `serve` are tested.

use crate::consent::Consent;
use crate::install;
use crate::package_manager::PackageManager;
use crate::workspace::on_path;

/// The names of the browser that the tests look for.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Finds a browser, or installs one.
///
/// # Errors
///
/// Returns what was tried and what to do by hand.
pub(crate) fn find_or_install(consent: Consent) -> Result<(), String> {
    let find = || NAMES.into_iter().find_map(on_path);
    let browser = match find() {
        Some(browser) => browser,
        None => install::until_found(
            "There is no Chromium on this machine.",
            PackageManager::browser_packages,
            consent,
            find,
        )
        .map_err(|tried| advice(&tried))?,
    };
    println!("Browser: {}", browser.display());
    Ok(())
}

fn advice(tried: &[String]) -> String {
    format!(
        "there is no Chromium on this machine and none could be installed:\n  {}\ninstall it by hand so that one of {} is on \
         PATH",
        tried.join("\n  "),
        NAMES.map(|name| format!("`{name}`")).join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::advice;

    #[test]
    fn all_that_was_tried_is_told() {
        let message = advice(&["first".to_owned(), "second".to_owned()]);
        assert!(message.contains("  first\n  second\n"), "{message}");
        assert!(
            message.contains("`chromium`, `chromium-browser`"),
            "{message}"
        );
    }
}
