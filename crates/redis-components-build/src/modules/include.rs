//! The places at which generated modules are included.

use syn::ext::IdentExt;
use syn::{Item, LitStr, Macro};

use crate::modules::visible::is_public;

/// The place at which generated modules are included, seen from some items.
pub(crate) struct Place {
    /// The names of the inline modules around the place, the outermost first.
    pub(crate) modules: Vec<String>,
    /// Whether all of these modules are `pub`.
    pub(crate) is_public: bool,
    /// Whether the file is certainly the generated file of this manifest.
    pub(crate) is_certain: bool,
}

/// Finds the place at which a generated file is included, in the items or in their inline modules.
pub(crate) fn place_of_include(items: &[Item], out_file: &str) -> Option<Place> {
    let mut first = None;
    for item in items {
        let place = match item {
            Item::Macro(call) => of_macro(&call.mac, out_file),
            Item::Mod(module) => module.content.as_ref().and_then(|(_, items)| {
                let mut place = place_of_include(items, out_file)?;
                place.modules.insert(0, module.ident.unraw().to_string());
                place.is_public &= is_public(&module.vis);
                Some(place)
            }),
            _ => None,
        };
        match place {
            Some(place) if place.is_certain => return Some(place),
            place => first = first.or(place),
        }
    }
    first
}

fn of_macro(call: &Macro, out_file: &str) -> Option<Place> {
    let name = &call.path.segments.last()?.ident;
    let is_certain = if name == "include_components" {
        match syn::parse2::<LitStr>(call.tokens.clone()) {
            Ok(file) if file.value() != out_file => return None,
            Ok(_) => true,
            // Without an argument, the macro includes `components.rs`.
            Err(_) if call.tokens.is_empty() && out_file != "components.rs" => return None,
            Err(_) => call.tokens.is_empty(),
        }
    } else if name == "include" {
        let tokens = call.tokens.to_string();
        tokens.contains("OUT_DIR") && tokens.contains(out_file)
    } else {
        return None;
    };
    Some(Place {
        modules: Vec::new(),
        is_public: true,
        is_certain,
    })
}
