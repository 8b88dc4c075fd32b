//! The sizes of files, functions, and traits.

use std::fmt;

use crate::module::{Function, Tree};

/// The most lines of a function.
const MOST_LINES: usize = 59;

/// The most arguments of a function, including `self`.
const MOST_ARGUMENTS: usize = 6;

/// The most lines of an arm in a catalog.
const MOST_ARM_LINES: usize = 20;

impl Function {
    /// True if the function has more lines or arguments than can be read at once.
    pub(crate) const fn is_large(&self) -> bool {
        self.lines > MOST_LINES || self.arguments > MOST_ARGUMENTS
    }

    /// True if the function is one `match`, and each of its arms can be read at once.
    pub(crate) fn has_short_arms(&self) -> bool {
        self.arguments <= MOST_ARGUMENTS && self.longest_arm.is_some_and(|lines| lines <= MOST_ARM_LINES)
    }

    pub(crate) fn size(&self) -> String {
        let size = format!("{} lines, {} arguments", self.lines, self.arguments);
        match self.longest_arm {
            Some(lines) => format!("{size}, longest arm {lines} lines"),
            None => size,
        }
    }
}

/// The sizes of a crate.
pub(crate) struct Size<'a> {
    tree: &'a Tree,
}

impl<'a> Size<'a> {
    pub(crate) fn of(tree: &'a Tree) -> Self {
        Self { tree }
    }
}

impl fmt::Display for Size<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tree = self.tree;
        let place = |function: &Function| format!("{} of {}", function.name, tree.files[function.file].path);
        if let Some(file) = tree.files.iter().max_by_key(|file| file.lines) {
            write!(out, "longest file {} ({} lines)", file.path, file.lines)?;
        }
        if let Some(longest) = tree.functions.iter().max_by_key(|function| function.lines) {
            write!(out, ", longest function {} ({} lines)", place(longest), longest.lines)?;
        }
        if let Some(most) = tree.functions.iter().max_by_key(|function| function.arguments) {
            write!(out, ", most arguments {} ({})", place(most), most.arguments)?;
        }
        for function in &tree.functions {
            if function.is_large() {
                write!(out, "\n    {}: {}", place(function), function.size())?;
            }
        }
        let traits: Vec<String> =
            tree.traits.iter().map(|item| format!("{} {}", item.name, item.methods)).collect();
        if !traits.is_empty() {
            write!(out, "\n    methods of traits: {}", traits.join(", "))?;
        }
        Ok(())
    }
}
