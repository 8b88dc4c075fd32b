# Shortcuts for https://just.systems. CONTRIBUTING.md lists the commands behind them, which need nothing but Rust.

# Lists the recipes
default:
    @just --list --unsorted

# Runs all tests; arguments go to cargo test and skip the API and fuzz tests
test *args:
    tests/run {{ args }}

# Runs the tests of one crate, such as `just crate schema-mapper`
crate name *args:
    cargo test --locked -p {{ name }} {{ args }}

# Runs one test binary, such as `just binary sync-daemon rules window`
binary crate name *filter:
    cargo test --locked -p {{ crate }} --test {{ name }} -- {{ filter }}

# Runs the tests of documents and names
architecture:
    cargo test --locked -p architecture

# Checks format, lints, and dependencies
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    if cargo deny --version >/dev/null 2>&1; then cargo deny check; fi

# Builds the documentation and checks its links
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# Runs a demo with a local Okta org and Assets site
demo *args:
    cargo run --locked --release --bin okta-insight -- demo {{ args }}

# Plays random histories
oracle seeds="50" first="1":
    ORACLE_SEEDS={{ seeds }} ORACLE_FIRST_SEED={{ first }} \
      cargo test --locked --release -p e2e --test oracle every_history -- --nocapture

# Plays one history with its log
seed number log="debug":
    ORACLE_SEEDS=1 ORACLE_FIRST_SEED={{ number }} ORACLE_LOG={{ log }} ORACLE_KEEP=1 \
      cargo test --locked --release -p e2e --test oracle every_history -- --nocapture

# Runs the fuzz targets whose names contain a text
fuzz seconds="20" name="":
    tests/fuzz/run {{ seconds }} {{ name }}

# Writes changed snapshots of a crate as .snap.new files and shows the differences
snapshots crate *args:
    find bins crates tests -name '*.snap.new' -delete
    -INSTA_UPDATE=new INSTA_FORCE_PASS=1 cargo test --locked --no-fail-fast -p {{ crate }} {{ args }}
    find bins crates tests -name '*.snap.new' -exec sh -c 'diff -uN "${1%.new}" "$1" || true' - {} \;

# Accepts reviewed .snap.new files
accept +files:
    for new in {{ files }}; do sed '/^assertion_line:/d' "$new" > "${new%.new}" && rm "$new"; done
