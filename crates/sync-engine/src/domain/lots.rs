//! Suspects among unconfirmed records, and the next records to send to find the bad ones.
//!
//! A test is an execution; it reports the number of dropped records, and not their identities. Assumptions decide only
//! the next test, and never a confirmation: that requires an execution that accounts for all of its records.

/// The number of bad records of a lot in which every record was rejected separately.
pub const ALL: i64 = 1 << 40;
/// The number of failures alone from which a record counts as rejected.
pub const REJECTED: i64 = 2;
/// The longest pause before a rejected record is sent again, in milliseconds: an hour.
const LONGEST_PAUSE: i64 = 3_600_000;
/// The same for a record that may be good: five minutes.
const LONGEST_SEARCH_PAUSE: i64 = 300_000;
/// Attempts without a pause: enough to find one record among a thousand.
const WITHOUT_PAUSE: i64 = 14;

/// The pause of a record that failed alone this often, and after this number of attempts, in milliseconds.
pub fn pause(alone: i64, attempts: i64) -> i64 {
    match alone {
        ..=0 => match attempts.saturating_sub(WITHOUT_PAUSE) {
            ..=0 => 0,
            more => (1000 << more.min(20)).min(LONGEST_SEARCH_PAUSE),
        },
        // Once may be chance.
        1 => 1000,
        more => (10_000 << more.saturating_sub(REJECTED).clamp(0, 20)).min(LONGEST_PAUSE),
    }
}

/// An unconfirmed record, as far as isolation is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// The object's ID.
    pub id: String,
    /// Its lot; 0 for a record that is thought to be good.
    pub lot: i64,
    /// The presumed number of bad records in its lot; 0 if some are bad and their number is unknown.
    pub bad: i64,
    /// True if it was part of the test.
    pub tested: bool,
    /// True if the outcome names it.
    pub named: bool,
}

/// The result of a test for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The lot that it belongs to now.
    pub lot: i64,
    /// The presumed number of bad records in that lot.
    pub bad: i64,
    /// True if its own content is the reason: nothing else of its kind was in the test, or all of it was dropped.
    pub alone: bool,
}

/// The results of a test that dropped records. `dropped` is their number, or `None` if it is unknown;
/// `fresh` is the number of a new lot.
pub fn judge(records: &[Suspect], dropped: Option<i64>, fresh: i64) -> Vec<Verdict> {
    let size = |is: &dyn Fn(&Suspect) -> bool| {
        i64::try_from(records.iter().filter(|record| is(record)).count()).unwrap_or(i64::MAX)
    };
    let tested = size(&|r| r.tested);
    let known = dropped.map(|dropped| dropped.clamp(1, tested.max(1)));
    let named = size(&|r| r.tested && r.named);
    let suspected = size(&|r| r.tested && r.lot != 0);
    let good = Verdict { lot: 0, bad: 0, alone: false };
    let new = |bad| Verdict { lot: fresh, bad, alone: false };
    let judge = |record: &Suspect| {
        if !record.tested {
            // The other half still contains the rest of the lot.
            let bad = known.map_or(0, |dropped| record.bad - dropped);
            return if bad > 0 { Verdict { lot: record.lot, bad, alone: false } } else { good };
        }
        if tested == 1 || dropped == Some(tested) {
            return Verdict { alone: true, ..new(tested) };
        }
        if named > 0 && named < tested {
            return if record.named { new(named) } else { good };
        }
        let Some(dropped) = known else { return new(0) };
        // Records that were assumed to be good are good, unless there are more bad ones than suspects.
        if suspected > 0 && dropped <= suspected && record.lot == 0 { good } else { new(dropped) }
    };
    records.iter().map(judge).collect()
}

/// A lot with how many of it there are, and how many are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lot {
    /// Its number; 0 for the records that are thought to be good.
    pub number: i64,
    /// The presumed number of bad records in it.
    pub bad: i64,
    /// The number of its records.
    pub size: i64,
    /// The number of due records among them.
    pub due: i64,
}

/// The next test of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// Records that are assumed to be good, and the number of suspects of a lot.
    Good {
        /// The lot.
        lot: i64,
        /// The number of suspects.
        suspects: i64,
    },
    /// The size of a lot with an unknown number of bad records: more would blur the result.
    Half {
        /// The lot.
        lot: i64,
        /// The number of suspects.
        suspects: i64,
    },
    /// The records of a lot that are all thought to be bad.
    Bad {
        /// The lot.
        lot: i64,
    },
}

