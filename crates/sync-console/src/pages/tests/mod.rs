//! The pages through the router, over a sandbox in this process.

mod access;
mod choices;
mod flow;
mod objects;
mod overview;
mod refused;
mod test_env;
