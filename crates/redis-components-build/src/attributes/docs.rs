//! Copied documentation whose examples are not tests a second time: they call the function with its
//! connection, which the wrapper does not have.

/// Joins doc comments into lines, with every code block that would be a test marked `ignore`.
pub(super) fn without_tests(texts: &[String]) -> Vec<String> {
    let lines = unindented(texts);
    let mut converted: Vec<String> = Vec::new();
    let mut fence: Option<Fence> = None;
    let mut is_indented_block = false;
    let mut is_list = false;
    for (index, line) in lines.iter().enumerate() {
        if let Some(open) = &fence {
            if open.is_closed_by(line) {
                fence = None;
            }
            converted.push(line.clone());
            continue;
        }
        let is_blank = line.trim().is_empty();
        if is_indented_block {
            if is_indented(line) {
                converted.push(line[4..].to_owned());
                continue;
            }
            if is_blank
                && lines[index..]
                    .iter()
                    .find(|line| !line.trim().is_empty())
                    .is_some_and(|line| is_indented(line))
            {
                converted.push(String::new());
                continue;
            }
            converted.push("```".to_owned());
            is_indented_block = false;
        }
        if let Some(open) = Fence::opened_by(line) {
            converted.push(open.ignored(line));
            fence = Some(open);
            continue;
        }
        let begins_paragraph = index == 0 || lines[index - 1].trim().is_empty();
        if is_indented(line) && begins_paragraph && !is_list {
            converted.push("```ignore".to_owned());
            converted.push(line[4..].to_owned());
            is_indented_block = true;
            continue;
        }
        if !is_blank && !line.starts_with(' ') {
            is_list = is_list_item(line);
        }
        converted.push(line.clone());
    }
    if is_indented_block {
        converted.push("```".to_owned());
    }
    converted
}

/// Removes the indentation that all lines share, as rustdoc does.
fn unindented(texts: &[String]) -> Vec<String> {
    let lines: Vec<String> = texts
        .iter()
        .flat_map(|text| text.split('\n'))
        .map(|line| line.trim_end().to_owned())
        .collect();
    let shared = lines
        .iter()
        .filter(|line| !line.is_empty())
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    let mut lines: Vec<String> = lines
        .into_iter()
        .map(|line| line.get(shared..).unwrap_or_default().to_owned())
        .collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let blank = lines.iter().take_while(|line| line.is_empty()).count();
    lines.split_off(blank)
}

fn is_indented(line: &str) -> bool {
    line.starts_with("    ") && !line.trim().is_empty()
}

fn is_list_item(line: &str) -> bool {
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with(['-', '*', '+'])
        || (digits.len() < line.len() && digits.starts_with(['.', ')']))
}

/// The line that opened a code block.
struct Fence {
    mark: char,
    length: usize,
}

impl Fence {
    fn opened_by(line: &str) -> Option<Self> {
        let line = line.trim_start();
        let mark = line
            .chars()
            .next()
            .filter(|mark| matches!(mark, '`' | '~'))?;
        let length = line.chars().take_while(|c| *c == mark).count();
        let info = &line[length..];
        (length >= 3 && !(mark == '`' && info.contains('`'))).then_some(Self { mark, length })
    }

    fn is_closed_by(&self, line: &str) -> bool {
        let line = line.trim();
        line.len() >= self.length && line.chars().all(|c| c == self.mark)
    }

    /// Returns the opening line, marked if rustdoc would test what follows.
    fn ignored(&self, line: &str) -> String {
        let info = line.trim_start()[self.length..].trim();
        let mut words = info.split([',', ' ', '\t']).filter(|word| !word.is_empty());
        let is_rust = words.clone().all(is_rust_word);
        if !is_rust || words.any(|word| word.starts_with("ignore")) {
            return line.to_owned();
        }
        let comma = if info.is_empty() { "" } else { "," };
        format!("{}{comma}ignore", line.trim_end())
    }
}

/// Returns `true` if a word after the fence leaves the block Rust, and so a test.
fn is_rust_word(word: &str) -> bool {
    matches!(
        word,
        "rust" | "should_panic" | "no_run" | "compile_fail" | "standalone_crate" | "test_harness"
    ) || word.starts_with("ignore")
        || word.starts_with("edition")
        || is_error_code(word)
}

fn is_error_code(word: &str) -> bool {
    word.len() == 5 && word.starts_with('E') && word[1..].chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::without_tests;

    fn converted(text: &str) -> String {
        without_tests(&[text.to_owned()]).join("\n")
    }

    #[test]
    fn rust_blocks_are_ignored() {
        assert_eq!(converted("```\nx\n```"), "```ignore\nx\n```");
        assert_eq!(converted("```rust\nx\n```"), "```rust,ignore\nx\n```");
        assert_eq!(
            converted("~~~no_run\n```\n~~~"),
            "~~~no_run,ignore\n```\n~~~"
        );
        assert_eq!(
            converted("```compile_fail,E0308\n```"),
            "```compile_fail,E0308,ignore\n```"
        );
    }

    #[test]
    fn other_blocks_stay() {
        for text in [
            "```text\nx\n```",
            "```json\n```",
            "```ignore\n```",
            "`code`",
        ] {
            assert_eq!(converted(text), text);
        }
    }

    #[test]
    fn indented_blocks_become_fenced_ones() {
        assert_eq!(
            converted("One.\n\n    a();\n\n    b();\n\nTwo."),
            "One.\n\n```ignore\na();\n\nb();\n```\n\nTwo."
        );
        assert_eq!(
            converted("- item\n\n    its text"),
            "- item\n\n    its text"
        );
    }

    #[test]
    fn shared_indentation_goes() {
        let lines = [" One.", "", "   Two."].map(str::to_owned);
        assert_eq!(without_tests(&lines), ["One.", "", "  Two."]);
    }
}
