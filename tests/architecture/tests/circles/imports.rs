//! The graph of imports between the files of a crate.

use std::collections::{BTreeMap, BTreeSet};

use crate::module::{FileId, MentionKind, ModuleId, Tree};
use crate::resolver::{Target, resolve, resolve_macro, resolve_token};

/// The files that a file uses, with the paths that name what they define.
pub(crate) type Uses = BTreeMap<FileId, BTreeSet<String>>;

/// For each file, the files that define what it uses.
///
/// A module's name alone uses nothing; what is named through it counts.
pub(crate) fn imports(tree: &Tree) -> Vec<Uses> {
    let mut imports = vec![Uses::new(); tree.files.len()];
    for mention in &tree.mentions {
        let target = match mention.kind {
            MentionKind::Macro => resolve_macro(tree, mention.module, &mention.path),
            MentionKind::Token => resolve_token(tree, mention.module, &mention.path),
            MentionKind::Item | MentionKind::Glob => resolve(tree, mention.module, &mention.path),
        };
        let file = tree.modules[mention.module].file;
        let mut defining = BTreeSet::new();
        match target {
            Some(Target::Item(module)) => {
                defining.insert(module);
            }
            Some(Target::Module(module)) if mention.kind == MentionKind::Glob => {
                exports(tree, module, &mut BTreeSet::new(), &mut defining);
            }
            _ => {}
        }
        for module in defining {
            let used = tree.modules[module].file;
            if used != file {
                imports[file].entry(used).or_default().insert(mention.path.join("::"));
            }
        }
    }
    imports
}

/// Adds the modules that define what a glob of `module` imports.
fn exports(tree: &Tree, module: ModuleId, seen: &mut BTreeSet<ModuleId>, defining: &mut BTreeSet<ModuleId>) {
    if !seen.insert(module) {
        return;
    }
    let here = &tree.modules[module];
    if !here.items.is_empty() {
        defining.insert(module);
    }
    for import in here.imports.iter().filter(|import| import.is_exported) {
        match resolve(tree, module, &import.path) {
            Some(Target::Item(of)) => {
                defining.insert(of);
            }
            Some(Target::Module(of)) if import.name.is_none() => exports(tree, of, seen, defining),
            _ => {}
        }
    }
}
