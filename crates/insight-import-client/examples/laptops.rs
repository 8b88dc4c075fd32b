//! Imports a CSV file of laptops: `ASSETS_IMPORT_TOKEN=... cargo run --example laptops -- laptops.csv`. The first column
//! identifies a laptop; run it again with a changed file and the objects follow.

use std::collections::BTreeMap;
use std::env;

use futures::stream::{self, StreamExt};
use insight_import_client::document::SchemaAndMapping;
use insight_import_client::{ChunkLimits, ImportClient, OutcomeLimits, chunks};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let api = env::var("ASSETS_API_URL").unwrap_or_else(|_| "https://api.atlassian.com".into());
    let token = env::var("ASSETS_IMPORT_TOKEN").map_err(|_| "set ASSETS_IMPORT_TOKEN")?;
    let assets = ImportClient::builder(token.into()).api_url(api).build()?;
    let mut file = csv::Reader::from_path(env::args().nth(1).ok_or("usage: laptops FILE.csv")?)?;
    let columns: Vec<String> = file.headers()?.iter().map(str::to_owned).collect();

    if assets.schema_and_mapping().await?.is_none() {
        assets.put_mapping(&SchemaAndMapping::table("Laptop", "laptops", &columns)).await?;
    }
    let rows = stream::iter(file.deserialize::<BTreeMap<String, String>>());
    let records = rows.map(|row| Ok::<_, Box<dyn std::error::Error>>(("laptops".to_owned(), json!(row?))));
    let execution = assets.start().await?;
    if let Err(error) = execution.submit_all(chunks(records, ChunkLimits::default()), 2).await {
        execution.cancel(&error.to_string()).await?;
        return Err(error);
    }
    let outcome = execution.complete().await?.outcome(&OutcomeLimits::default()).await?;
    for t in &outcome.types {
        println!("{} created, {} updated, {} as they were", t.created, t.updated, t.identical);
        t.messages().iter().for_each(|complaint| eprintln!("{complaint}"));
    }
    if outcome.is_clean() { Ok(()) } else { Err("not every laptop arrived".into()) }
}
