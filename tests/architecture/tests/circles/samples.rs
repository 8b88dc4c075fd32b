//! Small crates whose circles are known.

use crate::graph::circles;
use crate::imports::imports;
use crate::module::{Function, Tree};
use crate::reader::read;
use crate::sources::Sources;

fn tree(files: &[(&str, &str)]) -> Tree {
    let sources: Sources =
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    read(&sources, "lib.rs")
}

/// The files in circles of a crate.
fn in_circles(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let tree = tree(files);
    let name = |file: usize| tree.files[file].path.clone();
    let mut found: Vec<Vec<String>> =
        circles(&imports(&tree)).into_iter().map(|circle| circle.into_iter().map(name).collect()).collect();
    for circle in &mut found {
        circle.sort();
    }
    found
}

#[test]
fn circle_through_reexport_is_found() {
    let files = [
        ("lib.rs", "mod a; mod b; pub use a::{A, of as from};"),
        ("a.rs", "use crate::b::B; pub struct A(B); pub fn of() {}"),
        ("b.rs", "pub struct B; fn new() { let of = crate::from(); }"),
    ];
    assert_eq!(in_circles(&files), [["a.rs", "b.rs"]]);
}

#[test]
fn reexports_of_children_are_free() {
    let files = [
        ("lib.rs", "mod a; mod b; pub use a::A;"),
        ("a/mod.rs", "mod inner; mod other; pub use inner::A;"),
        ("a/inner.rs", "use super::other::Other; pub struct A(Other);"),
        ("a/other.rs", "use crate::b; pub(super) struct Other(b::B);"),
        ("b.rs", "pub struct B;"),
    ];
    assert_eq!(in_circles(&files), [[""; 0]; 0]);
}

#[test]
fn parent_and_child_are_a_circle() {
    let files = [
        ("lib.rs", "mod a;"),
        ("a.rs", "mod inner; pub(crate) struct A; impl A { fn run(&self) { inner::run(self) } }"),
        ("a/inner.rs", "use super::A; pub(super) fn run(a: &A) {}"),
    ];
    assert_eq!(in_circles(&files), [["a.rs", "a/inner.rs"]]);
}

#[test]
fn tests_are_left_out() {
    let files = [
        ("lib.rs", "mod a; mod b; #[cfg(all(test, unix))] mod fakes;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "pub struct B; #[cfg(test)] mod tests; #[cfg(test)] mod more { use crate::a::A; }"),
        ("b/tests.rs", "use crate::a::A; use super::*;"),
        ("fakes.rs", "use crate::a::A;"),
    ];
    assert_eq!(in_circles(&files), [[""; 0]; 0]);
}

#[test]
fn fakes_of_a_feature_count() {
    let files = [
        ("lib.rs", "mod a; #[cfg(any(test, feature = \"fakes\"))] mod fakes;"),
        ("a.rs", "pub trait A { fn fake() -> crate::fakes::Fake; }"),
        ("fakes.rs", "pub struct Fake(Box<dyn crate::a::A>);"),
    ];
    assert_eq!(in_circles(&files), [["a.rs", "fakes.rs"]]);
}

#[test]
fn glob_reexport_is_followed() {
    let files = [
        ("lib.rs", "mod a; mod b; pub use a::*;"),
        ("a/mod.rs", "mod inner; pub use inner::*;"),
        ("a/inner.rs", "pub struct A(crate::b::B);"),
        ("b.rs", "use crate::A; pub struct B(Box<A>);"),
    ];
    assert_eq!(in_circles(&files), [["a/inner.rs", "b.rs"]]);
}

#[test]
fn super_of_super_is_followed() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a/mod.rs", "mod inner; pub(crate) use inner::deep::Deep;"),
        ("a/inner/mod.rs", "pub(crate) mod deep;"),
        ("a/inner/deep.rs", "use super::super::super::b::B; pub struct Deep(B);"),
        ("b.rs", "pub struct B; fn of(deep: &crate::a::Deep) {}"),
    ];
    assert_eq!(in_circles(&files), [["a/inner/deep.rs", "b.rs"]]);
}

#[test]
fn qualified_paths_count() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "pub fn a() -> u8 { crate::b::b() }"),
        ("b.rs", "use crate::c; pub fn b() -> u8 { c::C::new().0 }"),
        ("c.rs", "pub struct C(pub u8); impl C { pub fn new() -> Self { Self(crate::a::a()) } }"),
    ];
    assert_eq!(in_circles(&files), [["a.rs", "b.rs", "c.rs"]]);
}

