//! The page of help.

use ratatui::text::Line;

const TEXT: &str = "\
up, down, j, k    choose a component, or scroll
PageUp, PageDown  ten at once; Home and End go to the first and the last
Enter             the details of the component
s                 all servers
Esc               back
q, Ctrl-C         quit

SERVER   (2): two components are there; +2: a cluster with two more primaries
FLEET    processes that run the newest config, of those that use the component
CALLS/S  commands that the servers have counted since the last look, of all
         their clients and databases, without those of this program
STATE    moved: a move that waits for `move --finish` or `--undo`
silent   processes that watch configs and write no receipt

If the config server is lost, the picture stays, and goes on when it is back.
The same as text: list, fleet, watch. In a browser: serve.";

pub(super) fn lines() -> Vec<Line<'static>> {
    TEXT.lines().map(Line::raw).collect()
}
