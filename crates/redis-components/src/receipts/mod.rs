//! What each process of a fleet says about itself on the config server: its receipt.
//!
//! A receipt says, for each component that the process uses, which config is in force, which config
//! was read last, and why they differ. The runtime writes one for each process and config server,
//! unless [`Settings::receipts`](crate::Settings::receipts) is `false`; these types read them.
//!
//! `docs/operations.md` in the repository has the format.
//!
//! A receipt is a hash under [`Process::key`]. Its field [`PROCESS_FIELD`] is a [`Process`], and
//! each other field is a component's name with its [`ComponentReceipt`]. The hash expires when it is
//! not renewed, so the receipt of a process that was killed or is frozen vanishes by itself.
//!
//! The sorted set [`FLEET_KEY`] lists all processes, so that nobody has to scan a shared server. Its
//! members are [`Process::member`]s, its scores unix times. A score is written with each change and
//! about every five times the receipt's TTL: the hash says if a process lives, and the score only
//! when it was about last seen. A process that ends in order removes its hash and its member.
//!
//! Text in a receipt comes from other processes. The types escape it and cut it, so that it can be
//! shown as it is.
//!
//! ```
//! use redis_components::receipts::{Receipt, ReceiptState};
//!
//! let receipt = Receipt::from_fields([
//!     ("@", r#"{"v":1,"application":"shop","instance":"web1-77-a0f3"}"#),
//!     ("logs", "9f3a51c07be2d418 51c07be2d4189f3a refused 3 1764170000 0 server_refused"),
//! ])?;
//! let logs = receipt.component("logs").expect("it stands there");
//! assert_eq!(logs.state(), ReceiptState::Refused);
//! assert_eq!(logs.kind(), Some("server_refused"));
//! assert_eq!(receipt.process().member(), "shop:web1-77-a0f3");
//! # Ok::<(), redis_components::receipts::InvalidReceipt>(())
//! ```

pub(crate) mod component_receipt;
mod invalid;
mod keys;
pub(crate) mod process;
mod receipt;
mod state;
mod text;

pub use self::component_receipt::{CandidateReceipt, ComponentReceipt};
pub use self::invalid::InvalidReceipt;
pub use self::keys::{FLEET_KEY, KEY_PREFIX, PROCESS_FIELD};
pub use self::process::{Mode, Process};
pub use self::receipt::Receipt;
pub use self::state::ReceiptState;
