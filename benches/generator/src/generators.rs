//! The two generators. For each a package is written, then its code is generated and the time is
//! taken.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    MethodDescriptorProto, ServiceDescriptorProto,
};

use crate::failure::Failure;
use crate::package::FUNCTIONS;
use crate::{cpu, package};

/// A generator that is measured.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Generator {
    #[value(name = "redis-components-build")]
    Ours,
    #[value(name = "tonic-prost-build")]
    Tonic,
}

/// The time of one run.
#[derive(Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
}

impl Generator {
    pub(crate) const ALL: [Self; 2] = [Self::Ours, Self::Tonic];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "redis-components-build",
            Self::Tonic => "tonic-prost-build",
        }
    }

    /// Runs in its own process, as a build script does.
    pub(crate) fn measure(self, components: usize) -> Result<Taken, Failure> {
        let directory = tempfile::tempdir()?;
        if self == Self::Ours {
            package::write(directory.path(), components)?;
        }
        let output = Command::new(std::env::current_exe()?)
            .args(["generate", self.name(), &components.to_string()])
            .env("CARGO_MANIFEST_DIR", directory.path())
            .env("OUT_DIR", directory.path())
            .output()?;
        let stdout = String::from_utf8_lossy(&output.stdout);
        let numbers: Vec<u64> = stdout
            .lines()
            .last()
            .unwrap_or_default()
            .split(' ')
            .filter_map(|number| number.parse().ok())
            .collect();
        let [wall, cpu] = numbers[..] else {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{} failed:\n{stdout}{stderr}", self.name()).into());
        };
        let text = match self {
            Self::Ours => "components.rs",
            Self::Tonic => "bench.rs",
        };
        check(&directory.path().join(text), self, components)?;
        Ok(Taken {
            wall: Duration::from_nanos(wall),
            cpu: Duration::from_nanos(cpu),
        })
    }

    /// Generates in this process, and prints the nanoseconds that it took on the clock and on the
    /// CPU.
    pub(crate) fn run(self, components: usize) -> Result<(), Failure> {
        let (wall, busy) = match self {
            Self::Ours => {
                timed(|| redis_components_build::Config::new().compile("components.toml"))?
            }
            Self::Tonic => {
                let descriptors = descriptors(components);
                let tonic = tonic_prost_build::configure().build_server(false);
                timed(|| tonic.compile_fds(descriptors))?
            }
        };
        println!("{} {}", wall.as_nanos(), busy.as_nanos());
        Ok(())
    }
}

fn timed<E: Into<Failure>>(
    run: impl FnOnce() -> Result<(), E>,
) -> Result<(Duration, Duration), Failure> {
    let (start, busy) = (Instant::now(), cpu::own()?);
    run().map_err(Into::into)?;
    Ok((start.elapsed(), cpu::own()? - busy))
}

/// Checks that a generator wrote everything: one that writes less is not fast.
fn check(text: &Path, generator: Generator, components: usize) -> Result<(), Failure> {
    let mark = match generator {
        Generator::Ours => "__private::begin(",
        Generator::Tonic => ".unary(",
    };
    let found = std::fs::read_to_string(text)?.matches(mark).count();
    if found == components * FUNCTIONS {
        return Ok(());
    }
    Err(format!(
        "{} wrote {found} of {components} x {FUNCTIONS}",
        generator.name()
    )
    .into())
}

/// Returns what protoc would make of services whose methods share one request and one reply,
/// without comments. The peer has nothing to parse and as little as possible to generate.
fn descriptors(services: usize) -> FileDescriptorSet {
    let fields = [
        ("app", Type::String),
        ("severity", Type::Uint32),
        ("message", Type::String),
    ];
    let file = FileDescriptorProto {
        name: Some("bench.proto".to_owned()),
        package: Some("bench".to_owned()),
        syntax: Some("proto3".to_owned()),
        message_type: vec![
            message("Request", &fields),
            message("Reply", &[("length", Type::Uint64)]),
        ],
        service: (0..services).map(service).collect(),
        ..Default::default()
    };
    FileDescriptorSet { file: vec![file] }
}

fn message(name: &str, fields: &[(&str, Type)]) -> DescriptorProto {
    let fields = fields
        .iter()
        .zip(1..)
        .map(|((name, kind), number)| FieldDescriptorProto {
            name: Some((*name).to_owned()),
            number: Some(number),
            label: Some(Label::Optional.into()),
            r#type: Some((*kind).into()),
            ..Default::default()
        });
    DescriptorProto {
        name: Some(name.to_owned()),
        field: fields.collect(),
        ..Default::default()
    }
}

fn service(index: usize) -> ServiceDescriptorProto {
    let methods = (0..FUNCTIONS).map(|method| MethodDescriptorProto {
        name: Some(format!("Function{method}")),
        input_type: Some(".bench.Request".to_owned()),
        output_type: Some(".bench.Reply".to_owned()),
        ..Default::default()
    });
    ServiceDescriptorProto {
        name: Some(format!("Component{index}")),
        method: methods.collect(),
        ..Default::default()
    }
}
