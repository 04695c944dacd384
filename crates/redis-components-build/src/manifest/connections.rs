use toml::de::DeValue;

use crate::diagnostics::Diagnostics;
use crate::manifest::table::Table;

/// Reads `connections`: how many sockets the asynchronous calls of one runtime share.
pub(super) fn read(component: &Table<'_>, diagnostics: &mut Diagnostics) -> u64 {
    const DEFAULT: u64 = 1;
    let Some((_, value)) = component.get("connections") else {
        return DEFAULT;
    };
    let number = match value.get_ref() {
        DeValue::Integer(integer) => u64::from_str_radix(integer.as_str(), integer.radix()).ok(),
        _ => None,
    };
    number
        .filter(|number| component.allows("connections", *number))
        .unwrap_or_else(|| {
            component.wrong_value("connections", value, diagnostics);
            DEFAULT
        })
}
