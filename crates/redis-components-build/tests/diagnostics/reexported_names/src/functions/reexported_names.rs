mod hidden;
pub use self::hidden::{exported, original as renamed};
