//! The Python for `tests/mixed_fleet.rs`, the example of that name, the benchmark, and the tests of the
//! package in the folder `python`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::consent::Consent;
use crate::package_manager::PackageManager;
use crate::workspace::run;
use crate::{install, workspace};

/// The requirements, as pip reads them.
const REQUIREMENTS: &str = "python/requirements.txt";

/// Makes a virtual environment with redis-py, or brings it up to date.
///
/// # Errors
///
/// Returns what went wrong and what to do by hand.
pub(crate) fn find_or_make(consent: Consent) -> Result<(), String> {
    let folder = workspace::target().join("python");
    let required = workspace::root().join(REQUIREMENTS);
    let wanted = std::fs::read_to_string(&required)
        .map_err(|error| format!("`{}` cannot be read: {error}", required.display()))?;
    let installed = folder.join("requirements.txt");
    let python = python_in(&folder);
    if std::fs::read_to_string(&installed).is_ok_and(|text| text == wanted) && runs(&python) {
        return Ok(());
    }
    println!(
        "Making a virtual environment for Python in {}:",
        folder.display()
    );
    if let Err(reason) = make(&folder) {
        println!("  {reason}");
        let made = || make(&folder).ok();
        install::until_found(
            "There is no Python 3 with `venv` on this machine.",
            PackageManager::python_packages,
            consent,
            made,
        )
        .map_err(|tried| advice(&tried))?;
    }
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
        ])
        .arg(&required))?;
    std::fs::write(&installed, wanted)
        .map_err(|error| format!("`{}` cannot be written: {error}", installed.display()))
}

/// Returns the command that tests the package.
pub(crate) fn tests() -> Command {
    let folder = workspace::root().join("python");
    let mut command = Command::new(python_in(&workspace::target().join("python")));
    command
        .args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider"])
        .env("PYTHONPATH", folder.join("src"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(folder);
    command
}

fn make(folder: &Path) -> Result<(), String> {
    // The old environment may be of a Python that is gone.
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(folder))
}

fn python_in(folder: &Path) -> PathBuf {
    folder.join("bin/python")
}

fn runs(python: &Path) -> bool {
    let mut question = Command::new(python);
    question
        .args(["-c", "import redis, pytest"])
        .stderr(Stdio::null());
    question.status().is_ok_and(|status| status.success())
}

fn advice(tried: &[String]) -> String {
    format!(
        "there is no Python 3 with `venv` on this machine and none could be installed:\n  {}\ninstall it by hand so that \
         `python3 -m venv` works",
        tried.join("\n  ")
    )
}

#[cfg(test)]
mod tests {
    use super::{advice, runs};

    #[test]
    fn a_python_that_is_not_there_does_not_run() {
        assert!(!runs("no/such/python".as_ref()));
    }

    #[test]
    fn all_that_was_tried_is_told() {
        let message = advice(&["first".to_owned(), "second".to_owned()]);
        assert!(message.contains("  first\n  second\n"), "{message}");
        assert!(message.contains("by hand"), "{message}");
    }
}
