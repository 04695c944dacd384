//! YAML, as JSON.

use serde_json::Value;

use crate::names::read;

/// Returns the only document of a file of the repository.
pub(crate) fn document(path: &str) -> Value {
    let [document] = <[Value; 1]>::try_from(documents(path)).unwrap();
    document
}

/// Returns all documents of a file of the repository.
pub(crate) fn documents(path: &str) -> Vec<Value> {
    let parsed = serde_saphyr::from_multiple(&read(path));
    parsed.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the value at a JSON pointer as a list, which is empty if there is none.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// Returns the text at a JSON pointer.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no text at {pointer} of {value:#}"))
}
