//! What the services count, as Prometheus fetches it.
#![expect(clippy::panic, reason = "tests only: it says what is missing")]

use std::{collections::BTreeMap, time::Duration};

use super::{Instance, Stack};

const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(100);

/// Each line's name with its labels, and its value.
pub type Counts = BTreeMap<String, f64>;

impl Stack {
    /// What a service counts now.
    ///
    /// # Panics
    /// When it does not tell.
    pub async fn counts(&self, instance: impl Into<Instance>) -> Counts {
        let instance = instance.into();
        let Some(operator) = self.service(instance).address("operator") else { panic!("{instance} counts nothing") };
        let asked = async { reqwest::get(format!("http://{operator}/metrics")).await?.text().await };
        let text = asked.await.unwrap_or_else(|error| panic!("{instance} does not tell what it counts: {error}"));
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let counted = lines.filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        counted.collect()
    }

    /// The same, once they are as awaited.
    ///
    /// # Panics
    /// When they are not in time.
    pub async fn until_counts(&self, instance: impl Into<Instance>, awaited: impl Fn(&Counts) -> bool) -> Counts {
        let instance = instance.into();
        let counting = async {
            loop {
                let counts = self.counts(instance).await;
                if awaited(&counts) {
                    return counts;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        match tokio::time::timeout(PATIENCE, counting).await {
            Ok(counts) => counts,
            Err(_) => panic!("{instance} never counts so: {:#?}", self.counts(instance).await),
        }
    }
}
