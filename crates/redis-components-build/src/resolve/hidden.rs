//! What a signature needs and the crate's root cannot name.

use proc_macro2::Ident;

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::Spot;
use crate::manifest::functions::Function;

/// Something that the crate's root cannot name.
pub(crate) struct Hidden {
    /// What it is, with an article.
    pub(crate) kind: &'static str,
    pub(crate) name: Ident,
    pub(crate) spot: Spot,
    /// Where the private module around it is declared, if that is what hides it; else it is private itself.
    pub(crate) module: Option<Spot>,
    /// The `use` item that would re-export it where the function is.
    pub(crate) export: String,
}

impl Hidden {
    /// Reports it for a function that needs it.
    pub(crate) fn report(&self, function: &Function, diagnostics: &mut Diagnostics) {
        let (kind, hidden, name) = (self.kind, &self.name, &function.name);
        let error = if kind == "a macro" {
            let message = format!(
                "`{name}` needs the macro `{hidden}`, which is known in its own file alone"
            );
            Diagnostic::error(message, &self.spot, "a macro in a signature").help(format!(
                "declare a type alias for what it stands for, such as `pub type {} = {hidden}!(…);`, and use that",
                camel_case(&hidden.to_string()),
            ))
        } else if let Some(module) = &self.module {
            let message = format!("`{name}` needs `{hidden}`, whose module is private");
            let label = format!("{kind} that cannot be named from the crate's root");
            Diagnostic::error(message, &self.spot, label)
                .context(module, "private")
                .help(format!(
                    "re-export it beside `{name}`, with `{}`, or make the module `pub(crate)`",
                    self.export
                ))
        } else {
            let message = format!("`{name}` needs `{hidden}`, which is private");
            let label = format!("{kind} of this file alone");
            Diagnostic::error(message, &self.spot, label)
                .help(format!("make `{hidden}` `pub` or `pub(crate)`"))
        };
        diagnostics.error(error.context(&function.spot, "listed here"));
    }
}

fn camel_case(name: &str) -> String {
    let words = name.split('_').filter(|word| !word.is_empty());
    words
        .flat_map(|word| {
            let mut characters = word.chars();
            let first = characters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(characters).collect::<Vec<char>>()
        })
        .collect()
}