#[test]
fn names_of_modules_alone_are_free() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b; pub(in crate::b) fn a() {} pub fn of() { b::b() }"),
        ("b.rs", "use crate::a; use std::fmt; pub fn b() { let a = fmt::Error; }"),
    ];
    assert_eq!(in_circles(&files), [[""; 0]; 0]);
}

#[test]
fn macros_and_attributes_count() {
    let files = [
        ("lib.rs", "#[macro_use] mod print; mod a; mod b; mod c; mod d;"),
        ("print.rs", "macro_rules! say { ($t:tt) => { $crate::a::a($t) } }"),
        ("a.rs", "pub fn a(n: u8) { say!(1); }"),
        ("b.rs", "pub fn b() { format!(\"{}\", crate::c::C(1)) }"),
        ("c.rs", "pub struct C(#[serde(with = \"crate::b\")] u8); pub fn c() { vec![x.of(crate::b::b())]; }"),
        ("d.rs", "pub fn d() { format!(\"{}\", ::crate_d::d()); std::println!(\"say\"); }"),
    ];
    assert_eq!(in_circles(&files), [["a.rs", "print.rs"], ["b.rs", "c.rs"]]);
}

#[test]
fn private_import_belongs_to_its_file() {
    let files = [
        ("lib.rs", "mod a; mod c;"),
        ("a.rs", "use crate::c::C; mod inner; pub fn a() { inner::run() }"),
        ("a/inner.rs", "use super::C; pub fn run() {}"),
        ("c.rs", "pub struct C;"),
    ];
    assert_eq!(in_circles(&files), [["a.rs", "a/inner.rs"]]);
}

#[test]
fn tokens_may_belong_to_another_module() {
    let files = [
        ("lib.rs", "mod a;"),
        ("a/mod.rs", "mod c; fn a() { c::c() } ids! { Id }"),
        ("a/c.rs", "pub fn c() { vec![super::Id]; }"),
    ];
    assert_eq!(in_circles(&files), [["a/c.rs", "a/mod.rs"]]);
    let files = [
        ("lib.rs", "mod a;"),
        ("a/mod.rs", "mod b; fn a() { b::b() }"),
        (
            "a/b.rs",
            "macro_rules! job { ($t:ty) => { mod inner { use super::B; } } } job!(super::B); struct B; pub fn b() {}",
        ),
    ];
    assert_eq!(in_circles(&files), [[""; 0]; 0]);
}

/// The only function of a crate.
fn only_function(text: &str) -> Function {
    let mut functions = tree(&[("lib.rs", text)]).functions;
    assert_eq!(functions.len(), 1, "{text}");
    functions.remove(0)
}

#[test]
fn sixty_lines_are_too_many() {
    let with_lines = |count: usize| {
        let body = "    a();\n".repeat(count - 2);
        only_function(&format!("/// Words.\n#[must_use]\npub async fn f(a: A)\n{{\n{}}}", &body[9..]))
    };
    assert!(!with_lines(59).is_large(), "{}", with_lines(59).size());
    assert!(with_lines(60).is_large(), "{}", with_lines(60).size());
}

#[test]
fn seven_arguments_are_too_many() {
    let method = |text: &str| only_function(&format!("impl S {{ fn f({text}) {{}} }}"));
    assert!(!method("&self, a: A, b: B, c: C, d: D, e: E").is_large());
    assert!(method("&self, a: A, b: B, c: C, d: D, e: E, f: F").is_large());
}

#[test]
fn catalog_has_short_arms() {
    let catalog = |arm: &str, after: &str| {
        let arms = "        A => 1,\n".repeat(60);
        only_function(&format!(
            "fn f(a: A) -> u8 {{\n    match a {{\n{arms}        B => {arm},\n    }}{after}\n}}"
        ))
    };
    let short = catalog("2", "");
    assert!(short.is_large() && short.has_short_arms(), "{}", short.size());
    assert!(!catalog(&format!("{{{}}}", "\n".repeat(20)), "").has_short_arms());
    assert!(!catalog("2", "\n    .max(3)").has_short_arms(), "it is more than a match");
}

#[test]
fn functions_of_tests_are_free() {
    let files = [
        ("lib.rs", "#[cfg(test)] fn a() {} struct S; impl S { #[cfg(test)] fn b() {} } #[cfg(test)] mod c;"),
        ("c.rs", "fn c() {}"),
    ];
    assert!(tree(&files).functions.is_empty());
}
