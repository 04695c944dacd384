//! The picture of `top`: what is shown, and what keys do.

mod component;
mod draw;
mod follow;
mod help;
mod looks;
mod overview;
mod questions;
mod screen;
mod servers;
mod view;
mod words;

pub(crate) use self::follow::follow;
