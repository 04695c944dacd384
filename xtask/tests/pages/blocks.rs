//! The blocks of code on a page, in reading order.

use std::ops::Range;

/// What a reader does with a block.
#[derive(Debug, PartialEq)]
pub(crate) enum Block {
    /// Writes a file, whose name is the block's first line: `// src/main.rs` or `# Cargo.toml`.
    File { name: String, text: String },
    /// Types a command, and sees what it writes to stdout, if the page shows that.
    Command {
        typed: String,
        shown: Option<Vec<String>>,
    },
    /// Types a command that fails, and sees these lines among others.
    Failing { typed: String, shown: Vec<String> },
    /// Types a command in a second terminal, where it runs on, and sees its first lines.
    Started { typed: String, shown: Vec<String> },
    /// Sees further lines in the second terminal.
    Seen { shown: Vec<String> },
}

/// A block with the number of its first line.
pub(crate) type Numbered = (usize, Block);

/// Second words of a block's first line.
const FAILS: &str = "fails";
const SECOND_TERMINAL: &str = "second-terminal";

/// Returns the blocks in some lines.
///
/// - `sh`: commands, one a line, whose output is not shown.
/// - `console`: commands behind `$ `, and below each what it writes.
/// - `console fails`: the same with commands that fail, and with some of what they say.
/// - `console second-terminal`: one command that runs on.
/// - `text second-terminal`: what that command writes next.
/// - All others: files.
///
/// # Panics
///
/// Panics if a block is none of these: a page has nothing that is not tried.
pub(crate) fn blocks(page: &str, within: &Range<usize>) -> Vec<Numbered> {
    let mut found = Vec::new();
    let mut lines = (1..).zip(page.lines());
    while let Some((number, line)) = lines.next() {
        let Some(words) = line.strip_prefix("```") else {
            continue;
        };
        let inside = lines.by_ref().map(|(_, line)| line);
        let inside: Vec<&str> = inside.take_while(|line| *line != "```").collect();
        if !within.contains(&number) {
            continue;
        }
        let blocks = block(words, &inside);
        assert!(
            !blocks.is_empty(),
            "line {number}: a block `{words}` that cannot be tried: write the name of its file as a comment in its first \
             line, or make it `sh` or `console`"
        );
        found.extend(blocks.into_iter().map(|block| (number, block)));
    }
    found
}

fn block(words: &str, inside: &[&str]) -> Vec<Block> {
    let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    match words.split_once(' ').unwrap_or((words, "")) {
        ("sh", "") => {
            let commands = inside.iter().filter(|line| !line.starts_with('#'));
            let command = |line: &&str| Block::Command {
                typed: (*line).to_owned(),
                shown: None,
            };
            commands.map(command).collect()
        }
        ("console", second) => {
            let commands = inside.chunk_by(|_, next| !next.starts_with("$ "));
            let command = |lines: &[&str]| {
                let typed = lines[0].strip_prefix("$ ")?.to_owned();
                let shown: Vec<String> = owned(&lines[1..]);
                Some(match second {
                    SECOND_TERMINAL => Block::Started { typed, shown },
                    FAILS => Block::Failing { typed, shown },
                    _ => Block::Command {
                        typed,
                        shown: Some(shown),
                    },
                })
            };
            commands.filter_map(command).collect()
        }
        ("text", SECOND_TERMINAL) => vec![Block::Seen {
            shown: owned(inside),
        }],
        _ => {
            let name = inside.first().and_then(|line| file_name(line));
            let file = |name| Block::File {
                name,
                text: inside[1..].iter().map(|line| format!("{line}\n")).collect(),
            };
            name.map(file).into_iter().collect()
        }
    }
}

/// Returns the name of a file, if a line is a comment that consists of one.
fn file_name(line: &str) -> Option<String> {
    let name = line
        .strip_prefix("// ")
        .or_else(|| line.strip_prefix("# "))?;
    (name.contains('.') && !name.contains(' ')).then(|| name.to_owned())
}

#[test]
fn each_kind_of_block_is_known() {
    let page = "# Page\n\n```rust\n// src/a.rs\nfn a() {}\n```\n\n```sh\n# said\nb\nc d\n```\n\n```console\n$ e\nf\n$ g\n```\n\
                ```console second-terminal\n$ h\ni\n```\n```text second-terminal\nj\n```\n";
    let command = |typed: &str, shown: Option<&[&str]>| Block::Command {
        typed: typed.to_owned(),
        shown: shown.map(|lines| lines.iter().map(|line| (*line).to_owned()).collect()),
    };
    let expected = [
        (
            3,
            Block::File {
                name: "src/a.rs".to_owned(),
                text: "fn a() {}\n".to_owned(),
            },
        ),
        (8, command("b", None)),
        (8, command("c d", None)),
        (14, command("e", Some(&["f"]))),
        (14, command("g", Some(&[]))),
        (
            19,
            Block::Started {
                typed: "h".to_owned(),
                shown: vec!["i".to_owned()],
            },
        ),
        (
            23,
            Block::Seen {
                shown: vec!["j".to_owned()],
            },
        ),
    ];
    assert_eq!(blocks(page, &(1..100)), expected);
    assert_eq!(blocks(page, &(19..23)), expected[5..6]);
}

#[test]
#[should_panic = "line 3: a block `rust`"]
fn a_block_without_a_name_is_an_error() {
    blocks("# Page\n\n```rust\nfn a() {}\n```\n", &(1..100));
}
