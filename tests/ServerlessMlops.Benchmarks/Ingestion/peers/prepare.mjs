// Writes the benchmark's file: the flights of 2001 (npm vega-datasets), joined with both airports; 3,000,000 rows x 15 columns, 482 MB.
// node prepare.mjs TARGET.csv [REPEATS]     REPEATS > 1 writes the rows that often, under one header; a share such as 0.02 writes a part.
import { DuckDBInstance } from "@duckdb/node-api";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const [target, repeats = "1"] = process.argv.slice(2);
const data = fileURLToPath(new URL("./node_modules/vega-datasets/data/", import.meta.url));
const connection = await (await DuckDBInstance.create(":memory:", { threads: "2", memory_limit: "4GB" })).connect();
const quoted = (text) => `'${text.replaceAll("'", "''")}'`;
const share = Number(repeats);
const times = share > 1 ? `, range(${Math.ceil(share)})` : "";
const limit = share > 1 || share < 1 ? `LIMIT ${Math.round(3000000 * share)}` : "";
await connection.run(`
  COPY (
    SELECT f.date, f.delay, f.distance, f.origin, f.destination,
           o.name AS origin_name, o.city AS origin_city, o.state AS origin_state, o.latitude AS origin_latitude, o.longitude AS origin_longitude,
           d.name AS destination_name, d.city AS destination_city, d.state AS destination_state, d.latitude AS destination_latitude, d.longitude AS destination_longitude
    FROM read_parquet(${quoted(join(data, "flights-3m.parquet"))}) f
    LEFT JOIN read_csv_auto(${quoted(join(data, "airports.csv"))}) o ON o.iata = f.origin
    LEFT JOIN read_csv_auto(${quoted(join(data, "airports.csv"))}) d ON d.iata = f.destination${times} ${limit}
  ) TO ${quoted(target)} (HEADER, DELIMITER ',')`);
