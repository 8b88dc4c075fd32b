//! Reads the modules of a crate from its sources.

use std::collections::{BTreeMap, BTreeSet};

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Block, ImplItem, Item, ItemMacro, ItemMod, ItemTrait, ItemUse, Macro, Signature, TraitItem,
    UseTree, Visibility,
};

use crate::item::{arguments, attributes, exports_macros, is_test, longest_arm, name, paths_in};
use crate::module::{File, FileId, Function, Import, Mention, MentionKind, Module, ModuleId, Trait, Tree};
use crate::sources::Sources;

/// Reads a crate from its root file, `lib.rs` or `main.rs`.
pub(crate) fn read(sources: &Sources, root: &str) -> Tree {
    let mut tree = Tree::default();
    read_file(sources, &mut tree, None, root, "");
    tree
}

/// Reads a file as a module. `folder` has the files of its child modules.
fn read_file(
    sources: &Sources,
    tree: &mut Tree,
    parent: Option<ModuleId>,
    path: &str,
    folder: &str,
) -> ModuleId {
    let text = sources.get(path).unwrap_or_else(|| panic!("there is no file {path}"));
    let parsed = syn::parse_file(text).unwrap_or_else(|e| panic!("{path}: {e}"));
    let file = tree.files.len();
    tree.files.push(File { path: path.to_owned(), lines: text.lines().count() });
    let module = add_module(tree, file, parent);
    let mut reader = Reader { sources, tree, module, folder: folder.to_owned(), tests: BTreeSet::new() };
    reader.visit_file(&parsed);
    let tests = reader.tests.len();
    tree.files[file].lines -= tests;
    module
}

fn add_module(tree: &mut Tree, file: FileId, parent: Option<ModuleId>) -> ModuleId {
    tree.modules.push(Module {
        file,
        parent,
        children: BTreeMap::new(),
        items: BTreeSet::new(),
        has_macro_items: false,
        macros: BTreeMap::new(),
        imports: Vec::new(),
    });
    tree.modules.len() - 1
}

struct Reader<'a> {
    sources: &'a Sources,
    tree: &'a mut Tree,
    module: ModuleId,
    folder: String,
    /// Lines of tests in this file.
    tests: BTreeSet<usize>,
}

impl Reader<'_> {
    fn here(&mut self) -> &mut Module {
        &mut self.tree.modules[self.module]
    }

    fn mention(&mut self, path: Vec<String>, kind: MentionKind) {
        self.tree.mentions.push(Mention { module: self.module, path, kind });
    }

    /// Adds the imports of a tree after `path`.
    fn import(&mut self, tree: &UseTree, mut path: Vec<String>, is_exported: bool) {
        let (name, kind) = match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                return self.import(&part.tree, path, is_exported);
            }
            UseTree::Group(group) => {
                for part in &group.items {
                    self.import(part, path.clone(), is_exported);
                }
                return;
            }
            UseTree::Name(part) if part.ident == "self" => (path.last().cloned(), MentionKind::Item),
            UseTree::Name(part) => {
                path.push(part.ident.to_string());
                (path.last().cloned(), MentionKind::Item)
            }
            UseTree::Rename(part) => {
                if part.ident != "self" {
                    path.push(part.ident.to_string());
                }
                (Some(part.rename.to_string()), MentionKind::Item)
            }
            UseTree::Glob(_) => (None, MentionKind::Glob),
        };
        self.here().imports.push(Import { name, path: path.clone(), is_exported });
        self.mention(path, kind);
    }

    fn function(&mut self, signature: &Signature, body: &Block) {
        let lines = body.brace_token.span.close().end().line + 1 - signature.fn_token.span.start().line;
        let file = self.here().file;
        self.tree.functions.push(Function {
            file,
            name: signature.ident.to_string(),
            lines,
            arguments: signature.inputs.len(),
            longest_arm: longest_arm(body),
        });
    }

    fn tokens(&mut self, tokens: &proc_macro2::TokenStream) {
        for (path, is_macro) in paths_in(tokens) {
            self.mention(path, if is_macro { MentionKind::Macro } else { MentionKind::Token });
        }
    }
}

impl Visit<'_> for Reader<'_> {
    fn visit_item(&mut self, item: &Item) {
        if is_test(attributes(item)) {
            let span = item.span();
            let first = attributes(item).first().map_or(span.start().line, |a| a.span().start().line);
            self.tests.extend(first..=span.end().line);
            return;
        }
        if let Some(name) = name(item) {
            let name = name.to_string();
            self.here().items.insert(name);
        }
        visit::visit_item(self, item);
    }

    fn visit_impl_item(&mut self, item: &ImplItem) {
        if let ImplItem::Fn(function) = item {
            if is_test(&function.attrs) {
                return;
            }
            self.function(&function.sig, &function.block);
        }
        visit::visit_impl_item(self, item);
    }

    fn visit_trait_item(&mut self, item: &TraitItem) {
        if let TraitItem::Fn(function) = item
            && let Some(body) = &function.default
        {
            self.function(&function.sig, body);
        }
        visit::visit_trait_item(self, item);
    }

    fn visit_item_fn(&mut self, item: &syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_item_trait(&mut self, item: &ItemTrait) {
        let methods = item.items.iter().filter(|item| matches!(item, TraitItem::Fn(_))).count();
        self.tree.traits.push(Trait { name: item.ident.to_string(), methods });
        visit::visit_item_trait(self, item);
    }

    fn visit_item_mod(&mut self, item: &ItemMod) {
        let name = item.ident.to_string();
        let parent = self.module;
        let child = if let Some((_, items)) = &item.content {
            let file = self.here().file;
            let child = add_module(self.tree, file, Some(parent));
            let folder = format!("{}{name}/", self.folder);
            let folder = std::mem::replace(&mut self.folder, folder);
            self.module = child;
            for item in items {
                self.visit_item(item);
            }
            self.module = parent;
            self.folder = folder;
            child
        } else {
            let below = format!("{}{name}/", self.folder);
            let beside = format!("{}{name}.rs", self.folder);
            let path = if self.sources.contains_key(&beside) { beside } else { format!("{below}mod.rs") };
            read_file(self.sources, self.tree, Some(parent), &path, &below)
        };
        let macros = self.tree.modules[child].macros.clone();
        let here = self.here();
        here.children.insert(name, child);
        if exports_macros(&item.attrs) {
            here.macros.extend(macros);
        }
    }

    fn visit_item_use(&mut self, item: &ItemUse) {
        if item.leading_colon.is_none() {
            let is_exported = !matches!(item.vis, Visibility::Inherited);
            self.import(&item.tree, Vec::new(), is_exported);
        }
    }

    fn visit_item_macro(&mut self, item: &ItemMacro) {
        if let Some(name) = &item.ident {
            let (name, module) = (name.to_string(), self.module);
            self.here().macros.insert(name, module);
            self.tokens(&item.mac.tokens);
        } else {
            self.here().has_macro_items = true;
            self.visit_macro(&item.mac);
        }
    }

    fn visit_macro(&mut self, item: &Macro) {
        let path = item.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.mention(path, MentionKind::Macro);
        self.tokens(&item.tokens);
    }

    fn visit_attribute(&mut self, attribute: &Attribute) {
        if let Some(tokens) = arguments(attribute) {
            self.tokens(&tokens);
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        if path.leading_colon.is_none() {
            let names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.mention(names, MentionKind::Item);
        }
        visit::visit_path(self, path);
    }

    // `pub(super)` uses nothing of the parent.
    fn visit_visibility(&mut self, _: &Visibility) {}
}
