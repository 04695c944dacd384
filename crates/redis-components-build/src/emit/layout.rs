use syn::{File, Item, ItemMod, Visibility};

use crate::syntax::ident;

/// The text before the lines of a module.
pub(super) const INDENTATION: &str = "    ";

/// Text with a blank line between its parts.
#[derive(Default)]
pub(super) struct Paragraphs {
    text: String,
}

impl Paragraphs {
    /// Adds a part that ends a line.
    pub(super) fn add(&mut self, part: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(part);
    }

    /// Adds a part, without a blank line before it.
    pub(super) fn continue_with(&mut self, part: &str) {
        self.text.push_str(part);
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// Returns the text of an item of the root.
pub(super) fn root_item(item: Item) -> String {
    prettyplease::unparse(&File {
        shebang: None,
        frontmatter: None,
        attrs: Vec::new(),
        items: vec![item],
    })
}

/// Returns the text of an item of a module, indented.
pub(super) fn module_item(item: Item) -> String {
    let module = root_item(Item::Mod(ItemMod {
        attrs: Vec::new(),
        vis: Visibility::Inherited,
        unsafety: None,
        mod_token: Default::default(),
        ident: ident("around"),
        content: Some((Default::default(), vec![item])),
        semi: None,
    }));
    let inside = module
        .strip_prefix("mod around {\n")
        .and_then(|module| module.strip_suffix("}\n"));
    inside.unwrap_or_default().to_owned()
}
