use crate::diagnostics::file::is_invisible;
use crate::manifest::component::Component;

/// Returns a table of the components with their keys and functions, as lines of documentation.
pub(super) fn lines(components: &[Component]) -> Vec<String> {
    let mut lines = vec!["Every component of this crate, sorted by name.".to_owned()];
    if components.is_empty() {
        return lines;
    }
    lines.extend([
        String::new(),
        "| Component | Config key | Functions |".to_owned(),
        "|---|---|---|".to_owned(),
    ]);
    lines.extend(components.iter().map(|component| {
        let functions = component.functions.iter();
        let functions: Vec<String> = functions.map(|function| code(&function.name)).collect();
        let (name, key) = (code(&component.name), code(&component.key));
        format!("| {name} | {key} | {} |", functions.join(", "))
    }));
    lines
}

/// Returns a name for a cell of a table.
fn code(text: &str) -> String {
    let mut code = String::from("`");
    for character in text.chars() {
        match character {
            '|' => code.push_str("\\|"),
            '`' => code.push('\''),
            c if c.is_control() || is_invisible(c) => code.push('\u{fffd}'),
            c => code.push(c),
        }
    }
    code.push('`');
    code
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn a_name_cannot_leave_its_cell() {
        assert_eq!(code("a|b`c\n| d"), "`a\\|b'c\u{fffd}\\| d`");
    }
}
