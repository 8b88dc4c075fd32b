//! Pages for remedies.

use maud::Markup;

/// A page of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    Setup,
    Activity,
    Plan,
    Runs,
    FailedEvents,
    Checks,
    Attributes,
    Settings,
}

impl Page {
    /// The label of a link to the page.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Setup => "Open Setup",
            Self::Activity => "Open Activity",
            Self::Plan => "Open Plan",
            Self::Runs => "Open Runs",
            Self::FailedEvents => "Show failed events",
            Self::Checks => "Open Checks",
            Self::Attributes => "Select attributes",
            Self::Settings => "Edit settings",
        }
    }

    /// The end of the address, after that of the connection.
    pub(crate) const fn path(self) -> &'static [&'static str] {
        match self {
            Self::Setup => &["setup"],
            Self::Activity => &["activity"],
            Self::Plan => &["plan"],
            Self::Runs => &["runs"],
            Self::FailedEvents => &["events"],
            Self::Checks => &["checks"],
            Self::Attributes => &["schema", "choices"],
            Self::Settings => &["edit"],
        }
    }

    /// An action on the page.
    pub(super) const fn shows(self, text: Markup) -> Action {
        Action { text, page: Some(self) }
    }

    /// The query of the address.
    pub(crate) const fn query(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::FailedEvents => &[("state", "failed")],
            Self::Setup
            | Self::Activity
            | Self::Plan
            | Self::Runs
            | Self::Checks
            | Self::Attributes
            | Self::Settings => &[],
        }
    }
}

/// A remedy as the console shows it.
pub(crate) struct Action {
    /// Sentences.
    pub(crate) text: Markup,
    /// The page of the remedy; `None` if the console has none.
    pub(crate) page: Option<Page>,
}

impl Action {
    /// An action that isn't available in the console.
    pub(super) const fn outside(text: Markup) -> Self {
        Self { text, page: None }
    }
}
