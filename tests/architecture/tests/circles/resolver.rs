//! Finds the module that defines the item of a path.

use crate::module::{Import, ModuleId, Tree};

/// A path that leads through more re-exports than this is a circle of imports.
const LONGEST_CHAIN: usize = 16;

/// The end of a path in the crate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    Module(ModuleId),
    /// An item, in the module that defines it.
    Item(ModuleId),
}

/// The target of a path in a module; `None` for a path into another crate.
pub(crate) fn resolve(tree: &Tree, from: ModuleId, path: &[String]) -> Option<Target> {
    Resolver { tree, from, is_token: false }.path(from, path, 0)
}

/// The target of a path among the tokens of a macro call. `None` if there is no such item, too: the macro may use the
/// path in another module.
pub(crate) fn resolve_token(tree: &Tree, from: ModuleId, path: &[String]) -> Option<Target> {
    Resolver { tree, from, is_token: true }.path(from, path, 0)
}

/// The target of a macro call. Without a path, it may name a macro of an ancestor.
pub(crate) fn resolve_macro(tree: &Tree, from: ModuleId, path: &[String]) -> Option<Target> {
    if let [name] = path {
        let ancestors = std::iter::successors(Some(from), |module| tree.modules[*module].parent);
        for module in ancestors {
            if let Some(defined) = tree.modules[module].macros.get(name) {
                return Some(Target::Item(*defined));
            }
        }
    }
    resolve(tree, from, path)
}

struct Resolver<'a> {
    tree: &'a Tree,
    /// The module that contains the path: it can use private imports of its own file.
    from: ModuleId,
    is_token: bool,
}

impl Resolver<'_> {
    fn path(&self, module: ModuleId, path: &[String], depth: usize) -> Option<Target> {
        let first = path.first()?;
        let (mut at, mut next) = match first.as_str() {
            "crate" => (0, 1),
            "self" => (module, 1),
            "super" => {
                let ups = path.iter().take_while(|name| *name == "super").count();
                let mut at = module;
                for _ in 0..ups {
                    at = self.tree.modules[at].parent?;
                }
                (at, ups)
            }
            name => match self.name(module, name, path.len() == 1, depth)? {
                Target::Module(found) => (found, 1),
                item @ Target::Item(_) => return Some(item),
            },
        };
        while let Some(name) = path.get(next) {
            next += 1;
            match self.name(at, name, next == path.len(), depth) {
                Some(Target::Module(found)) => at = found,
                None if self.is_token && !self.tree.modules[at].has_macro_items => return None,
                // A macro may define the name.
                None => return Some(Target::Item(at)),
                item => return item,
            }
        }
        Some(Target::Module(at))
    }

    /// The target of a name in a module. Only the last name of a path can be an item's.
    fn name(&self, module: ModuleId, name: &str, is_last: bool, depth: usize) -> Option<Target> {
        if depth > LONGEST_CHAIN {
            return None;
        }
        let here = &self.tree.modules[module];
        let child = here.children.get(name).map(|child| Target::Module(*child));
        let item = here.items.contains(name).then_some(Target::Item(module));
        if is_last && item.is_some() {
            return item;
        }
        if !is_last && child.is_some() {
            return child;
        }
        let imported = self.imported(module, name, is_last, depth);
        imported.or(child).or(item).or_else(|| self.glob(module, name, is_last, depth))
    }

    fn imported(&self, module: ModuleId, name: &str, is_last: bool, depth: usize) -> Option<Target> {
        let here = &self.tree.modules[module];
        let mut other = None;
        for import in here.imports.iter().filter(|import| import.name.as_deref() == Some(name)) {
            if import.path.len() == 1 && import.path[0] == name {
                // A name of another crate.
                continue;
            }
            let target = self.path(module, &import.path, depth + 1);
            let found = match target {
                // What another module imports for itself belongs to neither.
                Some(Target::Item(_)) if !self.can_use(module, import) => Some(Target::Item(module)),
                target => target,
            };
            match found {
                Some(Target::Item(_)) if is_last => return found,
                Some(Target::Module(_)) if !is_last => return found,
                Some(_) => other = found,
                None => {}
            }
        }
        other
    }

    fn glob(&self, module: ModuleId, name: &str, is_last: bool, depth: usize) -> Option<Target> {
        let here = &self.tree.modules[module];
        let globs =
            here.imports.iter().filter(|import| import.name.is_none() && self.can_use(module, import));
        globs.into_iter().find_map(|import| match self.path(module, &import.path, depth + 1)? {
            Target::Module(of) if of != module => self.name(of, name, is_last, depth + 1),
            _ => None,
        })
    }

    /// True if the import is a re-export, or belongs to the file that contains the path.
    fn can_use(&self, module: ModuleId, import: &Import) -> bool {
        import.is_exported || self.tree.modules[module].file == self.tree.modules[self.from].file
    }
}
