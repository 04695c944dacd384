use std::collections::{BTreeMap, BTreeSet};

use redis_components_build::Output;
use syn::ext::IdentExt;
use syn::{Expr, Item, ItemFn, ItemMod, Stmt};
use toml::de::{DeTable, DeValue};

/// Checks that code was generated for what a manifest lists, and for nothing else.
pub(crate) fn check(output: &Output, manifest: &str) {
    let text = output.source();
    let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
    let (fixed, modules) = file.items.split_at(4);
    assert!(
        matches!(
            fixed,
            [Item::Const(_), Item::Static(_), Item::Fn(_), Item::Fn(_)]
        ),
        "{text}"
    );
    let modules: Vec<&ItemMod> = modules
        .iter()
        .map(|item| match item {
            Item::Mod(module) => module,
            _ => panic!("not a module:\n{text}"),
        })
        .collect();
    let listed = listed(manifest);
    let names: Vec<String> = modules
        .iter()
        .map(|m| m.ident.unraw().to_string())
        .collect();
    assert_eq!(names, listed.keys().cloned().collect::<Vec<_>>(), "{text}");
    for (module, functions) in modules.into_iter().zip(listed.values()) {
        let found = self::functions(module);
        assert!(found.is_subset(functions), "{found:?}:\n{text}");
        // The wrappers of a file that does not parse are missing.
        assert!(
            found == *functions || output.warnings().count() > 0,
            "{functions:?}, {found:?}:\n{text}"
        );
    }
}

/// Returns the functions of a module that are wrappers, after checking all that it has.
fn functions(module: &ItemMod) -> BTreeSet<String> {
    let (_, items) = module.content.as_ref().unwrap();
    let mut fixed = Vec::new();
    let mut wrappers = BTreeSet::new();
    for item in items {
        match item {
            Item::Use(_) => {}
            Item::Static(item) => fixed.push(item.ident.to_string()),
            Item::Fn(item) if is_wrapper(item) => {
                wrappers.insert(item.sig.ident.unraw().to_string());
            }
            Item::Fn(item) => fixed.push(item.sig.ident.to_string()),
            _ => panic!("an item of another kind"),
        }
    }
    assert_eq!(fixed, ["COMPONENT", "connection", "blocking_connection"]);
    wrappers
}

/// Tells whether a function has a wrapper's body, which is one expression.
fn is_wrapper(item: &ItemFn) -> bool {
    matches!(
        &*item.block.stmts,
        [Stmt::Expr(Expr::MethodCall(call), None)]
            if call.method == "finish" || call.method == "finish_plain"
    )
}

/// Returns the components of a manifest, and their functions.
fn listed(manifest: &str) -> BTreeMap<String, BTreeSet<String>> {
    let manifest = DeTable::parse(manifest).unwrap().into_inner();
    let components = manifest.get("components").map(|value| value.get_ref());
    let components = components.and_then(DeValue::as_table).into_iter().flatten();
    let components = components.map(|(name, component)| {
        let functions = match component
            .get_ref()
            .get("functions")
            .map(|value| value.get_ref())
        {
            Some(DeValue::Array(names)) => {
                let names = names.iter().filter_map(|name| name.get_ref().as_str());
                names.map(plain).collect()
            }
            Some(DeValue::Table(functions)) => {
                functions.keys().map(|name| plain(name.get_ref())).collect()
            }
            _ => BTreeSet::new(),
        };
        (plain(name.get_ref()), functions)
    });
    components.collect()
}

/// A name without `r#`, which may be written or not.
fn plain(name: &str) -> String {
    name.strip_prefix("r#").unwrap_or(name).to_owned()
}
