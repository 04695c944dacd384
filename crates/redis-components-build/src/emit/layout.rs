use syn::{File, Item};

/// Prints items, with a blank line between items: the printer writes none.
pub(super) fn print(items: Vec<Item>) -> String {
    let mut text = String::new();
    for item in items {
        if !text.is_empty() {
            text.push('\n');
        }
        let is_module = matches!(item, Item::Mod(_));
        let printed = prettyplease::unparse(&File {
            shebang: None,
            frontmatter: None,
            attrs: Vec::new(),
            items: vec![item],
        });
        if is_module {
            space_out(&printed, &mut text);
        } else {
            text.push_str(&printed);
        }
    }
    text
}

/// Copies a printed module with a blank line after every item but the last and between imports.
///
/// The items are the lines at one level of indentation; no token of generated code has several lines.
fn space_out(module: &str, text: &mut String) {
    let mut lines = module.lines().peekable();
    while let Some(line) = lines.next() {
        text.push_str(line);
        text.push('\n');
        let is_next_use = lines
            .peek()
            .is_some_and(|next| next.starts_with("    use "));
        let is_use = line.starts_with("    use ");
        let is_last = lines.peek().is_some_and(|next| *next == "}");
        if ends_item(line) && !is_last && !(is_use && is_next_use) {
            text.push('\n');
        }
    }
}

fn ends_item(line: &str) -> bool {
    let Some(code) = line.strip_prefix("    ") else {
        return false;
    };
    !code.starts_with([' ', '/', '#']) && code.ends_with(['}', ';'])
}
