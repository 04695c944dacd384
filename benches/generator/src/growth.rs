//! Measures generation, ours and the peer's, as the number of components grows.

use serde_json::{Value, json};

use crate::bar::Bar;
use crate::failure::Failure;
use crate::generators::Generator;
use crate::package::FUNCTIONS;
use crate::sample::Sample;

const COMPONENTS: [usize; 3] = [10, 100, 1_000];

/// Measures every size and generator in turns.
pub(crate) fn measure(runs: usize, bars: &mut Vec<Bar>) -> Result<Value, Failure> {
    let mut rows = Vec::new();
    let mut per_component = Vec::new();
    println!(
        "generating, {FUNCTIONS} functions each: CPU time, least of {runs} (median, most); median by the clock"
    );
    for components in COMPONENTS {
        let mut cpu = [Sample::default(), Sample::default()];
        let mut wall = [Sample::default(), Sample::default()];
        for _ in 0..runs {
            for (index, generator) in Generator::ALL.into_iter().enumerate() {
                let taken = generator.measure(components)?;
                cpu[index].add(taken.cpu.as_secs_f64());
                wall[index].add(taken.wall.as_secs_f64());
            }
        }
        for (index, generator) in Generator::ALL.into_iter().enumerate() {
            println!(
                "{components:>5}  {:<24} {:>7.3} s ({:.3}, {:.3}); {:.3} s",
                generator.name(),
                cpu[index].least(),
                cpu[index].median(),
                cpu[index].most(),
                wall[index].median(),
            );
        }
        let ratio = cpu[0].least() / cpu[1].least();
        let each = cpu[0].least() / f64::from(u32::try_from(components)?);
        println!(
            "       ratio {ratio:.3}; {:.3} ms for each component\n",
            each * 1_000.0
        );
        per_component.push(each);
        rows.push(json!({
            "components": components,
            "cpu": { "ours": cpu[0].json(), "tonic-prost-build": cpu[1].json() },
            "wall": { "ours": wall[0].json(), "tonic-prost-build": wall[1].json() },
            "ratio": ratio,
        }));
        if components == COMPONENTS[2] {
            bars.push(Bar {
                name: "generating 1,000 components, to tonic-prost-build's 1,000 services",
                figure: ratio,
                most: 0.3,
            });
        }
    }
    bars.push(Bar {
        name: "growth: one component of 1,000, to one of 10 or 100",
        figure: per_component[2] / per_component[0].min(per_component[1]),
        most: 1.25,
    });
    Ok(rows.into())
}
