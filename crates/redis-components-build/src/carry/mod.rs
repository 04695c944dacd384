//! Signatures that keep their meaning in another module.

pub(crate) mod alias;
pub(crate) mod choices;
pub(crate) mod expand;
pub(crate) mod globs;
pub(crate) mod import;
pub(crate) mod imports;
pub(crate) mod mentions;
pub(crate) mod nameable;
pub(crate) mod qualify;
pub(crate) mod signature;