/// The next test; `None` if nothing is due.
pub fn next(lots: &[Lot]) -> Option<Test> {
    let due = lots.iter().filter(|lot| lot.due > 0);
    let good = due.clone().any(|lot| lot.number == 0);
    let mixed = due.clone().filter(|lot| lot.number != 0 && lot.bad < lot.size);
    match mixed.max_by_key(|lot| (lot.size, lot.number)) {
        Some(lot) => {
            let (number, suspects) = (lot.number, lot.due.min((lot.size / 2).max(1)));
            Some(if lot.bad == 0 {
                Test::Half { lot: number, suspects }
            } else {
                Test::Good { lot: number, suspects }
            })
        }
        None if good => Some(Test::Good { lot: 0, suspects: 0 }),
        // One lot at a time: together they would be no proof against each other.
        None => due.clone().next().map(|lot| Test::Bad { lot: lot.number }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Runs executions until everything but the bad records is confirmed and those failed alone. Returns the number
    /// until the good ones were confirmed, and the total.
    fn play(count: usize, bad: &BTreeSet<usize>, reports_dropped: bool, names: bool) -> (usize, usize) {
        let is_bad = |id: &str| bad.contains(&id.parse().unwrap());
        let mut records: Vec<Suspect> = (0..count)
            .map(|n| Suspect { id: n.to_string(), lot: 0, bad: 0, tested: false, named: false })
            .collect();
        let mut alone: BTreeSet<String> = BTreeSet::new();
        let mut good_after = None;
        for execution in 1_usize..2000 {
            let numbers: BTreeSet<i64> = records.iter().map(|r| r.lot).collect();
            let lots: Vec<Lot> = numbers
                .iter()
                .map(|&number| {
                    let of = records.iter().filter(|r| r.lot == number);
                    let size = i64::try_from(of.clone().count()).unwrap();
                    let due = i64::try_from(of.clone().filter(|r| !alone.contains(&r.id)).count()).unwrap();
                    Lot { number, bad: of.clone().next().unwrap().bad, size, due }
                })
                .collect();
            let test = next(&lots).unwrap();
            // Rejected records wait longer than suspects.
            let mut left = match test {
                Test::Good { suspects, .. } | Test::Half { suspects, .. } => suspects,
                Test::Bad { .. } => i64::MAX,
            };
            for record in &mut records {
                let mut is_taken = |lot| {
                    left -= i64::from(record.lot == lot);
                    record.lot == lot && left >= 0
                };
                record.tested = match test {
                    Test::Good { lot, .. } => record.lot == 0 || is_taken(lot),
                    Test::Half { lot, .. } | Test::Bad { lot } => is_taken(lot),
                };
                record.named = names && is_bad(&record.id);
            }
            let dropped = records.iter().filter(|r| r.tested && is_bad(&r.id)).count();
            if dropped == 0 {
                records.retain(|r| !r.tested);
            } else {
                let touched: BTreeSet<i64> =
                    records.iter().filter(|r| r.tested && r.lot != 0).map(|r| r.lot).collect();
                let judged: Vec<usize> = (0..records.len())
                    .filter(|&n| records[n].tested || touched.contains(&records[n].lot))
                    .collect();
                let given: Vec<Suspect> = judged.iter().map(|&n| records[n].clone()).collect();
                let dropped = reports_dropped.then(|| i64::try_from(dropped).unwrap());
                let fresh = i64::try_from(execution).unwrap();
                for (&n, verdict) in judged.iter().zip(judge(&given, dropped, fresh)) {
                    records[n].lot = verdict.lot;
                    records[n].bad = verdict.bad;
                    if verdict.alone {
                        assert!(is_bad(&records[n].id), "a good record is called bad");
                        alone.insert(records[n].id.clone());
                    }
                }
            }
            if good_after.is_none() && records.iter().all(|r| is_bad(&r.id)) {
                good_after = Some(execution);
            }
            if let (Some(good), true) = (good_after, records.iter().all(|r| alone.contains(&r.id))) {
                return (good, execution);
            }
        }
        panic!("it does not end: {count} {bad:?}");
    }

    #[test]
    fn named_record_takes_three_executions() {
        assert_eq!(play(700, &[412].into(), true, true), (2, 3));
        assert_eq!(play(700, &[3, 412].into(), true, true), (2, 3));
    }

    #[test]
    fn unnamed_record_takes_logarithmic_executions() {
        for bad in [0, 1, 349, 350, 412, 699] {
            let (good, all) = play(700, &[bad].into(), true, false);
            assert!(good <= 12 && all <= 12, "{bad}: {good}, {all}");
        }
    }

    proptest! {
        #[test]
        fn every_bad_record_is_found(
            count in 1_usize..60,
            bad in proptest::collection::btree_set(0_usize..60, 0..8),
            reports_dropped: bool,
            names: bool,
        ) {
            let bad: BTreeSet<usize> = bad.into_iter().filter(|n| *n < count).collect();
            let (_, all) = play(count, &bad, reports_dropped, names);
            prop_assert!(all <= 8 + bad.len() * 32, "{count} {bad:?}: {all}");
        }
    }
}
