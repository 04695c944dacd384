//! The shell around the core: cargo's environment, directives and output directory.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::files::Directory;
use crate::{Config, Error, generate};

/// Runs the generator in a build script.
pub(crate) fn compile(config: &Config, manifest: &Path) -> Result<(), Error> {
    let root = variable("CARGO_MANIFEST_DIR")?;
    let out = variable("OUT_DIR")?.join(config.file_name());
    let manifest = manifest.strip_prefix(&root).unwrap_or(manifest);
    let generated = generate::generate(config, manifest, &Directory::new(root));
    for input in &generated.inputs {
        println!("cargo::rerun-if-changed={}", input.display());
    }
    if let Some(error) = generated.errors {
        return Err(error);
    }
    for warning in &generated.warnings {
        println!("cargo::warning={}", warning.replace('\n', " "));
    }
    // Rustc reports a source that does not parse; the names of its wrappers should not be lost on top.
    if !generated.warnings.is_empty() && out.exists() {
        return Ok(());
    }
    write_if_changed(&out, &generated.text)
        .map_err(|error| Error::new(format!("error: cannot write `{}`: {error}", out.display())))
}

/// Hands an error to cargo, line by line, which stops the build and prints nothing else.
pub(crate) fn report(error: &Error) {
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

/// Leaves a file alone that has the text already, so that its time of change says something.
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

    use super::write_if_changed;

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
