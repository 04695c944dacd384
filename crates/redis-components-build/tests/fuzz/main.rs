//! Whatever a manifest or a source says: the generator ends without a panic, and gives Rust with the items that are
//! expected, or a report that points into the files.
//!
//! Every case follows from its number. `FUZZ_CASES` sets how many are tried, `FUZZ_FIRST` the first, so that a failure can
//! be repeated; for a long run, `cargo test --release --test fuzz`.

#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod expected;
mod mutate;
mod package;
mod report;
mod text;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use fastrand::Rng;
use package::Package;
use redis_components_build::Config;

/// Cases of one thread: the parser keeps all that a thread has parsed.
const BATCH: u64 = 1_000;

/// Ten times what the slowest took without optimisation.
const LONGEST: Duration = Duration::from_secs(10);

#[test]
fn b3_whatever_is_read_gives_rust_or_a_report() {
    let (first, cases) = (number("FUZZ_FIRST", 0), number("FUZZ_CASES", 2_000));
    let start = Instant::now();
    let packages = Package::all();
    let mut outcomes = Outcomes::default();
    for batch in (first..first + cases).step_by(usize::try_from(BATCH).unwrap()) {
        let end = (batch + BATCH).min(first + cases);
        let packages = &packages;
        let run = move || (batch..end).map(|case| run(case, packages)).sum();
        outcomes += std::thread::scope(|scope| scope.spawn(run).join().unwrap());
        if batch % 100_000 == 0 && batch > first {
            println!("{batch}: {outcomes:?}, {:.0?}", start.elapsed());
        }
    }
    println!(
        "{cases} cases from {first}: {outcomes:?}, {:.0?}",
        start.elapsed()
    );
    assert_eq!(outcomes.failed, 0);
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

/// How many cases ended in which way, and how long the slowest took.
#[derive(Debug, Default)]
struct Outcomes {
    generated: u64,
    reported: u64,
    failed: u64,
    slowest: Duration,
}

impl std::ops::AddAssign for Outcomes {
    fn add_assign(&mut self, other: Self) {
        self.generated += other.generated;
        self.reported += other.reported;
        self.failed += other.failed;
        self.slowest = self.slowest.max(other.slowest);
    }
}

impl std::iter::Sum for Outcomes {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |mut sum, one| {
            sum += one;
            sum
        })
    }
}

/// Runs a case, and shows it where it fails.
fn run(case: u64, packages: &[Package]) -> Outcomes {
    let random = &mut Rng::with_seed(case);
    let package = mutate::package(packages, random);
    let start = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| check(&package)));
    let slowest = start.elapsed();
    let mut outcomes = Outcomes {
        slowest,
        ..Outcomes::default()
    };
    match outcome {
        Ok(true) if slowest < LONGEST => outcomes.generated = 1,
        Ok(false) if slowest < LONGEST => outcomes.reported = 1,
        _ => {
            eprintln!("FUZZ_FIRST={case} FUZZ_CASES=1 failed after {slowest:.1?}:\n{package:#?}");
            outcomes.failed = 1;
        }
    }
    outcomes
}

/// Generates, and checks what comes out; `true` where that is code.
fn check(package: &Package) -> bool {
    let directory = package.write();
    match Config::new().generate(directory.join("components.toml")) {
        Ok(output) => {
            expected::check(&output, package.manifest());
            true
        }
        Err(error) => {
            report::check(&error.to_string(), package);
            false
        }
    }
}
