//! Measures `cargo check` of generated modules, beside the same wrappers written by hand.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::bar::Bar;
use crate::failure::Failure;
use crate::package::FUNCTIONS;
use crate::sample::Sample;
use crate::{cpu, package};

const COMPONENTS: usize = 100;
const PACKAGES: [&str; 2] = ["generated", "written"];

/// Checks the two packages in turns. Everything that they depend on is built before.
pub(crate) fn measure(runs: usize, bars: &mut Vec<Bar>) -> Result<Value, Failure> {
    println!("`cargo check` of {COMPONENTS} modules: CPU time, least of {runs} (median, most)");
    let workspace = tempfile::tempdir()?;
    write(workspace.path())?;
    let mut samples = [Sample::default(), Sample::default()];
    for run in 0..=runs {
        for (name, sample) in PACKAGES.into_iter().zip(&mut samples) {
            let seconds = check(workspace.path(), name)?;
            // The first run builds what both depend on.
            if run > 0 {
                sample.add(seconds);
            }
        }
    }
    for (name, sample) in PACKAGES.into_iter().zip(&samples) {
        let (least, median, most) = (sample.least(), sample.median(), sample.most());
        println!("{name:<10} {least:>6.2} s ({median:.2}, {most:.2})");
    }
    let ratio = samples[0].least() / samples[1].least();
    println!("ratio {ratio:.3}\n");
    bars.push(Bar {
        name: "checking generated modules, to hand-written ones",
        figure: ratio,
        most: 1.3,
    });
    Ok(json!({ "generated": samples[0].json(), "written": samples[1].json(), "ratio": ratio }))
}

fn check(workspace: &Path, name: &str) -> Result<f64, Failure> {
    // A changed file makes Cargo check the package again.
    let root = workspace.join(name).join("src/lib.rs");
    fs::write(&root, fs::read(&root)?)?;
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench-generator");
    let before = cpu::of_children()?;
    let status = Command::new(env!("CARGO"))
        .args(["check", "--quiet", "--package", name])
        .current_dir(workspace)
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_TARGET_DIR", target)
        .status()?;
    if !status.success() {
        return Err(format!("`cargo check` of `{name}` failed").into());
    }
    Ok((cpu::of_children()? - before).as_secs_f64())
}

/// Writes a workspace of the two packages, with the same functions.
fn write(workspace: &Path) -> Result<(), Failure> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()?;
    fs::copy(repository.join("Cargo.lock"), workspace.join("Cargo.lock"))?;
    fs::write(
        workspace.join("Cargo.toml"),
        "[workspace]\nmembers = [\"generated\", \"written\"]\nresolver = \"3\"\n",
    )?;
    for name in PACKAGES {
        let directory = workspace.join(name);
        package::write(&directory, COMPONENTS)?;
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n\
             redis = {{ version = \"1\", features = [\"tokio-comp\"] }}\n\
             redis-components = {{ path = {:?} }}\n",
            repository.join("crates/redis-components"),
        );
        fs::write(directory.join("Cargo.toml"), manifest)?;
        let mut modules = String::new();
        for component in 0..COMPONENTS {
            writeln!(modules, "pub mod component_{component};")?;
        }
        fs::write(directory.join("src/functions/mod.rs"), modules)?;
        let wrappers = if name == "generated" {
            generated(&directory)?
        } else {
            written()?
        };
        fs::write(directory.join("src/wrappers.rs"), wrappers)?;
        fs::write(
            directory.join("src/lib.rs"),
            "pub mod functions;\ninclude!(\"wrappers.rs\");\n",
        )?;
    }
    Ok(())
}

fn generated(directory: &Path) -> Result<String, Failure> {
    let config = redis_components_build::Config::new();
    let output = config.generate(directory.join("components.toml"))?;
    Ok(output.source().to_owned())
}

fn written() -> Result<String, Failure> {
    let mut text = String::new();
    for component in 0..COMPONENTS {
        writeln!(
            text,
            r#"pub mod component_{component} {{
    use redis::RedisResult;
    use redis_components::{{__private, Component}};

    pub static COMPONENT: Component = __private::component(__private::Declaration {{
        name: "component_{component}",
        key: "config:redis:component_{component}",
        wait: std::time::Duration::from_secs(1),
        connections: 1,
        key_prefix: "config:redis:",
        has_own_key: false,
        config_server: None,
    }});"#
        )?;
        for function in 0..FUNCTIONS {
            write!(
                text,
                r"
    pub async fn function_{function}(app: &str, severity: u8, message: &str) -> RedisResult<u64> {{
        let mut connection = COMPONENT.connection().await?;
        crate::functions::component_{component}::function_{function}(&mut connection, app, severity, message).await
    }}
"
            )?;
        }
        text.push_str("}\n");
    }
    Ok(text)
}
