use syn::punctuated::Punctuated;

/// Keeps some elements of a list, with the punctuation that belongs to them.
pub(crate) fn retain<T: Clone, P: Default>(list: &mut Punctuated<T, P>, keep: impl Fn(&T) -> bool) {
    *list = std::mem::take(list).into_iter().filter(keep).collect();
}
