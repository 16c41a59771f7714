// DuckDB: SUMMARIZE over read_csv_auto (types and profile). node duckdb.mjs FILE.csv THREADS
import { DuckDBInstance } from "@duckdb/node-api";

const [file, threads] = process.argv.slice(2);
const connection = await (await DuckDBInstance.create(":memory:", { threads })).connect();
const start = process.hrtime.bigint();
const summary = await connection.runAndReadAll(`SUMMARIZE SELECT * FROM read_csv_auto('${file.replaceAll("'", "''")}')`);
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
const rows = Number(summary.getRowObjects()[0].count);
console.log(JSON.stringify({ seconds, rows, peakMiB: process.resourceUsage().maxRSS / 1024 }));
