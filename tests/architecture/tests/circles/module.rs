//! The modules of a crate, as far as imports and sizes need them.

use std::collections::{BTreeMap, BTreeSet};

/// The position of a module in [`Tree::modules`].
pub(crate) type ModuleId = usize;

/// The position of a file in [`Tree::files`].
pub(crate) type FileId = usize;

/// The modules of a crate without its tests. The first one is the root.
#[derive(Default)]
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
    pub(crate) modules: Vec<Module>,
    pub(crate) mentions: Vec<Mention>,
    pub(crate) functions: Vec<Function>,
    pub(crate) traits: Vec<Trait>,
}

/// A source file.
pub(crate) struct File {
    /// The path in `src`.
    pub(crate) path: String,
    /// Lines without the unit tests in the file.
    pub(crate) lines: usize,
}

/// A module of its own file, or an inline module of its parent's file.
pub(crate) struct Module {
    pub(crate) file: FileId,
    pub(crate) parent: Option<ModuleId>,
    pub(crate) children: BTreeMap<String, ModuleId>,
    pub(crate) items: BTreeSet<String>,
    /// True if macro calls may define more items.
    pub(crate) has_macro_items: bool,
    /// Macros without a path that the module's descendants can use, and the module that defines each.
    pub(crate) macros: BTreeMap<String, ModuleId>,
    pub(crate) imports: Vec<Import>,
}

/// A name from another module, or all names of it.
pub(crate) struct Import {
    /// The name in this module; `None` for a glob.
    pub(crate) name: Option<String>,
    pub(crate) path: Vec<String>,
    /// True for a re-export: other modules can use the name.
    pub(crate) is_exported: bool,
}

/// A path in an import, an expression, a type, a macro call, or an attribute.
pub(crate) struct Mention {
    pub(crate) module: ModuleId,
    pub(crate) path: Vec<String>,
    pub(crate) kind: MentionKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MentionKind {
    Item,
    Glob,
    Macro,
    /// A path among the tokens of a macro call or an attribute, whose meaning is up to the macro.
    Token,
}

/// A function or method with a body.
pub(crate) struct Function {
    pub(crate) file: FileId,
    pub(crate) name: String,
    pub(crate) lines: usize,
    /// Arguments, including `self`.
    pub(crate) arguments: usize,
    /// The lines of the longest arm without its pattern, if the body is one `match`.
    pub(crate) longest_arm: Option<usize>,
}

/// A trait.
pub(crate) struct Trait {
    pub(crate) name: String,
    pub(crate) methods: usize,
}
