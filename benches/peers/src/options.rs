//! What was asked for on the command line.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::servers::HostPort;

pub(crate) const HELP: &str = "\
Usage: cargo xtask bench [OPTIONS]

  --quick      two minutes instead of fifteen; tells whether all is well, not how fast it is
  --docs       fill the tables of docs/performance.md, and put the charts beside it
  --out FOLDER write report.json, report.md and the charts there, instead of target/bench
  --server HOST:PORT
               measure throughput alone, in four minutes, with the Redis server there: how it is over a network.
               Its key `recent:main:info` is written. Nothing is to be reached then: the bars are for one machine";

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) quick: bool,
    pub(crate) docs: bool,
    pub(crate) help: bool,
    pub(crate) out: Option<PathBuf>,
    pub(crate) server: Option<HostPort>,
}

impl Options {
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, Failure> {
        let mut options = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--docs" => options.docs = true,
                "--help" | "-h" => options.help = true,
                "--out" => {
                    let folder = arguments.next().ok_or("`--out` needs a folder")?;
                    options.out = Some(folder.into());
                }
                "--server" => {
                    let address = arguments.next().ok_or("`--server` needs HOST:PORT")?;
                    options.server = Some(address.parse()?);
                }
                unknown => return Err(format!("there is no option `{unknown}`\n\n{HELP}").into()),
            }
        }
        if options.server.is_some() && (options.docs || options.quick) {
            return Err("`--server` goes with neither `--docs` nor `--quick`".into());
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    #[test]
    fn options_are_told_apart() {
        let parse = |line: &str| Options::parse(line.split_whitespace().map(str::to_owned));
        let options = parse("--quick --out /a").unwrap();
        assert!(options.quick && !options.docs);
        assert_eq!(options.out.unwrap().to_str(), Some("/a"));
        let server = parse("--server db.example:6380").unwrap().server.unwrap();
        assert_eq!(server.to_string(), "db.example:6380");
        assert!(parse("--server db.example").is_err());
        assert!(parse("--server db.example:port").is_err());
        assert!(parse("--docs --server db.example:6380").is_err());
        let message = parse("--fast").unwrap_err().to_string();
        assert!(message.contains("`--fast`"), "{message}");
        assert!(parse("--out").is_err());
    }
}
