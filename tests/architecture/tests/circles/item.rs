//! Names and attributes of items.

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::{Arm, Attribute, Block, Expr, Ident, Item, Meta, Stmt};

/// The name that an item adds to its module, except for modules and imports.
pub(crate) fn name(item: &Item) -> Option<&Ident> {
    match item {
        Item::Const(item) => Some(&item.ident),
        Item::Enum(item) => Some(&item.ident),
        Item::Fn(item) => Some(&item.sig.ident),
        Item::Macro(item) => item.ident.as_ref(),
        Item::Static(item) => Some(&item.ident),
        Item::Struct(item) => Some(&item.ident),
        Item::Trait(item) => Some(&item.ident),
        Item::TraitAlias(item) => Some(&item.ident),
        Item::Type(item) => Some(&item.ident),
        Item::Union(item) => Some(&item.ident),
        _ => None,
    }
}

pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// True if an item with these attributes exists in tests only.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => holds(&list.tokens) == Some(false),
        _ => false,
    })
}

/// True if a `cfg` predicate holds outside tests; `None` if that depends on the build.
fn holds(predicate: &TokenStream) -> Option<bool> {
    let tokens: Vec<TokenTree> = predicate.clone().into_iter().collect();
    let [TokenTree::Ident(name), rest @ ..] = &tokens[..] else { return None };
    match (name.to_string().as_str(), rest) {
        ("test", []) => Some(false),
        ("not", [TokenTree::Group(group)]) => holds(&group.stream()).map(|holds| !holds),
        ("all", [TokenTree::Group(group)]) => {
            let parts = predicates(group.stream());
            if parts.contains(&Some(false)) { Some(false) } else { None }
        }
        ("any", [TokenTree::Group(group)]) => {
            let parts = predicates(group.stream());
            if parts.iter().all(|part| *part == Some(false)) { Some(false) } else { None }
        }
        _ => None,
    }
}

/// The predicates of a list with commas.
fn predicates(list: TokenStream) -> Vec<Option<bool>> {
    let tokens: Vec<TokenTree> = list.into_iter().collect();
    tokens
        .split(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ','))
        .filter(|part| !part.is_empty())
        .map(|part| holds(&part.iter().cloned().collect()))
        .collect()
}

/// The lines of the longest arm without its pattern, if a body is one `match`, or one in a call such as `Some(…)`.
pub(crate) fn longest_arm(body: &Block) -> Option<usize> {
    let [Stmt::Expr(only, None)] = &body.stmts[..] else { return None };
    let table = match only {
        Expr::Call(call) if call.args.len() == 1 => call.args.first()?,
        only => only,
    };
    let Expr::Match(table) = table else { return None };
    let lines = |arm: &Arm| arm.body.span().end().line + 1 - arm.body.span().start().line;
    table.arms.iter().map(lines).max()
}

/// True for `#[macro_use]`.
pub(crate) fn exports_macros(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("macro_use"))
}

/// Paths in the tokens of a macro or an attribute, and for each whether it is a macro call.
pub(crate) fn paths_in(tokens: &TokenStream) -> Vec<(Vec<String>, bool)> {
    let mut found = Vec::new();
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mark = |at: usize| match tokens.get(at) {
        Some(TokenTree::Punct(mark)) => Some(mark.as_char()),
        _ => None,
    };
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Group(group) => found.extend(paths_in(&group.stream())),
            TokenTree::Literal(literal) => {
                found.extend(path_in_literal(&literal.to_string()).map(|path| (path, false)));
            }
            TokenTree::Ident(first) => {
                let mut path = vec![first.to_string()];
                while mark(at + 1) == Some(':') && mark(at + 2) == Some(':') {
                    let Some(TokenTree::Ident(next)) = tokens.get(at + 3) else { break };
                    path.push(next.to_string());
                    at += 3;
                }
                found.push((path, mark(at + 1) == Some('!')));
            }
            // A path from the root of all crates.
            TokenTree::Punct(_) if mark(at) == Some(':') && mark(at + 1) == Some(':') => {
                at += 1;
                while let Some(TokenTree::Ident(_)) = tokens.get(at + 1) {
                    at += 1;
                    if mark(at + 1) == Some(':') && mark(at + 2) == Some(':') {
                        at += 2;
                    } else {
                        break;
                    }
                }
            }
            TokenTree::Punct(_) => {}
        }
        at += 1;
    }
    found
}

/// The path in a string, as in `#[serde(default = "defaults::port")]`.
fn path_in_literal(literal: &str) -> Option<Vec<String>> {
    let text = literal.strip_prefix('"')?.strip_suffix('"')?;
    let path: syn::Path = syn::parse_str(text).ok()?;
    Some(path.segments.iter().map(|segment| segment.ident.to_string()).collect())
}

/// The tokens of an attribute with arguments, except documentation and conditions.
pub(crate) fn arguments(attribute: &Attribute) -> Option<TokenStream> {
    if attribute.path().is_ident("cfg") || attribute.path().is_ident("doc") {
        return None;
    }
    match &attribute.meta {
        Meta::List(list) => Some(list.tokens.clone()),
        Meta::NameValue(pair) => match &pair.value {
            Expr::Macro(value) => Some(value.mac.tokens.clone()),
            _ => None,
        },
        Meta::Path(_) => None,
    }
}
