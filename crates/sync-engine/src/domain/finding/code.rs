//! Codes of findings.

use crate::domain::finding::fact::FindingCode;

impl FindingCode {
    /// The code in JSON and metrics.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// True if a run ended with its process, and not by a failure.
    pub const fn is_interruption(self) -> bool {
        matches!(self, Self::RunInterrupted | Self::OutcomeUnknown)
    }

    /// True if the finding is a difference in Assets that isn't corrected automatically.
    pub const fn is_drift(self) -> bool {
        matches!(
            self,
            Self::NameDiffers
                | Self::NameTaken
                | Self::TypeDiffers
                | Self::ReferenceDiffers
                | Self::CardinalityTooLow
                | Self::ValueRequired
                | Self::LabelDiffers
                | Self::UniqueDiffers
                | Self::StatusesMissing
                | Self::NoLongerMapped
                | Self::DeletedInAssets
        )
    }
}
