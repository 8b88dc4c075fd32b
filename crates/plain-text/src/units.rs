//! Numbers with their units.

/// A number with a comma between thousands: `2,599`.
pub fn number(n: u64) -> String {
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
pub fn count(n: impl TryInto<u64>, noun: &str) -> String {
    match n.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {noun}"),
        n => format!("{} {noun}s", number(n)),
    }
}

/// A share in percent: `58%`, or `0.4%` if it is below 10%.
pub fn percent(part: u64, total: u64) -> String {
    // Counts of objects are far below 2^52.
    #[expect(clippy::cast_precision_loss, reason = "it is rounded")]
    let percent = part as f64 * 100.0 / total.max(1) as f64;
    if percent < 10.0 { format!("{percent:.1}%") } else { format!("{percent:.0}%") }
}

/// A size: `512 KiB`, `3 MiB`.
pub fn size(bytes: u64) -> String {
    if bytes < 1 << 20 {
        format!("{} KiB", number(bytes >> 10))
    } else {
        format!("{} MiB", number(bytes >> 20))
    }
}

/// A duration in whole units: `40 s`, `12 min`, `3 h`, `2 days`.
pub fn span(seconds: u64) -> String {
    match seconds {
        s if s < 120 => format!("{s} s"),
        s if s < 7_200 && s != 3_600 => format!("{} min", s / 60),
        s if s < 172_800 => format!("{} h", s / 3_600),
        s => format!("{} days", s / 86_400),
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
        assert_eq!([percent(7, 12), percent(1, 250), percent(1, 0)], ["58%", "0.4%", "100%"]);
        assert_eq!([size(4_096), size(3 << 20)], ["4 KiB", "3 MiB"]);
        assert_eq!([40, 720, 3_600, 259_200].map(span), ["40 s", "12 min", "1 h", "3 days"]);
    }
}
