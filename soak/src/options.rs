//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Calls components that move, while servers and network are broken at random.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// How long the soak runs; fractions are allowed.
    #[arg(long = "minutes", value_name = "N", default_value = "30", allow_negative_numbers = true, value_parser = minutes)]
    pub(crate) duration: Duration,
    /// The seed of the faults; random unless given.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Write the report to a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

fn minutes(value: &str) -> Result<Duration, String> {
    let minutes = value.parse().ok().filter(|minutes| *minutes > 0.0);
    minutes
        .and_then(|minutes: f64| Duration::try_from_secs_f64(minutes * 60.0).ok())
        .ok_or_else(|| "it must be a number above 0".to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use super::Options;

    fn parsed(words: &[&str]) -> Result<Options, String> {
        let options = Options::try_parse_from([&["soak"], words].concat());
        options.map_err(|error| error.to_string())
    }

    #[test]
    fn a_soak_takes_half_an_hour_unless_told_otherwise() {
        assert_eq!(parsed(&[]).unwrap().duration, Duration::from_secs(1800));
        let options = parsed(&["--minutes", "0.5", "--seed", "7"]).unwrap();
        assert_eq!(options.duration, Duration::from_secs(30));
        assert_eq!(options.seed, Some(7));
    }

    #[test]
    fn mistakes_are_told() {
        for wrong in [
            &["--minutes", "0"][..],
            &["--minutes", "-1"],
            &["--minutes"],
            &["--seed", "1.5"],
            &["--second", "1"],
            &["1"],
        ] {
            assert!(parsed(wrong).unwrap_err().contains(wrong[0]), "{wrong:?}");
        }
    }
}
