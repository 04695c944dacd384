use proc_macro2::{Ident, Span, TokenStream};
use syn::{
    AngleBracketedGenericArguments, Block, Expr, ExprAwait, ExprCall, ExprLit, ExprMacro,
    ExprMethodCall, ExprPath, ExprReference, ExprStruct, ExprTry, ExprUnary, FieldValue, Lit,
    LitBool, LitStr, Macro, MacroDelimiter, Member, Path, Stmt, UnOp,
};

/// The path of an item.
pub(crate) fn item(path: Path) -> Expr {
    Expr::Path(ExprPath {
        attrs: Vec::new(),
        qself: None,
        path,
    })
}

pub(crate) fn literal(lit: Lit) -> Expr {
    Expr::Lit(ExprLit {
        attrs: Vec::new(),
        lit,
    })
}

pub(crate) fn string(text: &str) -> Expr {
    literal(Lit::Str(LitStr::new(text, Span::call_site())))
}

pub(crate) fn boolean(value: bool) -> Expr {
    literal(Lit::Bool(LitBool::new(value, Span::call_site())))
}

/// `path { name: value, … }`
pub(crate) fn structure<const N: usize>(path: Path, fields: [(&str, Expr); N]) -> Expr {
    let fields = fields.map(|(name, expr)| FieldValue {
        attrs: Vec::new(),
        member: Member::Named(Ident::new(name, Span::call_site())),
        colon_token: Some(Default::default()),
        expr,
    });
    Expr::Struct(ExprStruct {
        attrs: Vec::new(),
        qself: None,
        path,
        brace_token: Default::default(),
        fields: fields.into_iter().collect(),
        dot2_token: None,
        rest: None,
    })
}

/// `function(arguments)`
pub(crate) fn call(function: Expr, arguments: impl IntoIterator<Item = Expr>) -> Expr {
    Expr::Call(ExprCall {
        attrs: Vec::new(),
        func: Box::new(function),
        paren_token: Default::default(),
        args: arguments.into_iter().collect(),
    })
}

/// `receiver.method::<…>(argument)`
pub(crate) fn method(
    receiver: Expr,
    method: &str,
    turbofish: Option<AngleBracketedGenericArguments>,
    argument: Expr,
) -> Expr {
    Expr::MethodCall(ExprMethodCall {
        attrs: Vec::new(),
        receiver: Box::new(receiver),
        dot_token: Default::default(),
        method: Ident::new(method, Span::call_site()),
        turbofish,
        paren_token: Default::default(),
        args: std::iter::once(argument).collect(),
    })
}

/// `base.await`
pub(crate) fn dot_await(base: Expr) -> Expr {
    Expr::Await(ExprAwait {
        attrs: Vec::new(),
        base: Box::new(base),
        dot_token: Default::default(),
        await_token: Default::default(),
    })
}

/// `expr?`
pub(crate) fn question(expr: Expr) -> Expr {
    Expr::Try(ExprTry {
        attrs: Vec::new(),
        expr: Box::new(expr),
        question_token: Default::default(),
    })
}

/// `&expr` or `&mut expr`
pub(crate) fn reference(expr: Expr, is_mutable: bool) -> Expr {
    Expr::Reference(ExprReference {
        attrs: Vec::new(),
        and_token: Default::default(),
        mutability: is_mutable.then(Default::default),
        expr: Box::new(expr),
    })
}

/// `*expr`
pub(crate) fn dereference(expr: Expr) -> Expr {
    Expr::Unary(ExprUnary {
        attrs: Vec::new(),
        op: UnOp::Deref(Default::default()),
        expr: Box::new(expr),
    })
}

/// `path!(tokens)`
pub(crate) fn macro_call(path: Path, tokens: TokenStream) -> Expr {
    Expr::Macro(ExprMacro {
        attrs: Vec::new(),
        mac: Macro {
            path,
            bang_token: Default::default(),
            delimiter: MacroDelimiter::Paren(Default::default()),
            tokens,
        },
    })
}

/// `{ expr }`
pub(crate) fn block(expr: Expr) -> Block {
    Block {
        brace_token: Default::default(),
        stmts: vec![Stmt::Expr(expr, None)],
    }
}
