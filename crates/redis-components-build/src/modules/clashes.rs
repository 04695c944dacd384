//! Components whose names have another meaning in the module that includes the generated modules.

use std::ops::Range;

use syn::Item;
use syn::spanned::Spanned;

use crate::diagnostics::Diagnostics;
use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::Spot;
use crate::manifest::component::Component;
use crate::module_path::ModulePath;
use crate::modules::scope::Scope;
use crate::modules::sources::Sources;
use crate::package::Package;
use crate::source::lexer::{Lexer, Token};
use crate::syntax::is_type_name;

/// Crates that are in scope in every crate.
const STANDARD: [&str; 5] = ["alloc", "core", "proc_macro", "std", "test"];

/// Refuses a component with the name of a module beside the generated modules, or of a crate or
/// type that the code there names.
pub(crate) fn check(
    components: &[Component],
    runtime: Option<&str>,
    package: &Package,
    sources: &mut Sources<'_>,
    diagnostics: &mut Diagnostics,
) {
    let root = sources.root_scope();
    let around = root.as_ref().and_then(|root| {
        let place = sources.root.place.as_ref()?;
        let modules = place.modules.iter();
        let module = modules.fold(ModulePath::root(), |module, name| module.child(name));
        root.walk(&module).into_iter().next()
    });
    for component in components {
        let name = component.name.as_str();
        let is_crate =
            STANDARD.contains(&name) || package.crates.contains(name) || runtime == Some(name);
        match &around {
            Some(around) => {
                if let Some(item) = around.declarations(name).next() {
                    let module = around.module.child(name);
                    let place = around.source.spot(item.ident.span());
                    let error = same_name(component, &module);
                    diagnostics.error(error.context(&place, "and so has this one"));
                } else if let Some(place) = is_crate.then(|| path_from(name, around)).flatten() {
                    let what = format!("the crate `{name}`");
                    diagnostics.error(shadows(component, &what, &place));
                } else if is_type_name(name)
                    && let Some(place) = mention(name, around)
                {
                    let what = format!("the type or trait `{name}`");
                    diagnostics.error(shadows(component, &what, &place));
                }
            }
            None => {
                let source = component.source.as_ref();
                let own = source.and_then(|source| sources.module_of(source));
                let module = ModulePath::root().child(name);
                if root.is_none() && own.as_ref() == Some(&module) {
                    diagnostics.error(same_name(component, &module));
                }
            }
        }
    }
}

fn same_name(component: &Component, module: &ModulePath) -> Diagnostic {
    let name = &component.name;
    let message = format!("the component `{name}` has the name of the module `{module}`");
    Diagnostic::error(message, &component.spot, "the generated module has this name").help(format!(
        "rename the component, or move the functions, for example to `src/functions/{name}.rs`, or include the generated modules inside of a module"
    ))
}

fn shadows(component: &Component, what: &str, place: &Spot) -> Diagnostic {
    let name = &component.name;
    let message = format!("the component `{name}` takes the name of {what}");
    Diagnostic::error(message, &component.spot, "the generated module has this name")
        .context(place, "this would mean the generated module")
        .help("rename the component and keep its config with `key`, or include the generated modules inside of a module of their own")
}

/// Finds a path that begins with a crate's name, among the items beside the generated modules.
fn path_from(name: &str, around: &Scope) -> Option<Spot> {
    let mut imports = around.source.leaves().filter(|(item, leaf)| {
        item.leading_colon.is_none() && leaf.path.first().is_some_and(|first| first == name)
    });
    if let Some((_, leaf)) = imports.next() {
        return Some(around.source.spot(leaf.path[0].span()));
    }
    find(name, around, |after| after == Some(Token::Mark(b':')))
}

/// Finds a name among the items beside the generated modules, but not inside of a path.
fn mention(name: &str, around: &Scope) -> Option<Spot> {
    find(name, around, |_| true)
}

/// Finds a name, not inside of a path, in the text of a module's own items. The token after the
/// name decides.
fn find(name: &str, around: &Scope, is_wanted: impl Fn(Option<Token<'_>>) -> bool) -> Option<Spot> {
    let source = &around.source;
    let items = source.items.iter();
    let own = items.filter(|item| !matches!(item, Item::Mod(_) | Item::Use(_)));
    own.map(|item| source.spot(item.span()).range)
        .find_map(|range| {
            let place = find_in(name, &source.file.text[range.clone()], &is_wanted)?;
            let place = range.start + place.start..range.start + place.end;
            Some(source.file.spot(place))
        })
}

fn find_in(
    name: &str,
    text: &str,
    is_wanted: &impl Fn(Option<Token<'_>>) -> bool,
) -> Option<Range<usize>> {
    let mut lexer = Lexer::new(text);
    let mut before = [None, None];
    while let Some(token) = lexer.next() {
        let is_inside = matches!(
            before,
            [_, Some(Token::Mark(b'.'))] | [Some(Token::Mark(b':')), Some(Token::Mark(b':'))]
        );
        let end = lexer.position();
        if token == Token::Word(name) && !is_inside && is_wanted(lexer.clone().next()) {
            return Some(end - name.len()..end);
        }
        before = [before[1], Some(token)];
    }
    None
}
