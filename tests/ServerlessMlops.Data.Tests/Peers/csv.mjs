// Prints, for each file, the columns and cells that DuckDB reads of it, all as text: node csv.mjs NPM_FOLDER FILE...
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, ...files] = process.argv.slice(2);
const { DuckDBInstance } = createRequire(join(folder, "package.json"))("@duckdb/node-api");
const connection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
const results = [];
for (const file of files) {
  try {
    const found = await connection.runAndReadAll(`SELECT * FROM read_csv('${file.replaceAll("'", "''")}', all_varchar = true)`);
    results.push({ columns: found.columnNames(), rows: found.getRows().map((row) => row.map((cell) => cell ?? "")) });
  } catch (error) {
    results.push({ error: String(error.message).split("\n")[0] });
  }
}

console.log(JSON.stringify(results));
