//! Circles in a graph.

use std::collections::{BTreeMap, BTreeSet};

/// The strongly connected components with more than one node: each node is reached from each other one.
pub(crate) fn circles<T>(edges: &[BTreeMap<usize, T>]) -> Vec<Vec<usize>> {
    let reached: Vec<BTreeSet<usize>> = (0..edges.len()).map(|node| reached_from(edges, node)).collect();
    let mut placed: BTreeSet<usize> = BTreeSet::new();
    let mut circles = Vec::new();
    for node in 0..edges.len() {
        if placed.contains(&node) || !reached[node].contains(&node) {
            continue;
        }
        let circle: Vec<usize> =
            reached[node].iter().copied().filter(|other| reached[*other].contains(&node)).collect();
        placed.extend(&circle);
        if circle.len() > 1 {
            circles.push(circle);
        }
    }
    circles
}

/// The nodes at the end of a way of at least one edge.
fn reached_from<T>(edges: &[BTreeMap<usize, T>], node: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<usize> = edges[node].keys().copied().collect();
    while let Some(node) = next.pop() {
        if reached.insert(node) {
            next.extend(edges[node].keys());
        }
    }
    reached
}
