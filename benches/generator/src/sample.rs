use serde_json::{Value, json};

/// Several measurements of one thing, in seconds.
#[derive(Default)]
pub(crate) struct Sample {
    seconds: Vec<f64>,
}

impl Sample {
    pub(crate) fn add(&mut self, seconds: f64) {
        let place = self.seconds.partition_point(|known| *known < seconds);
        self.seconds.insert(place, seconds);
    }

    pub(crate) fn median(&self) -> f64 {
        let middle = self.seconds.len() / 2;
        if self.seconds.len().is_multiple_of(2) {
            f64::midpoint(self.seconds[middle - 1], self.seconds[middle])
        } else {
            self.seconds[middle]
        }
    }

    /// Returns the least, which counts: other work on the machine can only add.
    pub(crate) fn least(&self) -> f64 {
        self.seconds[0]
    }

    pub(crate) fn most(&self) -> f64 {
        self.seconds[self.seconds.len() - 1]
    }

    pub(crate) fn json(&self) -> Value {
        json!({ "least": self.least(), "median": self.median(), "all": self.seconds })
    }
}
