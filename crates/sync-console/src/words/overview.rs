//! Sentences of the list of connections and of a connection's overview.

pub(crate) const NO_CONNECTIONS: &str = "No connections yet";
pub(crate) const NO_CONNECTIONS_TEXT: &str = "A connection links an Okta org to an import source in Assets. To add one, you need the org URL, the client ID and \
     private key of an API Services app, and the import token.";

pub(crate) const FROM_FILE: &str = "Managed by the configuration file";

pub(crate) const NO_HOOK: &str = "None; changes come from the System Log";
pub(crate) const NO_ACCOUNT: &str =
    "None; setting cardinality and clearing stale values may require manual steps";

/// The heading of the charts.
pub(crate) const CHARTS: &str = "Last 24 hours";
pub(crate) const NO_SAMPLES: &str = "No data yet. The daemon records metrics once per minute.";
