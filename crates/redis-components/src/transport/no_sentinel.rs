//! Stands in for `sentinel` in a build without the feature `sentinel`: no sentinel is asked.

pub(crate) mod watcher {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::sync::watch;

    use crate::config::endpoint::{Primary, Sentinels};
    use crate::settings::policy::Policy;
    use crate::transport::contents::sources::Sources;
    use crate::transport::no_primary::NoPrimary;

    /// A watch that has ended before it began.
    #[derive(Debug)]
    pub(crate) struct Watcher(watch::Sender<Found>);

    /// Why no sentinel says anything.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Found {
        pub(crate) primary: Option<Primary>,
        pub(crate) problem: Option<NoPrimary>,
    }

    impl Watcher {
        pub(crate) fn new(
            _: &Sentinels,
            _: &Arc<Policy>,
            _: &Arc<Sources>,
            _: Duration,
        ) -> (Arc<Self>, impl Future<Output = ()> + Send + 'static) {
            let found = Found {
                primary: None,
                problem: Some(NoPrimary::not_built()),
            };
            (Arc::new(Self(watch::Sender::new(found))), async {})
        }

        pub(crate) fn found(&self) -> Found {
            self.0.borrow().clone()
        }

        pub(crate) fn subscribe(&self) -> watch::Receiver<Found> {
            self.0.subscribe()
        }

        pub(crate) async fn ask(&self) {}
    }
}
