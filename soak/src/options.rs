//! What can be said on the command line.

use std::path::PathBuf;
use std::time::Duration;

const USAGE: &str =
    "there are `--minutes N` (30 unless given; fractions allowed), `--seed N` and `--json FILE`";

/// For how long, with which faults, and where the report goes.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) duration: Duration,
    pub(crate) seed: u64,
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    pub(crate) fn from_arguments(
        mut arguments: impl Iterator<Item = String>,
    ) -> Result<Self, String> {
        let mut options = Self {
            duration: Duration::from_secs(30 * 60),
            seed: fastrand::u64(..),
            json: None,
        };
        while let Some(name) = arguments.next() {
            if !["--minutes", "--seed", "--json"].contains(&name.as_str()) {
                return Err(format!("there is no option `{name}`; {USAGE}"));
            }
            let value = arguments
                .next()
                .ok_or_else(|| format!("`{name}` needs a value; {USAGE}"))?;
            match name.as_str() {
                "--minutes" => options.duration = minutes(&value)?,
                "--seed" => {
                    options.seed = value
                        .parse()
                        .map_err(|_| format!("`--seed` needs a whole number, not `{value}`"))?;
                }
                _ => options.json = Some(value.into()),
            }
        }
        Ok(options)
    }
}

fn minutes(value: &str) -> Result<Duration, String> {
    let minutes = value.parse().ok().filter(|minutes| *minutes > 0.0);
    minutes
        .and_then(|minutes: f64| Duration::try_from_secs_f64(minutes * 60.0).ok())
        .ok_or_else(|| format!("`--minutes` needs a number above 0, not `{value}`"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Options;

    fn parsed(words: &[&str]) -> Result<Options, String> {
        Options::from_arguments(words.iter().map(ToString::to_string))
    }

    #[test]
    fn a_soak_takes_half_an_hour_unless_told_otherwise() {
        assert_eq!(parsed(&[]).unwrap().duration, Duration::from_secs(1800));
        let options = parsed(&["--minutes", "0.5", "--seed", "7"]).unwrap();
        assert_eq!(options.duration, Duration::from_secs(30));
        assert_eq!(options.seed, 7);
    }

    #[test]
    fn mistakes_are_told() {
        for wrong in [&["--minutes", "0"][..], &["--minutes"], &["--second", "1"]] {
            assert!(parsed(wrong).unwrap_err().contains(wrong[0]), "{wrong:?}");
        }
    }
}
