//! `check`: the text of configs, and the servers that they name.

use std::path::PathBuf;

use clap::Args;
use clap_complete::ArgValueCandidates;
use futures_util::stream::{self, StreamExt as _};
use redis_components::ComponentConfig;
use serde::Serialize;

use crate::complete::components;
use crate::context::{Context, read_text};
use crate::disabled::is_disabled;
use crate::failure::{Code, Failure};
use crate::findings;
use crate::lines::{say, warn};
use crate::output::Reply;
use crate::probe::{AT_ONCE, Probed, Tried, probe};
use crate::server_failure::{code, said};
use crate::subject::utf8;
use crate::text::{counted, printable};

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
    let mut unreadable = Vec::new();
    for path in &options.files {
        let name = if path == &PathBuf::from("-") {
            "stdin".into()
        } else {
            path.to_string_lossy()
        };
        match read_text(path).await {
            Ok(text) => texts.push((name.into_owned(), text)),
            Err(failure) if failure.code == Code::Unreadable => {
                unreadable.push(Checked::unreadable(name.into_owned(), failure));
            }
            Err(failure) => return Err(failure),
        }
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
            let bytes = session.config_of(&component).await;
            match bytes.and_then(|bytes| utf8(bytes, &component)) {
                Ok(text) => texts.push((component, text)),
                // Nothing is wrong with a component that has no config yet, if nobody asked for it.
                Err(failure) if all && failure.code == Code::ConfigMissing => {
                    warn(&failure.message);
                }
                Err(failure) if is_of_the_key(&failure) => {
                    unreadable.push(Checked::unreadable(component, failure));
                }
                Err(failure) => return Err(failure),
            }
        }
    }
    let checking = texts.iter().map(|(name, text)| check(name, text));
    let mut checked: Vec<_> = stream::iter(checking).buffered(AT_ONCE).collect().await;
    checked.append(&mut unreadable);
    let mut lines = Vec::new();
    for result in &checked {
        say(&result.explanation);
        result.warnings.iter().for_each(|warning| warn(warning));
        lines.push(result.line());
    }
    let count: usize = checked.iter().map(|result| result.findings.len()).sum();
    let failure = (count > 0).then(|| Failure::new(Code::Findings, counted(count, "finding")));
    Ok(Reply::new(&checked, lines.join("\n")).failed(failure))
}

/// Returns `true` if another key may be read all the same.
fn is_of_the_key(failure: &Failure) -> bool {
    matches!(failure.code, Code::ConfigInvalid | Code::WrongType)
}

impl Checked {
    /// Returns the result for a config that has no text.
    fn unreadable(subject: String, failure: Failure) -> Self {
        let explanation = format!("error: {}", failure.message);
        let found = Found {
            code: failure.code,
            message: failure.message,
            field: None,
            line: 1,
            column: 1,
        };
        Self {
            subject,
            ok: false,
            disabled: false,
            server: None,
            findings: vec![found],
            warnings: Vec::new(),
            explanation,
        }
    }

    fn line(&self) -> String {
        let subject = printable(&self.subject);
        match (&self.server, self.disabled) {
            _ if !self.ok => format!("{subject}: {}", counted(self.findings.len(), "finding")),
            (Some(server), _) => {
                let (server, milliseconds) = (server.subject(), server.milliseconds);
                format!("{subject}: ok, {server} answered in {milliseconds} ms")
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
            Ok(Tried::NotHere(reason)) => warnings.push(reason),
            Ok(Tried::Answered(probed)) => {
                warnings.extend(probed.warning());
                server = Some(probed);
            }
            Err(error) => {
                let at =
                    source.place_of(&["host", "url", "unix_socket_path", "sentinels", "cluster"]);
                codes.push(code(&error, [Code::ServerRefused, Code::ServerUnreachable]));
                let message = said(&error);
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
