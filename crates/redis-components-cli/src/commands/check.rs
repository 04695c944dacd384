//! `check`: the text of configs, and the servers that they name.

use std::path::PathBuf;

use clap::Args;
use clap_complete::ArgValueCandidates;
use futures_util::future::join_all;
use redis_components::ComponentConfig;
use serde::Serialize;

use super::list::is_disabled;
use crate::complete::components;
use crate::context::{Context, read_text};
use crate::failure::{Code, Failure};
use crate::findings;
use crate::output::{Reply, say, warn};
use crate::probe::{Probed, probe};
use crate::session::code;
use crate::subject::utf8;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Files with a config each, or `-` for standard input.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The config of a component; without files and components, the configs of all.
    #[arg(long = "component", value_name = "COMPONENT", add = ArgValueCandidates::new(components))]
    components: Vec<String>,
}

/// What was found out about one config.
#[derive(Debug, Serialize)]
struct Checked {
    subject: String,
    ok: bool,
    disabled: bool,
    server: Option<Probed>,
    findings: Vec<Found>,
    warnings: Vec<String>,
    #[serde(skip)]
    explanation: String,
}

#[derive(Debug, Serialize)]
struct Found {
    code: Code,
    message: String,
    field: Option<String>,
    line: usize,
    column: usize,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Reply, Failure> {
    let mut texts = Vec::new();
    for path in &options.files {
        let name = if path == &PathBuf::from("-") {
            "stdin".into()
        } else {
            path.to_string_lossy()
        };
        texts.push((name.into_owned(), read_text(path).await?));
    }
    if options.files.is_empty() || !options.components.is_empty() {
        let session = context.session().await?;
        let all = options.components.is_empty();
        let names = if all {
            session.components().await?
        } else {
            options.components.clone()
        };
        for component in names {
            let bytes = match session.config_of(&component).await {
                // Nothing is wrong with a component that has no config yet, if nobody asked for it.
                Err(failure) if all && failure.code == Code::ConfigMissing => {
                    warn(&failure.message);
                    continue;
                }
                bytes => bytes?,
            };
            let text = utf8(bytes, &component)?;
            texts.push((component, text));
        }
    }
    let checked = join_all(texts.iter().map(|(name, text)| check(name, text))).await;
    let mut lines = Vec::new();
    for result in &checked {
        say(&result.explanation);
        result.warnings.iter().for_each(|warning| warn(warning));
        lines.push(result.line());
    }
    let count: usize = checked.iter().map(|result| result.findings.len()).sum();
    let failure = (count > 0).then(|| {
        let findings = if count == 1 {
            "1 finding".to_owned()
        } else {
            format!("{count} findings")
        };
        Failure::new(Code::Findings, findings)
    });
    Ok(Reply::new(&checked, lines.join("\n")).failed(failure))
}

impl Checked {
    fn line(&self) -> String {
        let subject = crate::text::printable(&self.subject);
        match (&self.server, self.disabled) {
            _ if !self.ok => format!("{subject}: {} finding(s)", self.findings.len()),
            (Some(server), _) => {
                let Probed {
                    address,
                    role,
                    milliseconds,
                } = server;
                format!("{subject}: ok, {address} ({role}) answered in {milliseconds} ms")
            }
            (None, true) => format!("{subject}: ok, switched off"),
            (None, false) => format!("{subject}: ok"),
        }
    }
}

async fn check(name: &str, text: &str) -> Checked {
    let (source, mut findings) = findings::of(text);
    let code_of_text = Code::ConfigInvalid;
    let mut codes = vec![code_of_text; findings.len()];
    let mut server = None;
    let mut warnings = Vec::new();
    let config = ComponentConfig::from_json(text).ok();
    let disabled = config.as_ref().is_some_and(is_disabled);
    if let Some(config) = config.filter(|_| !disabled) {
        match probe(&config).await {
            Ok(probed) => {
                warnings.extend(probed.warning());
                server = Some(probed);
            }
            Err(error) => {
                let at =
                    source.place_of(&["host", "url", "unix_socket_path", "sentinels", "cluster"]);
                codes.push(code(&error, [Code::ServerRefused, Code::ServerUnreachable]));
                let message = error.to_string();
                findings.push(findings::Finding {
                    message,
                    field: None,
                    at,
                });
            }
        }
    }
    let explanation = if findings.is_empty() {
        String::new()
    } else {
        findings::explain(&source, name, &findings)
    };
    let found = findings.into_iter().zip(codes).map(|(finding, code)| {
        let (line, column) = source.line_and_column(finding.at.start);
        Found {
            code,
            message: finding.message,
            field: finding.field,
            line,
            column,
        }
    });
    let findings: Vec<_> = found.collect();
    Checked {
        subject: name.to_owned(),
        ok: findings.is_empty(),
        disabled,
        server,
        findings,
        warnings,
        explanation,
    }
}
