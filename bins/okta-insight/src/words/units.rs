//! Numbers with their units.

pub(crate) use plain_text::units::{count, number};

/// A duration: `0.4 s`, `40 s`, `12 min`, `3 h`, `2 days`.
pub(crate) fn span(seconds: f64) -> String {
    match seconds {
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7_200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.0} h", s / 3_600.0),
        s => format!("{:.0} days", s / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duration_has_unit() {
        assert_eq!(
            [0.42, 40.0, 720.0, 10_800.0, 259_200.0].map(span),
            ["0.4 s", "40 s", "12 min", "3 h", "3 days"]
        );
    }
}
