//! A config on the command line: a file, standard input, or fields.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::assignment::Assignment;
use crate::context::read_text;
use crate::failure::{Code, Failure};
use crate::subject::utf8;
use crate::text::printable;

/// What was given.
#[derive(Debug)]
pub(crate) enum Given {
    /// A text that replaces the config, and where it is from.
    Whole(String, String),
    /// Fields that change the config.
    Fields(Vec<Assignment>),
}

impl Given {
    /// Reads what was given, standard input too: it ends before the config server waits for
    /// anything.
    ///
    /// # Errors
    ///
    /// Returns an error if it is neither one text nor fields, or cannot be read.
    pub(crate) async fn read(values: &[String]) -> Result<Self, Failure> {
        let mut fields = Vec::new();
        for value in values {
            match Assignment::read(value)? {
                Some(field) => fields.push(field),
                None if value.is_empty() || value.starts_with('=') => {
                    let text = format!(
                        "`{}` is no file and no field; write FILE, `-`, or KEY=VALUE such as port=6380",
                        printable(value)
                    );
                    return Err(Failure::usage(text));
                }
                None if values.len() == 1 => {
                    let path = PathBuf::from(value);
                    let origin = if value == "-" { "stdin" } else { value };
                    let text = read_text(&path).await?.trim().to_owned();
                    return Ok(Self::Whole(text, origin.to_owned()));
                }
                None => {
                    return Err(Failure::usage(
                        "give either one file or `-`, or fields as key=value",
                    ));
                }
            }
        }
        Ok(Self::Fields(fields))
    }

    /// Returns the text of the config, and where it is from, for people.
    ///
    /// # Errors
    ///
    /// Returns an error if fields cannot be changed in what was found.
    pub(crate) async fn config(
        self,
        component: &str,
        found: Option<&[u8]>,
    ) -> Result<(String, String), Failure> {
        match self {
            Self::Whole(text, origin) => Ok((text, origin)),
            Self::Fields(fields) => {
                let text = merged(component, found, &fields).await?;
                Ok((text, component.to_owned()))
            }
        }
    }
}

async fn merged(
    component: &str,
    found: Option<&[u8]>,
    fields: &[Assignment],
) -> Result<String, Failure> {
    let mut object = Map::new();
    if let Some(found) = found {
        let text = utf8(found.to_vec(), component)?;
        object = serde_json::from_str(&text).map_err(|_| {
            let text = format!(
                "the config of `{component}` is no JSON object that fields could be changed in; \
                replace it by a file"
            );
            Failure::new(Code::ConfigInvalid, text).of_component(component)
        })?;
    }
    for field in fields {
        field.apply(&mut object).await?;
    }
    Ok(Value::Object(object).to_string())
}
