//! The shell around the core: cargo's environment, directives and output directory.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, PoisonError};

use crate::diagnostics::file::quoted;
use crate::emit::HEADER;
use crate::error::Error;
use crate::files::Directory;
use crate::generate;
use crate::options::Options;
use crate::package::levels_to_workspace;

/// Runs the generator in a build script.
pub(crate) fn compile(options: &Options, manifest: &Path) -> Result<(), Error> {
    let root = variable("CARGO_MANIFEST_DIR")?;
    let name = options.out_file.as_str();
    if Path::new(name).file_name() != Some(name.as_ref()) {
        return Err(Error::new(format!(
            "error: {} is not the name of a file in `OUT_DIR`\n  = help: give `Config::out_file` a name alone, such as `redis.rs`",
            quoted(name)
        )));
    }
    let out = variable("OUT_DIR")?.join(name);
    let manifest = manifest.strip_prefix(&root).unwrap_or(manifest);
    if !may_be_replaced(&out) {
        return Err(Error::new(format!(
            "error: `{name}` in `OUT_DIR` is not a file that this generator wrote\n  = help: choose another name with `Config::out_file`"
        )));
    }
    if let Some(other) = claim(&out, manifest) {
        return Err(Error::new(format!(
            "error: {} and {} both generate {}\n  = help: give one of them a file of its own with `Config::out_file`, and include it with `include_components!(\"…\")`",
            quoted(&other.display().to_string()),
            quoted(&manifest.display().to_string()),
            quoted(name),
        )));
    }
    let directory = Directory::new(root.clone());
    let mut options = options.clone();
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    options.forbidden.extend(forbidden(&flags));
    options.prefix = prefix(&root, &directory);
    let generated = generate::generate(&options, manifest, &directory);
    for input in &generated.inputs {
        // With a `rust-version` before 1.77, cargo refuses the newer `cargo::`.
        println!("cargo:rerun-if-changed={}", input.display());
    }
    if let Some(error) = generated.errors {
        return Err(error);
    }
    for warning in generated.warnings.iter().chain(&generated.hints) {
        println!("cargo:warning={}", warning.replace('\n', " "));
    }
    // Rustc reports a source that does not parse. Without that source's wrappers, the file would
    // add an error at each of their calls.
    if !generated.warnings.is_empty() && out.exists() {
        return Ok(());
    }
    write_if_changed(&out, &generated.text)
        .map_err(|error| Error::new(format!("error: cannot write `{}`: {error}", out.display())))
}

/// Claims an output file for a manifest. Returns the manifest that claimed the file before, if it
/// is another.
fn claim(out: &Path, manifest: &Path) -> Option<PathBuf> {
    static TAKEN: Mutex<BTreeMap<PathBuf, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let first = taken
        .entry(out.to_owned())
        .or_insert_with(|| manifest.to_owned());
    (first != manifest).then(|| first.clone())
}

/// Ends the build script. Cargo reads `cargo::error` only since Rust 1.77, and before that the exit
/// code alone can fail the build.
#[expect(
    clippy::exit,
    reason = "a panic would put its own words around the report"
)]
fn fail(error: &Error) -> ! {
    eprintln!("{error}");
    process::exit(1)
}

/// Returns the path from the workspace's root to the package. Rustc's paths begin with it.
fn prefix(root: &Path, files: &Directory) -> String {
    let levels = levels_to_workspace(files);
    let names: Vec<_> = root.iter().collect();
    let inside = names
        .get(names.len().saturating_sub(levels)..)
        .unwrap_or_default();
    let names = inside
        .iter()
        .map(|name| format!("{}/", name.to_string_lossy()));
    names.collect()
}

/// Returns the lints that the compiler's arguments forbid.
fn forbidden(flags: &str) -> Vec<String> {
    let mut lints = Vec::new();
    let mut flags = flags.split('\u{1f}');
    while let Some(flag) = flags.next() {
        let lint = match flag {
            "-F" | "--forbid" => flags.next(),
            flag => flag.strip_prefix("--forbid=").or(flag.strip_prefix("-F")),
        };
        lints.extend(lint.map(|lint| lint.replace('-', "_")));
    }
    lints
}

/// Prints an error for cargo, line by line. Cargo then stops the build and prints nothing else.
pub(crate) fn report(error: &Error) {
    let minor = env::var("CARGO_PKG_RUST_VERSION").ok().and_then(|version| {
        version
            .strip_prefix("1.")?
            .split('.')
            .next()?
            .parse::<u32>()
            .ok()
    });
    if minor.is_some_and(|minor| minor < 77) {
        fail(error);
    }
    for line in error.to_string().lines() {
        println!("cargo::error={line}");
    }
}

fn variable(name: &str) -> Result<PathBuf, Error> {
    env::var_os(name).map(PathBuf::from).ok_or_else(|| {
        Error::new(format!(
            "error: the environment variable `{name}` is not set\n  = help: call this from a build script, or use `Config::generate`"
        ))
    })
}

/// Returns `true` if no file is there, or one that this generator wrote.
fn may_be_replaced(path: &Path) -> bool {
    fs::read(path).map_or(true, |current| current.starts_with(HEADER.as_bytes()))
}

/// Writes a file only if its text has changed, so that its modification time keeps a meaning.
fn write_if_changed(path: &Path, text: &str) -> io::Result<()> {
    if fs::read(path).is_ok_and(|current| current == text.as_bytes()) {
        return Ok(());
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    fs::write(&new, text)?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{forbidden, may_be_replaced, write_if_changed};
    use crate::emit::HEADER;

    #[test]
    fn forbidden_lints_are_read_from_arguments() {
        let flags = "-Cdebuginfo=1\u{1f}-F\u{1f}dead-code\u{1f}-Funused\u{1f}--forbid=clippy::all\u{1f}--forbid";
        assert_eq!(forbidden(flags), ["dead_code", "unused", "clippy::all"]);
        assert!(forbidden("").is_empty());
    }

    #[test]
    fn a_file_of_somebody_else_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("components.rs");
        assert!(may_be_replaced(&path));
        write_if_changed(&path, "mod theirs {}").unwrap();
        assert!(!may_be_replaced(&path));
        write_if_changed(&path, HEADER).unwrap();
        assert!(may_be_replaced(&path));
    }

    #[test]
    fn an_unchanged_file_is_not_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("components.rs");
        write_if_changed(&path, "one").unwrap();
        let mut read_only = fs::metadata(&path).unwrap().permissions();
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        read_only.set_readonly(true);
        fs::set_permissions(&path, read_only).unwrap();
        write_if_changed(&path, "one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
        write_if_changed(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
