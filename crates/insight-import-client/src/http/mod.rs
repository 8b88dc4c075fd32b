//! Requests to Assets: their settings, their pace, and their responses.

mod answer;
mod pace;
mod refusal;
mod settings;
mod transport;

pub(crate) use answer::Answer;
#[cfg(test)]
pub(crate) use pace::Pace;
pub use pace::RateLimitState;
pub(crate) use refusal::words;
#[cfg(test)]
pub(crate) use refusal::{error as refused, without_secrets};
pub(crate) use settings::{HttpSettings, authorization, base_url, below, check_kind, http_settings};
pub(crate) use transport::{Repeat, Transport, backoff};
