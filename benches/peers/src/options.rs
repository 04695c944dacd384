//! The command line.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Parser;

/// Measures redis-components beside its alternatives.
///
/// This takes twenty minutes on an otherwise idle machine.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Take three minutes instead of twenty. This checks that all is well; its figures are rough.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Measure only what `wait = "0s"` costs, in two minutes, or in a quarter of a minute with `--quick`.
    #[arg(long, conflicts_with_all = ["docs", "server"])]
    pub(crate) strict: bool,
    /// Measure only how cost grows, in seven minutes, so that each row has a re-read of all configs in it;
    /// or in half a minute and with less of everything with `--quick`.
    ///
    /// A process opens a file for each component: with `ulimit -Hn` below 10200, the row of 10,000
    /// components is left out.
    #[arg(long, conflicts_with_all = ["strict", "docs", "server"])]
    pub(crate) growth: bool,
    /// Fill the tables of docs/performance.md, and write the charts beside it. Growth is measured as with
    /// `--growth`, which takes six minutes more.
    #[arg(long)]
    pub(crate) docs: bool,
    /// Write report.json, report.md and the charts to a folder instead of target/bench.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// Measure throughput alone, in four minutes, over the network to the Redis server there.
    ///
    /// The key `recent:main:info` there is written. The bars are dropped: they are for one machine.
    #[arg(long, value_name = "HOST:PORT", conflicts_with_all = ["docs", "quick"])]
    pub(crate) server: Option<HostPort>,
}

/// The address of a running server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostPort {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl FromStr for HostPort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
        let (host, port) = parts.ok_or("it is not HOST:PORT")?;
        Ok(Self { host, port })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::Options;

    #[test]
    fn options_are_told_apart() {
        let parse =
            |line: &str| Options::try_parse_from(format!("peers {line}").split_whitespace());
        let options = parse("--quick --out /a").unwrap();
        assert!(options.quick && !options.docs);
        assert_eq!(options.out.unwrap().to_str(), Some("/a"));
        let server = parse("--server db.example:6380").unwrap().server.unwrap();
        assert_eq!(server.to_string(), "db.example:6380");
        for wrong in [
            "--server db.example",
            "--server db.example:port",
            "--docs --server db.example:6380",
            "--quick --server db.example:6380",
            "--strict --docs",
            "--strict --growth",
            "--growth --docs",
            "--fast",
            "--out",
            "more",
        ] {
            parse(wrong).unwrap_err();
        }
    }
}
