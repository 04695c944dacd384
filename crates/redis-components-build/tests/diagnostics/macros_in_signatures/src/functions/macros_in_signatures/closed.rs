macro_rules! made_there {
    ($one:ty) => { ($one, $one) };
}
pub(crate) use made_there;

declare!(Made);
