//! Measures how long a crate takes to build whose build dependency is a generator, with everything
//! that the generator depends on.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::{Map, Value, json};

use crate::bar::Bar;
use crate::cpu;
use crate::failure::Failure;

/// Builds each of them from nothing.
pub(crate) fn measure(bars: &mut Vec<Bar>) -> Result<Value, Failure> {
    println!(
        "`cargo build` of one build dependency, from nothing: CPU time; by the clock; packages"
    );
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/redis-components-build");
    let generators = [
        ("redis-components-build", format!("{{ path = {ours:?} }}")),
        ("tonic-prost-build", "\"0.14\"".to_owned()),
        ("clorinde", "\"1\"".to_owned()),
    ];
    let mut results = Map::new();
    let mut busy = Vec::new();
    for (name, version) in generators {
        let built = build(name, &version)?;
        println!(
            "{name:<24} {:>6.1} s; {:>6.1} s; {}",
            built.cpu, built.wall, built.packages
        );
        busy.push(built.cpu);
        results.insert(
            name.to_owned(),
            json!({ "cpu": built.cpu, "wall": built.wall, "packages": built.packages }),
        );
    }
    bars.push(Bar {
        name: "building the generator, to the lesser of the others",
        figure: busy[0] / busy[1].min(busy[2]),
        most: 1.0,
    });
    Ok(results.into())
}

struct Built {
    cpu: f64,
    wall: f64,
    packages: usize,
}

fn build(name: &str, version: &str) -> Result<Built, Failure> {
    let package = tempfile::tempdir()?;
    fs::create_dir(package.path().join("src"))?;
    fs::write(package.path().join("src/lib.rs"), "")?;
    fs::write(package.path().join("build.rs"), "fn main() {}\n")?;
    let manifest = format!(
        "[package]\nname = \"cold\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[build-dependencies]\n{name} = {version}\n\n[workspace]\n"
    );
    fs::write(package.path().join("Cargo.toml"), manifest)?;
    cargo(package.path(), &["fetch", "--quiet"])?;
    let (start, before) = (Instant::now(), cpu::of_children()?);
    cargo(package.path(), &["build", "--quiet", "--offline"])?;
    let (wall, cpu) = (start.elapsed(), cpu::of_children()? - before);
    let lock = fs::read_to_string(package.path().join("Cargo.lock"))?;
    Ok(Built {
        cpu: cpu.as_secs_f64(),
        wall: wall.as_secs_f64(),
        packages: lock.matches("[[package]]").count() - 1,
    })
}

fn cargo(package: &Path, arguments: &[&str]) -> Result<(), Failure> {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(arguments)
        .current_dir(package)
        .env("CARGO_TARGET_DIR", package.join("target"));
    if command.status()?.success() {
        return Ok(());
    }
    Err(format!("`cargo {}` failed", arguments.join(" ")).into())
}
