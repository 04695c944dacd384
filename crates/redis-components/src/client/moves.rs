//! What a blocking call asks of its component while it is under way.

/// A component that a call may have to follow.
pub(crate) trait Moves: Send + Sync {
    /// Returns `true` if the component has another config in force now.
    fn has_moved(&self) -> bool;
}

/// Returns `true` if there is a component to follow, and it has moved.
pub(super) fn has_moved(component: Option<&dyn Moves>) -> bool {
    component.is_some_and(Moves::has_moved)
}
