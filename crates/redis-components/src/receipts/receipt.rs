//! A whole receipt.

use std::collections::BTreeMap;

use super::component_receipt::ComponentReceipt;
use super::invalid::InvalidReceipt;
use super::keys::PROCESS_FIELD;
use super::process::Process;
use crate::error::text::printable;

/// A whole receipt: a process, and what it says about each component that it uses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    process: Process,
    components: BTreeMap<String, ComponentReceipt>,
}

impl Receipt {
    /// Reads the fields of a hash, as `HGETALL` gives them.
    ///
    /// # Errors
    ///
    /// Returns an error if the field [`PROCESS_FIELD`](super::PROCESS_FIELD) is missing, or a field
    /// is not understood.
    pub fn from_fields<N: AsRef<str>, V: AsRef<str>>(
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, InvalidReceipt> {
        let mut process = None;
        let mut components = BTreeMap::new();
        for (name, value) in fields {
            let (name, value) = (name.as_ref(), value.as_ref());
            if name == PROCESS_FIELD {
                process = Some(Process::parse(value)?);
            } else {
                let name = printable(name);
                let receipt =
                    ComponentReceipt::parse(value).map_err(|invalid| invalid.in_field(&name))?;
                components.insert(name, receipt);
            }
        }
        let process =
            process.ok_or_else(|| InvalidReceipt::new("it names no process".to_owned()))?;
        Ok(Self {
            process,
            components,
        })
    }

    /// Returns the process.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Returns what the process says about a component, if it uses it.
    #[must_use]
    pub fn component(&self, name: &str) -> Option<&ComponentReceipt> {
        self.components.get(name)
    }

    /// Returns the components that the process uses, sorted by name.
    pub fn components(&self) -> impl Iterator<Item = (&str, &ComponentReceipt)> {
        self.components
            .iter()
            .map(|(name, receipt)| (&**name, receipt))
    }
}

#[cfg(test)]
mod tests {
    use super::Receipt;

    const PROCESS: (&str, &str) = ("@", r#"{"v":1,"application":"shop","instance":"i"}"#);

    #[test]
    fn r14_a_receipt_is_read_from_the_fields_of_its_hash() {
        let fields = [
            ("logs", "a a ok 1 5 0 -"),
            PROCESS,
            ("stats", "- b trying 0 0 0 -"),
        ];
        let receipt = Receipt::from_fields(fields).unwrap();
        assert_eq!(receipt.process().application(), "shop");
        let names: Vec<&str> = receipt.components().map(|(name, _)| name).collect();
        assert_eq!(names, ["logs", "stats"]);
        assert_eq!(receipt.component("stats").unwrap().seen(), Some("b"));
        assert!(receipt.component("other").is_none());
    }

    #[test]
    fn what_is_no_receipt_is_refused_with_the_field() {
        let error = Receipt::from_fields([PROCESS, ("logs", "a")]).unwrap_err();
        assert!(error.to_string().contains("`logs`"), "{error}");
        let error = Receipt::from_fields([("logs", "a a ok 1 5 0 -")]).unwrap_err();
        assert!(error.to_string().contains("names no process"), "{error}");
    }
}
