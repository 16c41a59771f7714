// Prints the columns and cells of an Arrow file as the npm apache-arrow reader and Polars see them: node arrow.mjs NPM_FOLDER FILE
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, file] = process.argv.slice(2);
const require = createRequire(join(folder, "package.json"));
const text = (cell) => (cell === null || cell === undefined ? null : cell instanceof Date ? cell.toISOString() : String(cell));

const { tableFromIPC, DataType } = require("apache-arrow");
const table = tableFromIPC(readFileSync(file));
const columns = table.schema.fields.map((field) => ({ name: field.name, type: String(field.type) }));
const rows = [...table].map((row) => table.schema.fields.map((field) => {
  const cell = row[field.name];
  return DataType.isTimestamp(field.type) && cell !== null ? new Date(Number(cell)).toISOString() : text(cell);
}));

const polars = require("nodejs-polars").default ?? require("nodejs-polars");
const frame = polars.readIPC(readFileSync(file));
// Polars makes dates of microseconds as if they were milliseconds.
const polarsRows = frame.rows().map((row) => row.map((cell) => text(cell instanceof Date ? new Date(cell.getTime() / 1000) : cell)));
console.log(JSON.stringify({ columns, rows, polarsColumns: frame.columns, polarsRows }));
