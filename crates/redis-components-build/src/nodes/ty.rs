use syn::{Path, Type, TypeInfer, TypePath, TypeTuple};

pub(crate) fn path_type(path: Path) -> Type {
    Type::Path(TypePath {
        attrs: Vec::new(),
        qself: None,
        path,
    })
}

/// `()`
pub(crate) fn unit() -> Type {
    Type::Tuple(TypeTuple {
        attrs: Vec::new(),
        paren_token: Default::default(),
        elems: Default::default(),
    })
}

/// `_`
pub(crate) fn infer() -> Type {
    Type::Infer(TypeInfer {
        attrs: Vec::new(),
        underscore_token: Default::default(),
    })
}
