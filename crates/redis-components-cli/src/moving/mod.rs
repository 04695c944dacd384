//! Moving a server's data: what is seen, what that means, and the steps.
//!
//! Each room imports only from those above it here.

pub(crate) mod servers;

pub(crate) mod records;

pub(crate) mod standing;

pub(crate) mod preflight;

pub(crate) mod steps;

pub(crate) mod report;
