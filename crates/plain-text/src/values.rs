//! Values that don't match the type of their attribute.

use sync_engine::ValueProblemCount;
use sync_model::ValueProblemKind;

use crate::units::count;

/// A problem of values, with an example.
pub(super) fn value_problem(found: &ValueProblemCount) -> String {
    let (problem, example) = (&found.problem, &found.example);
    format!(
        "{} attribute `{}`: a value {} ({}, for example in {example})",
        problem.kind,
        problem.attribute,
        value_fault(problem.problem),
        count(found.count, "value")
    )
}

/// The fault of a value and the value that was sent instead; it follows "a value".
pub const fn value_fault(kind: ValueProblemKind) -> &'static str {
    match kind {
        ValueProblemKind::ControlCharacters => "contains control characters; replaced with spaces",
        ValueProblemKind::TextCut => "is longer than 255 characters; truncated",
        ValueProblemKind::TextareaCut => "is longer than 5,000 characters; truncated",
        ValueProblemKind::AddressTooLong => "is longer than 255 characters; left empty",
        ValueProblemKind::NoBoolean => "is not true or false; left empty",
        ValueProblemKind::NoInteger => "is not a 32-bit integer; left empty",
        ValueProblemKind::NoNumber => "is not a finite number; left empty",
        ValueProblemKind::NoEmail => "is not an email address that Assets accepts; left empty",
        ValueProblemKind::NoWebUrl => "is not a URL that starts with http:// or https://; left empty",
        ValueProblemKind::NoDateTime => "is not a date and time with an offset; left empty",
        ValueProblemKind::NoDate => "is not a date; left empty",
        ValueProblemKind::NoTime => "is not a time of day; left empty",
        ValueProblemKind::Ipv6Address => "is an IPv6 address, which Assets doesn't accept; left empty",
        ValueProblemKind::NoIpAddress => "is not an IPv4 address; left empty",
        ValueProblemKind::EmptyLabel => {
            "is empty, but the attribute is the label; replaced with the object's ID"
        }
        ValueProblemKind::UnknownStatus => "isn't supported by this version; sent as \"Okta Other\"",
        ValueProblemKind::OutsideSchema => "belongs to an attribute outside Okta's schema; omitted",
        ValueProblemKind::UnresolvedReference => "matches no user; left empty",
        ValueProblemKind::AmbiguousReference => "matches several users; left empty",
    }
}
