//! Numbers with their units.

/// A number with a comma between thousands: `2,599`.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `0 users`, `1 user`, `2,599 users`.
pub(crate) fn count(n: impl TryInto<u64>, noun: &str) -> String {
    match n.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {noun}"),
        n => format!("{} {noun}s", number(n)),
    }
}

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
    fn numbers_have_separators_and_units() {
        assert_eq!([7, 999, 2_599, 1_234_567].map(number), ["7", "999", "2,599", "1,234,567"]);
        assert_eq!(count(0_u64, "user"), "0 users");
        assert_eq!(count(1_usize, "user"), "1 user");
        assert_eq!(count(2_600_u64, "user"), "2,600 users");
        assert_eq!(
            [0.42, 40.0, 720.0, 10_800.0, 259_200.0].map(span),
            ["0.4 s", "40 s", "12 min", "3 h", "3 days"]
        );
    }
}
