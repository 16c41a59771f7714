// Writes every Nth row of the US flights of 2001 (vega-datasets) as CSV: node flights.mjs OUT.csv N. Needs `npm ci` in this folder.
import { fileURLToPath } from "node:url";
import path from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";

const [, , out, every] = process.argv;
const source = path.join(path.dirname(fileURLToPath(import.meta.url)), "node_modules/vega-datasets/data/flights-3m.parquet");
const text = (s) => `'${s.replaceAll("'", "''")}'`;
const connection = await (await DuckDBInstance.create(":memory:")).connect();
await connection.run(`COPY (
  SELECT month(date) AS month, dayofweek(date) AS weekday, hour(date) * 60 + minute(date) AS minute, distance, origin, destination, delay > 15 AS late
  FROM (SELECT *, row_number() OVER () AS n FROM read_parquet(${text(source)})) WHERE n % ${Number(every)} = 0 AND delay IS NOT NULL
) TO ${text(out)} (HEADER, DELIMITER ',')`);
