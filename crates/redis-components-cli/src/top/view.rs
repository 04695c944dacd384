//! What a person looks at, and what keys do.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::live::Snapshot;

/// A page of the picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Page {
    #[default]
    Overview,
    /// One component.
    Component(String),
    Servers,
    Help,
}

/// What a person looks at.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) page: Page,
    /// The page that help was asked for on.
    before: Page,
    /// The component that is chosen in the overview. It stays the same when others come and go.
    chosen: Option<String>,
    /// How many lines of the page are above what is seen.
    pub(super) scroll: usize,
}

/// What follows from a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Quit,
    Draw,
    Nothing,
}

const PAGE: isize = 10;

impl View {
    /// Returns the place of the component that is chosen.
    pub(super) fn chosen(&self, snapshot: &Snapshot) -> Option<usize> {
        let name = self.chosen.as_ref();
        let mut components = snapshot.components.iter();
        let place = components.position(|component| Some(&component.component) == name);
        place.or_else(|| (!snapshot.components.is_empty()).then_some(0))
    }

    pub(super) fn key(&mut self, key: KeyEvent, snapshot: &Snapshot) -> Next {
        if key.kind == KeyEventKind::Release {
            return Next::Nothing;
        }
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if is_control => return Next::Quit,
            _ if is_control => return Next::Nothing,
            KeyCode::Char('q') => return Next::Quit,
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => {
                if self.page == Page::Help {
                    self.back();
                } else {
                    let before = std::mem::replace(&mut self.page, Page::Help);
                    self.before = before;
                }
            }
            KeyCode::Char('s') => self.turn(Page::Servers),
            KeyCode::Esc | KeyCode::Backspace | KeyCode::Left => self.back(),
            KeyCode::Enter | KeyCode::Right if self.page == Page::Overview => {
                let Some(place) = self.chosen(snapshot) else {
                    return Next::Nothing;
                };
                let name = snapshot.components[place].component.clone();
                self.chosen = Some(name.clone());
                self.turn(Page::Component(name));
            }
            KeyCode::Down | KeyCode::Char('j') => self.go(1, snapshot),
            KeyCode::Up | KeyCode::Char('k') => self.go(-1, snapshot),
            KeyCode::PageDown | KeyCode::Char(' ') => self.go(PAGE, snapshot),
            KeyCode::PageUp => self.go(-PAGE, snapshot),
            KeyCode::Home | KeyCode::Char('g') => self.go(isize::MIN / 2, snapshot),
            KeyCode::End | KeyCode::Char('G') => self.go(isize::MAX / 2, snapshot),
            _ => return Next::Nothing,
        }
        Next::Draw
    }

    fn turn(&mut self, page: Page) {
        self.page = page;
        self.scroll = 0;
    }

    fn back(&mut self) {
        let before = if self.page == Page::Help {
            std::mem::take(&mut self.before)
        } else {
            Page::Overview
        };
        self.turn(before);
    }

    /// Chooses another component, or scrolls. How far it can scroll is known when it is drawn.
    fn go(&mut self, lines: isize, snapshot: &Snapshot) {
        if self.page != Page::Overview {
            self.scroll = self.scroll.saturating_add_signed(lines);
            return;
        }
        if let Some(place) = self.chosen(snapshot) {
            let last = snapshot.components.len() - 1;
            let place = place.saturating_add_signed(lines).min(last);
            self.chosen = Some(snapshot.components[place].component.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::{Next, Page, View};
    use crate::top::draw::tests::snapshot;

    fn press(view: &mut View, code: KeyCode) -> Next {
        view.key(KeyEvent::new(code, KeyModifiers::NONE), &snapshot())
    }

    #[test]
    fn a_component_is_chosen_and_stays_chosen() {
        let mut view = View::default();
        assert_eq!(view.chosen(&snapshot()), Some(0));
        press(&mut view, KeyCode::Down);
        press(&mut view, KeyCode::Down);
        assert_eq!(view.chosen(&snapshot()), Some(2));
        // Another one has come before it.
        let mut more = snapshot();
        let mut first = more.components[0].clone();
        first.component = "aaa".to_owned();
        more.components.insert(0, first);
        assert_eq!(view.chosen(&more), Some(3));
        press(&mut view, KeyCode::End);
        let last = snapshot().components.len() - 1;
        assert_eq!(view.chosen(&snapshot()), Some(last));
        press(&mut view, KeyCode::Down);
        assert_eq!(view.chosen(&snapshot()), Some(last));
        press(&mut view, KeyCode::Home);
        assert_eq!(view.chosen(&snapshot()), Some(0));
        // It has gone.
        more.components.clear();
        assert_eq!(view.chosen(&more), None);
        assert_eq!(
            view.key(KeyEvent::from(KeyCode::Enter), &more),
            Next::Nothing
        );
    }

    #[test]
    fn help_goes_back_to_where_it_was_asked_for() {
        let mut view = View::default();
        press(&mut view, KeyCode::Enter);
        let page = view.page.clone();
        assert!(matches!(page, Page::Component(_)));
        press(&mut view, KeyCode::Char('?'));
        assert_eq!(view.page, Page::Help);
        press(&mut view, KeyCode::Esc);
        assert_eq!(view.page, page);
        press(&mut view, KeyCode::Esc);
        assert_eq!(view.page, Page::Overview);
        press(&mut view, KeyCode::Char('s'));
        assert_eq!(view.page, Page::Servers);
    }

    #[test]
    fn q_and_ctrl_c_quit() {
        let mut view = View::default();
        assert_eq!(press(&mut view, KeyCode::Char('q')), Next::Quit);
        let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(view.key(ctrl_c, &snapshot()), Next::Quit);
        assert_eq!(press(&mut view, KeyCode::Char('c')), Next::Nothing);
    }
}
