//! The fields of a JSON object that are given.

use std::time::Duration;

use serde_json::{Map, Value};

use super::field::Field;
use super::path::{UNPRINTABLE, WrittenPath, absolute};
use super::reference::{Reference, Written};
use super::tls::TlsVersion;
use crate::error::text::is_unprintable;

/// The fields that are given; `null` counts as absent.
pub(super) struct Given<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Given<'a> {
    pub(super) fn get(&self, field: &Field) -> Option<&'a Value> {
        self.0.get(field.name).filter(|value| !value.is_null())
    }

    pub(super) fn has(&self, field: &Field) -> bool {
        self.get(field).is_some()
    }

    pub(super) fn has_named(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    pub(super) fn object(&self, field: &Field) -> Result<Option<&'a Map<String, Value>>, String> {
        self.read(field, Value::as_object)
    }

    /// Returns the value as `read` reads it, or an error if it does not have the field's kind.
    pub(super) fn read<T>(
        &self,
        field: &Field,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, String> {
        let Some(value) = self.get(field) else {
            return Ok(None);
        };
        read(value)
            .map(Some)
            .ok_or_else(|| format!("`{}` must be {}", field.name, field.kind.described()))
    }

    pub(super) fn flag(&self, field: &Field) -> Result<Option<bool>, String> {
        self.read(field, |value| field.kind.flag(value))
    }

    pub(super) fn whole<T: TryFrom<u64>>(&self, field: &Field) -> Result<Option<T>, String> {
        self.read(field, |value| T::try_from(field.kind.whole(value)?).ok())
    }

    pub(super) fn seconds(&self, field: &Field) -> Result<Option<Duration>, String> {
        let seconds = self.read(field, |value| field.kind.seconds(value))?;
        Ok(seconds.map(Duration::from_secs_f64))
    }

    pub(super) fn tls_version(&self, field: &Field) -> Result<Option<TlsVersion>, String> {
        self.read(field, |value| field.kind.tls_version(value))
    }

    pub(super) fn text(&self, field: &Field) -> Result<Option<&'a str>, String> {
        if self.get(field).is_some_and(Value::is_object) {
            return Err(format!(
                "`{}` is given by reference, which only a user name or a password can be; write the text itself",
                field.name
            ));
        }
        self.read(field, Value::as_str)
    }

    /// Returns text that may stand elsewhere.
    pub(super) fn written(&self, field: &Field) -> Result<Option<Written<&'a str>>, String> {
        match self.get(field) {
            Some(Value::Object(object)) => {
                let reference = Reference::read(field.name, object)?;
                Ok(Some(Written::Elsewhere(reference)))
            }
            _ => Ok(self.read(field, Value::as_str)?.map(Written::Here)),
        }
    }

    /// Returns `true` for the second of the two values that the field may have.
    pub(super) fn is_other(&self, field: &Field) -> Result<Option<bool>, String> {
        self.read(field, |value| field.kind.is_other(value))
    }

    /// Returns text that is shown to people, as a name is.
    pub(super) fn line(&self, field: &Field) -> Result<Option<&'a str>, String> {
        let text = self.text(field)?;
        text.map(|text| one_line(field, text)).transpose()
    }

    /// Returns the path, which is absolute: each process has its own working directory.
    pub(super) fn path(&self, field: &Field) -> Result<Option<WrittenPath>, String> {
        let Some(text) = self.text(field)? else {
            return Ok(None);
        };
        absolute(text)
            .map(Some)
            .map_err(|wrong| format!("`{}` {wrong}", field.name))
    }
}

/// Returns the text, if people can read it as it is.
pub(super) fn one_line<'a>(field: &Field, text: &'a str) -> Result<&'a str, String> {
    if text.contains(is_unprintable) {
        return Err(format!("`{}` {UNPRINTABLE}", field.name));
    }
    Ok(text)
}
