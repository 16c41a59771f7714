// Polars: read, describe, distinct values of each column; the whole table in memory, dates stay text. node polars.mjs FILE.csv THREADS
const [file, threads] = process.argv.slice(2);
process.env.POLARS_MAX_THREADS = threads;
const pl = (await import("nodejs-polars")).default;
const start = process.hrtime.bigint();
const table = pl.readCSV(file);
table.describe();
for (const column of table.columns) {
  table.getColumn(column).nUnique();
}

const seconds = Number(process.hrtime.bigint() - start) / 1e9;
console.log(JSON.stringify({ seconds, rows: table.height, peakMiB: process.resourceUsage().maxRSS / 1024 }));
