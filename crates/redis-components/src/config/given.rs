//! The fields of a JSON object that are given.

use std::time::Duration;

use serde_json::{Map, Value};

use super::field::Field;

/// The fields that are given; `null` counts as absent.
pub(super) struct Given<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Given<'a> {
    pub(super) fn get(&self, field: &Field) -> Option<&'a Value> {
        self.0.get(field.name).filter(|value| !value.is_null())
    }

    pub(super) fn has(&self, field: &Field) -> bool {
        self.get(field).is_some()
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

    pub(super) fn text(&self, field: &Field) -> Result<Option<&'a str>, String> {
        if self.get(field).is_some_and(Value::is_object) {
            return Err(format!(
                "`{}` is given by reference, which this version does not support; write the text itself",
                field.name
            ));
        }
        self.read(field, Value::as_str)
    }
}
