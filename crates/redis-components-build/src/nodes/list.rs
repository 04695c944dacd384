use syn::punctuated::Punctuated;

/// Keeps some elements of a list, each with its punctuation.
pub(crate) fn retain<T: Clone, P: Default>(list: &mut Punctuated<T, P>, keep: impl Fn(&T) -> bool) {
    *list = std::mem::take(list).into_iter().filter(keep).collect();
}
