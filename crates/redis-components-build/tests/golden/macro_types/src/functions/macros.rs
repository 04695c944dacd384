macro_rules! pair {
    ($one:ty) => { ($one, $one) };
}
macro_rules! declare {
    ($name:ident) => {
        /// What a macro declares.
        pub type $name = u8;
    };
}
pub(crate) use pair;
