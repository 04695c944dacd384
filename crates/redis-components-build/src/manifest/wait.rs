use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::quoted;
use crate::manifest::table::Table;

/// The book's figure: it checks a config once a second.
const DEFAULT: u64 = 1_000;

/// Reads `wait`: the age in milliseconds that a component's config may have when a call begins.
pub(super) fn read(component: &Table<'_>, diagnostics: &mut Diagnostics) -> u64 {
    let Some((_, value)) = component.get("wait") else {
        return DEFAULT;
    };
    let Some(text) = component.as_text("wait", value, diagnostics) else {
        return DEFAULT;
    };
    parse(text.value).unwrap_or_else(|| {
        let message = format!("{} is not a duration", quoted(text.value));
        let label = "expected a whole number and `ms`, `s` or `m`";
        diagnostics.error(
            Diagnostic::error(message, &text.spot, label)
                .help("for example \"1s\" (the default), \"250ms\", \"2m\", or \"0s\" to check before every call"),
        );
        DEFAULT
    })
}

fn parse(text: &str) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return None,
    };
    let number: u64 = number.parse().ok()?;
    number.checked_mul(milliseconds)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn takes_whole_numbers_with_a_unit() {
        assert_eq!(parse("1s"), Some(1_000));
        assert_eq!(parse("0s"), Some(0));
        assert_eq!(parse("250ms"), Some(250));
        assert_eq!(parse("2m"), Some(120_000));
    }

    #[test]
    fn refuses_everything_else() {
        let huge = format!("{}m", u64::MAX);
        for text in [
            "", "1", "s", "1 s", "-1s", "1.5s", "1h", "1S", "٣s", "1sm", &huge,
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
